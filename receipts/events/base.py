"""What the payloads of receipts share: references frozen with their names, and projection."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Protocol

from attrs import frozen
from django.utils.translation import gettext as _

from history.models import Event
from history.registry import Payload
from workshop.lib import clock

Ref = dict[str, Any]  # {"id": …, "name": …} as named at that time


class Named(Protocol):
    """Anything with a primary key and a text form."""

    pk: Any

    def __str__(self) -> str: ...


def ref(row: Named | None) -> Ref | None:
    """Id and name of a person or catalogue row at this moment; None stays None."""
    return {"id": row.pk, "name": str(row)} if row is not None else None


def name(reference: Ref | None) -> str:
    """The frozen name, a dash when there is none."""
    return str(reference["name"]) if reference else "–"


def ref_id(reference: Ref | None) -> int | None:
    return int(reference["id"]) if reference else None


def shown(moment: str | None) -> str:
    """A stored instant for people, a dash when there is none."""
    parsed = clock.from_iso(moment)
    return clock.show(parsed) if parsed else "–"


def shown_day(day: str | None) -> str:
    """A stored date for people; "unknown" when there is none."""
    return date.fromisoformat(day).strftime("%d.%m.%Y") if day else _("unknown")


def with_reason(text: str, reason: str) -> str:
    """The sentence with its reason behind, when there is one."""
    return f"{text} ({reason})" if reason else text


class Projected(Protocol):
    """The fields of a receipt that are projections of its events."""

    number: str
    number_key: str
    similar_key: str
    status: str
    status_since: datetime
    deadline: datetime | None
    first_promise: datetime | None
    deadline_version: int
    deadline_changes: int
    urgent: bool
    master_id: int | None
    received_at: datetime
    label_outdated: bool
    voided_at: datetime | None
    issued_at: datetime | None


class Projecting(Payload):
    """A payload that changes projected fields of its receipt."""

    def project(self, receipt: Projected, event: Event) -> None:
        raise NotImplementedError  # abstract


@frozen(slots=False)
class StatusEvent(Projecting):
    """A change of status; carries the status to restore should the decision be voided."""

    status_from: str
    status_to: str

    def project(self, receipt: Projected, event: Event) -> None:
        if self.status_from != self.status_to:
            receipt.status_since = event.occurred_at
        receipt.status = self.status_to
