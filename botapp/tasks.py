"""Jobs of the bot's tables. Messages are sent by ``runbot`` alone, never from here."""

from __future__ import annotations

from celery import shared_task

from botapp import cleanup


@shared_task(name="botapp.clean_up", expires=3600)  # type: ignore[untyped-decorator]
def clean_up() -> dict[str, int]:
    """Daily at 04:00: forget what is out of date."""
    return cleanup.clean_up()
