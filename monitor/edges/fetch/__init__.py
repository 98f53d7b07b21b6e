"""Visits to feeds: asking, following redirects, and what the answer comes to."""

from monitor.edges.fetch.visit import Fetcher, FetchLimits

__all__ = ["FetchLimits", "Fetcher"]
