"""People whom the bot cannot reach: since when, why, and trying them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from botapp import reasons
from botapp.models import OutgoingMessage, PersonReach
from botapp.services.notices import MAY, retry_person
from history.commands import Outcome
from staff.models import Employee
from staff.office.forms import OfficeVerb
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import columns

REACH: Final = "botapp.PersonReach"
ADVICE: Final = _("He opens the bot in Telegram and presses Start; then it works again by itself.")


def missed(person: Any) -> QuerySet[OutgoingMessage]:
    """Notices to him that ended without arriving."""
    return OutgoingMessage.objects.filter(
        employee=person,
        state=OutgoingMessage.DEAD,
        last_error__startswith=reasons.UNREACHABLE,
    )


@office_verb(REACH)
class TryAgain(OfficeVerb):
    slug = "retry"
    label = _("↻ Try again")
    roles = MAY

    def intro(self) -> list[str]:
        return [
            _now("What was missed in the last day is sent; else the next notice shows it."),
            str(ADVICE),
        ]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return retry_person(employee_id=self.target.pk, **common)

    def after(self, outcome: Outcome[Any]) -> None:
        return None  # the list: his row may be gone by now


@admin.register(PersonReach)
class ReachAdmin(OfficeAdmin):
    page_template = "office/object.html"
    list_display = ("person_column", "since_column", "why_column", "tried_column", "missed_column")
    list_select_related = ("employee",)
    list_filter = ("employee__active",)
    search_fields = ("employee__full_name",)
    search_help_text = _("Name of the person")
    ordering = ("since",)
    show_history = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        counted = missed(OuterRef("employee")).order_by().values("employee")
        count = Subquery(counted.annotate(n=Count("pk")).values("n"))
        return super().get_queryset(request).annotate(missed=Coalesce(count, 0))

    @columns(label=_("Employee"), order="employee__full_name")
    def person_column(self, row: PersonReach) -> str:
        return str(row.employee)

    @columns(label=_("Since"), order="since")
    def since_column(self, row: PersonReach) -> str:
        return clock.show(row.since)

    @columns(label=_("Why"))
    def why_column(self, row: PersonReach) -> str:
        return reasons.unreachable_words(row.reason)

    @columns(label=_("Tried last"))
    def tried_column(self, row: PersonReach) -> str:
        return clock.show(last_try(row))

    @columns(label=_("Missed"))
    def missed_column(self, row: Any) -> int:
        return int(row.missed)


def last_try(row: PersonReach) -> Any:
    """When Telegram said so last; the office's wish to try again is no try."""
    return max(row.checked_at or row.since, row.since)


def standing(mark: PersonReach) -> dict[str, Any]:
    """The mark in words."""
    facts = [
        (_now("Since"), mark.since),
        (_now("Why"), reasons.unreachable_words(mark.reason)),
        (_now("Tried last"), last_try(mark)),
        (_now("Missed"), missed(mark.employee).count()),
    ]
    return {
        "title": _now("Telegram does not reach this person"),
        "facts": facts,
        "person": mark.employee,
        "advice": ADVICE,
    }


@page_section(REACH, "office/telegram/reach.html", order=10)
def reach(target: PersonReach, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return standing(target)


@page_section("staff.Employee", "office/telegram/reach.html", order=15)
def telegram(target: Employee, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    """On the page of the person: only when something is wrong."""
    mark = PersonReach.objects.filter(employee=target).first()
    return {**standing(mark), "mark": mark} if mark else None
