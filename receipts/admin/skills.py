"""Skills of a person: a verb of receipts on a page of the staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from receipts.admin.sections import read_timeline
from receipts.models import Assignment, OperationType
from receipts.services.skills import change_skills
from staff.models import Employee
from staff.office.forms import OfficeVerb, RowsField
from staff.office.registry import office_verb, page_section
from staff.roles import INSPECTOR, MANAGER
from workshop.lib.actor import Actor

EMPLOYEE = "staff.Employee"


@office_verb(EMPLOYEE)
class ChangeSkills(OfficeVerb):
    slug = "skills"
    label = _("Change the skills")
    roles = frozenset({MANAGER, INSPECTOR})
    skills = RowsField(
        label=_("Skills"),
        queryset=OperationType.objects.none(),
        required=False,
    )

    def build(self) -> None:
        held = self.target.skills.values("pk")
        rows = OperationType.objects.active() | OperationType.objects.filter(pk__in=held)
        self.fields["skills"].queryset = rows.distinct()  # type: ignore[attr-defined]
        self.fields["skills"].initial = self.target.skills.all()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        ids = [row.pk for row in data["skills"]]
        return change_skills(employee_id=self.target.pk, type_ids=ids, **common)


@page_section(EMPLOYEE, "office/object/facts.html", order=20)
def skills(target: Employee, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    listed = ", ".join(row.name for row in target.skills.order_by("order", "name"))
    return {"title": _now("Skills"), "facts": [(_now("Kinds of work"), listed or "—")]}


@page_section(EMPLOYEE, "office/object/visits.html", order=30)
def watches(target: Employee, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    rows = Assignment.objects.valid().filter(master=target, ended_at=None)
    found = [row.receipt for row in rows.select_related("receipt__watch").order_by("id")[:50]]
    return {"title": _now("At the master now"), "visits": found} if found else None


@page_section(EMPLOYEE, "office/receipt/timeline.html", order=100)
def employee_timeline(target: Employee, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return read_timeline(target.stream, request)
