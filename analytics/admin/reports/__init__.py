"""Reports in the office: their schedules, and the archive."""

from analytics.admin.reports import archive, schedules

__all__ = ["archive", "schedules"]
