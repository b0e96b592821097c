"""The only writers of what the numbers keep."""
