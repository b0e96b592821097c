"""Skills: which operation types a person performs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts.models import OperationType
from staff import locks, policies
from staff.events import SkillsChanged
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound


@verb("employee.change_skills", "staff.Employee")
def change_skills(
    *,
    employee_id: int,
    type_ids: Sequence[int],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Set the person's operation types; old → new in one event, nothing when equal.

    Raises NotFound ``receipts.unknown_choice`` on the field ``skills``, NotAllowed.
    """
    run = Run.of(actor, command, at)
    person = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched=())
    wanted = list(OperationType.objects.filter(pk__in=type_ids).order_by("order", "name"))
    if len(wanted) != len(set(type_ids)):
        raise NotFound(
            "receipts.unknown_choice", _("This choice does not exist any more."), field="skills"
        )
    old = list(person.skills.order_by("order", "name"))
    if old != wanted:
        person.skills.set(wanted)
        payload = SkillsChanged(
            name=person.short_name, old=[row.name for row in old], new=[row.name for row in wanted]
        )
        run.record(person.stream, payload)
    return Outcome(person)
