"""The API's door to the notices of the bot."""
