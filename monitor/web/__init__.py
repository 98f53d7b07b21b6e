"""The service as seen by HTTP: pages for people, metrics and health for machines."""
