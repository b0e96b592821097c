"""Monitoring: the numbers the workshop watches itself by, read together and kept by slot."""
