"""What people configured, read once into one typed object; only this room reads the environment."""

from monitor.edges.settings.load import Settings, find_sources, load_settings
from monitor.edges.settings.routes import all_routes
from monitor.edges.settings.standing import Sources

__all__ = ["Settings", "Sources", "all_routes", "find_sources", "load_settings"]
