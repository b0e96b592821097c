"""The numbers in the office."""

from analytics.admin import person, reports

__all__ = ["person", "reports"]
