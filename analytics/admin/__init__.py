"""The numbers in the office."""

from analytics.admin import alerts, person, reports

__all__ = ["alerts", "person", "reports"]
