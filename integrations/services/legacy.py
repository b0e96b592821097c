"""What carrying over writes besides receipts: people, catalogue rows, rows without a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from integrations.legacy.events import RowKept
from receipts.models import OperationType
from receipts.services.skills import change_skills
from staff.events import EmployeeCarriedOver
from staff.models import Employee
from staff.services import add_employee, set_active, set_username
from workshop.lib.actor import Actor

STREAM = "integration:legacy"


@dataclass(frozen=True)
class CarriedPerson:
    """A person of the earlier platform with the access that was guessed for him."""

    legacy_id: int
    name: str
    role: str
    roles: list[str]
    type_ids: list[int]
    telegram_id: int | None
    username: str
    active: bool
    since: datetime | None
    why: Sequence[str] = field(default_factory=tuple)


@verb("legacy.carry_person", "staff.Employee")
def carry_person(
    *,
    person: CarriedPerson,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Add the person, marked for review; one who is here by his Telegram account stays as he is.

    ``extra`` holds the tally and the deviations of his row.
    """
    run = Run.of(actor, command, at)
    deviations = [_deviation(person, why) for why in person.why]
    known = _known(person)
    if known is not None:
        deviations.append(_deviation(person, "person_known"))
        return Outcome(known, extra=_extra("known", deviations))
    since = min(person.since or run.at, run.at)
    row = add_employee(
        full_name=person.name,
        roles=person.roles,
        telegram_id=person.telegram_id,
        actor=actor,
        command=run.command,
        at=since,
    ).object
    chosen: dict[str, Any] = {"employee_id": row.pk, "actor": actor, "command": run.command}
    if person.username:
        set_username(username=person.username, at=since, **chosen)
    change_skills(type_ids=person.type_ids, at=since, **chosen)
    if not person.active:
        set_active(active=False, at=run.at, **chosen)
    names = OperationType.objects.filter(pk__in=person.type_ids).order_by("order", "name")
    run.record(
        row.stream,
        EmployeeCarriedOver(
            name=row.short_name,
            legacy_id=person.legacy_id,
            legacy_role=person.role,
            roles=person.roles,
            skills=[kind.name for kind in names],
        ),
    )
    row.refresh_from_db()
    return Outcome(row, extra=_extra("carried", deviations))


def _known(person: CarriedPerson) -> Employee | None:
    if person.telegram_id is None:
        return None
    return Employee.objects.filter(telegram_id=person.telegram_id).first()


def _deviation(person: CarriedPerson, why: str) -> dict[str, Any]:
    return {"table": "employees", "row": person.legacy_id, "why": why, "told": person.name}


def _extra(fate: str, deviations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"tally": {"employees": {fate: 1}}, "deviations": deviations}


@verb("legacy.keep_row", "history.Event")
def keep_row(
    *,
    table: str,
    legacy_id: int,
    data: dict[str, Any],
    why: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Event]:
    """A row that belongs to no receipt, as an event of the import."""
    run = Run.of(actor, command, at)
    event = run.record(STREAM, RowKept(table=table, legacy_id=legacy_id, data=data, why=why))
    deviation = {"table": table, "row": legacy_id, "why": why, "told": ""}
    extra = {"tally": {table: {"no_receipt": 1}}, "deviations": [deviation]}
    return Outcome(event, extra=extra)
