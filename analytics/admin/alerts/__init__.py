"""Alerts and their rules in the office."""

from analytics.admin.alerts import alerts, rules

__all__ = ["alerts", "rules"]
