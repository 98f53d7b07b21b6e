"""Where `celery -A monitor` looks for the app."""

from monitor.service.tasks import app

__all__ = ["app"]
