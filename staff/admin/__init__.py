"""The office pages of people, office accounts and their groups."""

from staff.admin import accounts, people

__all__ = ["accounts", "people"]
