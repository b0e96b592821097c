"""The staff of the earlier platform: who is who, and what each can work on as far as it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from history.commands import CommandKey
from history.models import Command
from integrations.legacy import values
from integrations.legacy.source import Row, Source
from integrations.services.legacy import CarriedPerson, carry_person
from receipts.models import OperationType
from staff import roles
from staff.models import Employee
from staff.names import FULL_LENGTH
from workshop.lib.actor import Actor

POLISHING: Final = "polishing"
_BY_ROLE: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "master": (roles.MASTER, ("assembly", "mechanism")),
    "polisher": (roles.POLISHER, (POLISHING,)),
}


@dataclass
class Guess:
    """Role and skills of one person, of what he is called and of what he did."""

    roles: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    why: list[str] = field(default_factory=list)


def guess(role: str, worked: Mapping[str, int], rounds: int) -> Guess:
    """``worked`` counts works by type code, ``rounds`` those at the polishing wheel."""
    found = Guess()
    called = role.strip().casefold()
    if called in _BY_ROLE:
        held, usual = _BY_ROLE[called]
        found.roles.add(held)
        # What he really did tells more than what he is called.
        found.types.update(() if set(worked) & set(usual) else usual)
    else:
        found.why.append("role_unknown")
    found.types.update(worked)
    if rounds:
        found.types.add(POLISHING)
    if POLISHING in found.types:
        found.roles.add(roles.POLISHER)
    if found.types - {POLISHING}:
        found.roles.add(roles.MASTER)
    return found


def carry_people(source: Source, client: str, actor: Actor, at: datetime) -> dict[int, Employee]:
    """Adds those who are not here yet, each with a command of his own; all by their old id."""
    done = {
        int(key.removeprefix("employee:")): int(result["id"])
        for key, result in Command.objects.filter(
            client=client, key__startswith="employee:"
        ).values_list("key", "result")
    }
    types = dict(OperationType.objects.values_list("code", "pk"))
    worked, rounds = _works(source), _rounds(source)
    for row in source.rows("SELECT * FROM employees ORDER BY id"):
        if row["id"] in done:
            continue
        person = _person(
            row,
            guess(values.text(row["role"]), worked.get(row["id"], {}), rounds.get(row["id"], 0)),
            types,
        )
        outcome = carry_person(
            person=person,
            actor=actor,
            command=CommandKey(client, f"employee:{row['id']}"),
            at=at,
        )
        done[row["id"]] = outcome.object.pk
    there = Employee.objects.in_bulk(set(done.values()))
    return {old: there[pk] for old, pk in done.items()}


def _person(row: Row, guessed: Guess, types: Mapping[str, int]) -> CarriedPerson:
    why = list(guessed.why)
    name = " ".join(values.text(row["name"]).split())
    if not name or len(name) > FULL_LENGTH:
        why.append("name_unusable")
    username = values.text(row["telegram_username"], 64).removeprefix("@")
    return CarriedPerson(
        legacy_id=row["id"],
        name=values.text(name, FULL_LENGTH) or username or f"№ {row['id']}",
        role=values.text(row["role"], 100),
        roles=sorted(guessed.roles),
        type_ids=sorted(types[code] for code in guessed.types if code in types),
        telegram_id=values.number(row["telegram_id"]),
        username=username,
        active=values.flag(row["is_active"]),
        since=values.moment(row["created_at"]),
        why=why,
    )


def _works(source: Source) -> dict[int, dict[str, int]]:
    sql = (
        "SELECT o.employee_id, t.code, count(*) AS n FROM operations o"
        " JOIN operation_types t ON t.id = o.operation_type_id GROUP BY o.employee_id, t.code"
    )
    found: dict[int, dict[str, int]] = {}
    for row in source.rows(sql):
        found.setdefault(row["employee_id"], {})[row["code"]] = row["n"]
    return found


def _rounds(source: Source) -> dict[int, int]:
    sql = "SELECT polisher_id, count(*) AS n FROM polishing_details GROUP BY polisher_id"
    return {row["polisher_id"]: row["n"] for row in source.rows(sql)}


def known_by_telegram(people: Mapping[int, Employee]) -> dict[int, Employee]:
    """The staff by Telegram account, to name the actors of events."""
    found: dict[int, Any] = {
        row.telegram_id: row for row in Employee.objects.filter(telegram_id__isnull=False)
    }
    found |= {row.telegram_id: row for row in people.values() if row.telegram_id}
    return found
