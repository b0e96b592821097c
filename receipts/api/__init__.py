"""The API's door to receipts."""
