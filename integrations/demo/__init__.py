"""Demonstration data: an invented workshop. Nothing in the product imports this package."""
