"""Reads of the history that services need themselves."""

from __future__ import annotations

from history.commands import Already
from history.models import Event


def last_event(stream: str, *kinds: str) -> Event | None:
    """The newest event of a stream, of these kinds when any are named."""
    events = Event.objects.filter(stream=stream)
    if kinds:
        events = events.filter(kind__in=kinds)
    return events.order_by("-sequence").first()


def already(stream: str, *kinds: str) -> Already | None:
    """Who made it so before, and when; None when no such event stands (imported state)."""
    event = last_event(stream, *kinds)
    return Already(event.actor_label, event.occurred_at) if event else None
