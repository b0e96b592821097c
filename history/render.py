"""Events in words: what happened, who did it, through which door."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from history.models import Event
from history.registry import kinds, load
from workshop.lib import clock

DOORS = {
    "bot": pgettext_lazy("door", "bot"),
    "admin": pgettext_lazy("door", "office"),
    "api": pgettext_lazy("door", "API"),
    "system": pgettext_lazy("door", "system"),
}


@dataclass(frozen=True)
class Line:
    """One line of a timeline, ready to show (plain text: the door escapes it)."""

    when: str
    words: str
    who: str
    door: str
    kind: str
    sequence: int


def line(event: Event) -> Line:
    """The event as a line of the timeline in the active language."""
    return Line(
        when=clock.show(event.occurred_at),
        words=load(event).words(),
        who=event.actor_label or str(_("system")),
        door=str(DOORS.get(event.channel, event.channel)),
        kind=event.kind,
        sequence=event.sequence,
    )


def kind_labels() -> dict[str, str]:
    """Every kind with its label, for filters."""
    return {kind: str(cls.label) for kind, cls in sorted(kinds().items())}
