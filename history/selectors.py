"""Reads of the history: what a reader may see, and what services need themselves."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from history import registry
from history.commands import Already
from history.models import Event


def readable(scopes: Collection[str]) -> QuerySet[Event]:
    """All events but those of the kinds that need more than ``scopes``."""
    kept = registry.kept_from(scopes)
    return Event.objects.exclude(kind__in=kept) if kept else Event.objects.all()


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
