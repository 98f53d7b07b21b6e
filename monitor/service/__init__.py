"""When and with what: the conductor, the wiring of real parts, and Celery's tasks."""
