"""What the pages of alerts and of their rules have in common."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from analytics.monitoring.judging import Severity
from history.models import Event
from history.render import line
from staff import roles
from staff.office.pages import OfficeAdmin, actor_of
from workshop.lib import clock

KEEPERS: Final = frozenset({roles.MANAGER, roles.ADMINISTRATOR})
READERS: Final = KEEPERS | {roles.OWNER}
TONES: Final = {Severity.WARNING.value: "warning", Severity.CRITICAL.value: "danger"}
EVENTS: Final = 30  # on a page


class AlertsAdmin(OfficeAdmin):
    """Pages for those who lead the workshop or look after it, whatever Django's permissions say."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_view_permission(request, obj)
        return allowed and actor_of(request).has(*READERS)


def chip(text: object, tone: str) -> SafeString:
    """A coloured word."""
    return SafeString(render_to_string("office/chip.html", {"tone": tone, "text": text}))


def told(stream: str) -> list[tuple[str, str]]:
    """The newest events of a stream: when and who, what in words."""
    events = Event.objects.filter(stream=stream).order_by("-sequence")[:EVENTS]
    return [
        (f"{clock.show(event.occurred_at)} · {event.actor_label}", line(event).words)
        for event in events
    ]
