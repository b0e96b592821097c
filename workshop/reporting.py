"""What every process does about its own errors, beyond writing them down."""

from __future__ import annotations

from django.conf import settings


def start_reporting() -> None:
    """Nothing is loaded of what no setting asks for."""
    if not settings.DEBUG:  # else a developer sees the traceback with its text
        from workshop.lib import uncaught

        uncaught.install()
    if settings.SENTRY_DSN:
        from workshop.lib import error_reports

        error_reports.start()
