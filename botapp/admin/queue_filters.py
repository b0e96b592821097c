"""Filters of the sending queue."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from botapp import notices, reasons
from botapp.admin.queue_words import TONES
from botapp.models import OutgoingMessage
from botapp.services.notices import STOPPED
from staff.models import Employee
from staff.notice_kinds import NoticeKind
from staff.office.forms import is_id

SETTLED: Final = Q(state=OutgoingMessage.DEAD, last_error__in=sorted(reasons.SETTLED))


class StateFilter(DropdownFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("stopped", _("did not arrive")),
            *OutgoingMessage.STATES,
            ("settled", _("not needed")),
            ("repeat", _("possibly sent twice")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        named = {
            "stopped": STOPPED,
            "settled": SETTLED,
            "repeat": Q(possible_duplicate=True),
            OutgoingMessage.DEAD: Q(state=OutgoingMessage.DEAD) & STOPPED,
        }
        if value in named:
            return queryset.filter(named[value])
        return queryset.filter(state=value) if value in TONES else queryset


class KindFilter(DropdownFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(NoticeKind.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in NoticeKind.values:
            return queryset
        return queryset.filter(template__in=notices.templates_of(NoticeKind(self.value())))


class PersonFilter(DropdownFilter):
    """Asked for on the page of a person; a list of all names would be long."""

    title = _("employee")
    parameter_name = "employee"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        value = request.GET.get(self.parameter_name, "")
        found = Employee.objects.filter(pk=int(value)) if is_id(value) else ()
        return [(str(row.pk), str(row)) for row in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(employee_id=int(value)) if is_id(value) else queryset
