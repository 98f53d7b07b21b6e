"""Labelled entries of our own, and what is learned from them."""
