"""The API's door to services: one command per writing request."""
