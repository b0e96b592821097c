"""The API's door to polishing."""
