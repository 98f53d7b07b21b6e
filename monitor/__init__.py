"""Watches RSS and Atom feeds for news on the Sahel, Russia and Russia in the Sahel, and alerts."""

__version__ = "0.1.0"
