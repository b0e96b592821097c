"""Employees: found by their Telegram id or by their full name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from history.commands import CommandKey
from integrations.imports.cells import folded
from integrations.imports.columns import (
    CREATED,
    UNCHANGED,
    UPDATED,
    Done,
    Order,
    Problem,
    RowError,
    Source,
    Values,
)
from receipts.services.bulk import Writer
from receipts.services.skills import change_skills
from staff.models import Employee
from staff.services.people import add_employee, change_roles, rename_employee, set_active


class EmployeeImporter:
    def __init__(self, order: Order) -> None:
        self.order = order
        self.seen: dict[str, int] = {}
        self.by_name: dict[str, list[Employee]] = {}
        self.by_telegram: dict[int, Employee] = {}

    def look_up(self, rows: Sequence[Source]) -> None:
        """A workshop has few people: all of them."""
        self.by_name, self.by_telegram = {}, {}
        for person in Employee.objects.order_by("-active", "pk"):
            self.by_name.setdefault(folded(person.full_name), []).append(person)
            if person.telegram_id:
                self.by_telegram[person.telegram_id] = person

    def pass_by(self, rows: Sequence[Source]) -> None:
        for row in rows:
            self.seen.setdefault(folded(row.values["full_name"]), row.number)

    def take(self, row: Source, bulk: Writer) -> Done:
        values = row.values
        first = self.seen.setdefault(folded(values["full_name"]), row.number)
        if first != row.number:
            told = _("The same person stands in row %(row)s already.") % {"row": first}
            raise RowError(Problem("full_name", told))
        person = self._known(values)
        with self.order.writing():
            if person is None:
                return Done(CREATED, self._add(row))
            changed = self.order.update and self._change(person, values)
        return Done(UPDATED if changed else UNCHANGED, person.pk)

    def _known(self, values: Values) -> Employee | None:
        by_telegram = self.by_telegram.get(values.get("telegram_id", 0))
        if by_telegram is not None:
            return by_telegram
        same = self.by_name.get(folded(values["full_name"]), [])
        if len(same) > 1:
            told = _("There are several people with this name: give the Telegram id.")
            raise RowError(Problem("full_name", told))
        return same[0] if same else None

    def _add(self, row: Source) -> int:
        values, actor = row.values, self.order.actor
        person = add_employee(
            full_name=values["full_name"],
            short_name=values.get("short_name", ""),
            roles=values.get("roles", ()),
            language=values.get("language", ""),
            telegram_id=values.get("telegram_id"),
            actor=actor,
            command=CommandKey(self.order.client, f"row:{row.number}"),
        ).object
        if values.get("skills"):
            change_skills(employee_id=person.pk, type_ids=values["skills"], actor=actor)
        if values.get("active") is False:
            set_active(employee_id=person.pk, active=False, actor=actor)
        return int(person.pk)

    def _change(self, person: Employee, values: Values) -> bool:
        actor, changed = self.order.actor, False
        names: dict[str, Any] = {
            name: values.get(name) or getattr(person, name) for name in ("full_name", "short_name")
        }
        if names != {name: getattr(person, name) for name in names}:
            rename_employee(employee_id=person.pk, **names, actor=actor)
            changed = True
        if "roles" in values and frozenset(values["roles"]) != person.roles:
            change_roles(employee_id=person.pk, roles=values["roles"], actor=actor)
            changed = True
        if "skills" in values and set(values["skills"]) != _skills(person):
            change_skills(employee_id=person.pk, type_ids=values["skills"], actor=actor)
            changed = True
        if values.get("active", person.active) != person.active:
            set_active(employee_id=person.pk, active=values["active"], actor=actor)
            changed = True
        return changed


def _skills(person: Employee) -> set[int]:
    return set(person.skills.values_list("pk", flat=True))
