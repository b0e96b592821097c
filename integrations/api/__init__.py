"""The API's own addresses: signing up, who one is."""
