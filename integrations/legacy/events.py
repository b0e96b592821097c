"""Event kinds of what was carried over and has no kind of its own here."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from receipts.events.base import with_reason
from workshop.lib.text import clip

SHOWN: Final = 300


def _told(data: dict[str, Any]) -> str:
    """What was stored then, in one line."""
    return clip(", ".join(f"{key}: {value}" for key, value in data.items() if value), SHOWN)


@event_kind("legacy.return_initiated", lazy("Return begun (earlier platform)"))
@frozen(slots=False)
class ReturnInitiated(Payload):
    legacy_id: int
    note: str

    def words(self) -> str:
        return with_reason(_("Return begun (earlier platform)"), self.note)


@event_kind("legacy.event", lazy("Event of the earlier platform"))
@frozen(slots=False)
class LegacyEvent(Payload):
    """An event of an unknown type, or of a known one that changed nothing, as it was stored."""

    legacy_id: int
    type: str
    data: dict[str, Any]

    def words(self) -> str:
        text = _("Earlier platform: %(type)s") % {"type": self.type or "–"}
        return with_reason(text, _told(self.data))


@event_kind("legacy.row_kept", lazy("Row of the earlier platform kept"))
@frozen(slots=False)
class RowKept(Payload):
    """A row that belongs to no receipt; stands in the stream of the import."""

    table: str
    legacy_id: int
    data: dict[str, Any]
    why: str

    def words(self) -> str:
        text = _("Earlier platform, %(table)s %(id)s") % {
            "table": self.table,
            "id": self.legacy_id,
        }
        return with_reason(text, _told(self.data))
