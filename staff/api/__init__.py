"""The API's door to people."""
