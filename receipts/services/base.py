"""What all services of receipts share: opening, freshness, writing with projection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from history.commands import Already, Run
from history.models import Event
from history.registry import Payload
from history.render import line
from receipts import locks, policies, states
from receipts.events.facts import DeadlineChanged
from receipts.events.status import STATUS_KINDS, DecisionVoided
from receipts.models import Receipt
from receipts.projection import PROJECTED, project
from staff.models import Employee
from staff.selectors import by_id
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.compiled import Change, Rows
from workshop.lib.errors import NotFound, RuleViolation, StaleState

Expected = Mapping[str, Any] | None  # what the confirm screen showed: version, status, …

_FIELD_KINDS: Mapping[str, Sequence[str]] = {
    "status": STATUS_KINDS,
    "master_id": STATUS_KINDS,
    "deadline": (DeadlineChanged.kind,),
}
CLOCKS_DIFFER: Final = timedelta(minutes=1)

M = TypeVar("M", bound=models.Model)


def open_receipt(receipt_id: int, verb: str, actor: Actor) -> Receipt:
    """Lock the receipt and check the roles. The state is checked by :func:`ensure_can`."""
    receipt = locks.receipt(receipt_id)
    policies.ensure_may(actor, verb, receipt)
    return receipt


def ensure_can(receipt: Receipt, verb: str, expected: Expected) -> None:
    """Fresh as the person saw it, and possible in this status."""
    ensure_fresh(receipt, expected)
    states.ensure_possible(verb, receipt.status)


def ensure_fresh(receipt: Receipt, expected: Expected) -> None:
    """Raise StaleState ``receipts.changed_meanwhile`` naming who changed what."""
    for name, shown in (expected or {}).items():
        if getattr(receipt, name) == shown:
            continue
        events = Event.objects.filter(stream=receipt.stream).order_by("-sequence")
        if name in _FIELD_KINDS:
            events = events.filter(kind__in=_FIELD_KINDS[name])
        last = events.first()
        told = line(last) if last else None
        raise StaleState(
            "receipts.changed_meanwhile",
            _("Changed meanwhile: %(words)s (%(who)s, %(when)s). Please look again."),
            field=name,
            params={
                "words": told.words if told else "",
                "who": told.who if told else "",
                "when": told.when if told else "",
            },
        )


_save = Change(
    lambda slot: (
        Receipt.objects.filter(pk=slot("pk")),
        {name.removesuffix("_id"): slot(name) for name in PROJECTED},
    )
)


def write(
    run: Run, receipt: Receipt, payload: Payload, occurred_at: datetime | None = None
) -> Event:
    """One event and the projected fields it changes."""
    event = run.record(receipt.stream, payload, occurred_at=occurred_at)
    project(receipt, event)
    _save.run(pk=receipt.pk, **{name: getattr(receipt, name) for name in PROJECTED})
    return event


def already(
    receipt: Receipt, kinds: Sequence[str], assignment_id: int | None = None
) -> Already | None:
    """Who made the asked result true before: the last decision of ``kinds`` that stands.

    With ``assignment_id`` the one about that assignment: a later one may have been declined.
    """
    for event in standing_decisions(receipt):
        about = assignment_id is None or event.payload.get("assignment_id") == assignment_id
        if event.kind in kinds and about:
            return Already(event.actor_label, event.occurred_at)
    return None


def row_of(model: type[M], pk: int | None, *, field: str, active: bool = False) -> M:
    """A row of a catalogue or table; NotFound ``receipts.unknown_choice`` naming the field.

    With ``active`` a row the office switched off is refused as well.
    """
    rows = model._default_manager.filter(pk=pk)
    row = rows.filter(active=True).first() if active else rows.first()
    if row is None:
        raise NotFound(
            "receipts.unknown_choice", _("This choice does not exist any more."), field=field
        )
    return row


def employee(employee_id: int, field: str = "employee") -> Employee:
    """An employee, also a deactivated one (facts of the past name him)."""
    row = by_id(employee_id)
    if row is None:
        raise NotFound("staff.no_such_employee", _("There is no such employee."), field=field)
    return row


def past_moment(moment: datetime | None, receipt: Receipt, at: datetime, field: str) -> datetime:
    """When something happened: not in the future, not before the receipt (default: now)."""
    if moment is None:
        return at
    if moment > at:
        if moment > at + CLOCKS_DIFFER:
            raise RuleViolation("receipts.in_future", _("This lies in the future."), field=field)
        moment = at
    if moment < receipt.received_at:
        raise RuleViolation(
            "receipts.before_receipt",
            _("This lies before the receipt was created (%(when)s)."),
            field=field,
            params={"when": clock.show(receipt.received_at)},
        )
    return moment


def in_words(value: Any) -> str:
    """A field's value for a change event: plain, stable text."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "+" if value else "−"
    if isinstance(value, datetime):
        return clock.show(value)
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    return str(value)


_decisions: Rows[Event] = Rows(
    lambda slot: Event.objects.filter(stream=slot("stream"), kind__in=STATUS_KINDS).order_by(
        "-sequence"
    )
)


def standing_decisions(receipt: Receipt) -> Iterator[Event]:
    """Status-changing events that are not voided, the latest first."""
    voided: set[int] = set()
    for event in _decisions.all(stream=receipt.stream):
        if event.kind == DecisionVoided.kind:
            voided.add(int(event.payload["voided_sequence"]))
        elif event.sequence not in voided:
            yield event


def last_decision(receipt: Receipt) -> Event | None:
    """The last status-changing event that is not voided; None when only the registration stands."""
    return next(standing_decisions(receipt), None)
