"""What people configured, read once into one typed object; only this room reads the environment."""

from monitor.edges.settings.load import Settings, load_settings
from monitor.edges.settings.routes import all_routes

__all__ = ["Settings", "all_routes", "load_settings"]
