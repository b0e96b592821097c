"""What people do to the bot's own tables."""
