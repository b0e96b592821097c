"""The bot in the office: what came, what goes out, whom it cannot reach."""

from botapp.admin import inbox, people, queue, reports

__all__ = ["inbox", "people", "queue", "reports"]
