"""The office pages of people, office accounts, their groups, the jobs and the work group."""

from staff.admin import accounts, group, jobs, people

__all__ = ["accounts", "group", "jobs", "people"]
