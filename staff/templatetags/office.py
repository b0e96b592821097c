"""Filters of the office's pages: moments in the workshop's zone, events and codes in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext as _

from history.models import Event
from history.render import line
from workshop.lib import clock

register = template.Library()


@register.filter
def moment(value: datetime | None) -> str:
    """``dd.mm.yyyy HH:MM``; a dash for nothing."""
    return clock.show(value) or "—"


@register.filter
def event_words(event: Event) -> str:
    """What happened."""
    return line(event).words


@register.filter
def reminder_words(kind: str) -> str:
    """The kind of a planned notice in words."""
    texts = {
        "deadline_day": _("on the day of the deadline"),
        "deadline_eve": _("on the evening before the deadline"),
        "deadline_hour": _("one hour before the deadline"),
        "overdue": _("the deadline has passed"),
    }
    return texts.get(kind.split(":")[0], _("reminder"))


@register.filter
def shown(value: Any) -> str:
    """A fact for people: yes and no, moments, anything else as it is."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return clock.show(value) if isinstance(value, datetime) else str(value)
