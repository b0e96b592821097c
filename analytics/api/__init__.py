"""The numbers over the API: the same functions as the pages of the office, in JSON."""
