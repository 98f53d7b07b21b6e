"""The documentation is run: what it tells people to type works as they type it."""
