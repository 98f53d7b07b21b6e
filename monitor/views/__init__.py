"""How things are written for machines: rows for JSON and pages, and metrics."""
