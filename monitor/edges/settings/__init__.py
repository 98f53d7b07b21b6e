"""What people configured, read once into one typed object; only this room reads the environment."""

from monitor.edges.settings.load import Settings, load_settings

__all__ = ["Settings", "load_settings"]
