"""The numbers in the office."""
