"""Filters of the receipts list; every number on the first page links to one of them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from receipts.models import IN_URGENT_LIST, DetachedPart, OperationType, Watch
from receipts.states import IN_WORKSHOP, URGENT_LIST, Status
from staff.models import Employee
from workshop.lib import clock


class StatusFilter(DropdownFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("here", _("in the workshop")), *Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "here":
            return queryset.filter(status__in=IN_WORKSHOP)
        return queryset.filter(status=self.value()) if self.value() in Status.values else queryset


class PersonFilter(DropdownFilter):
    """Active people of a role; one who was switched off stays reachable by the address."""

    role = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = Employee.objects.active().with_role(self.role).order_by("short_name")
        return [(str(row.pk), row.short_name) for row in rows]

    def number(self) -> int | None:
        """The chosen id."""
        value = self.value() or ""
        return int(value) if value.isdecimal() and len(value) < 19 else None


class MasterFilter(PersonFilter):
    title = _("master")
    parameter_name = "master"
    role = "master"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        pk = self.number()
        return queryset.filter(master_id=pk) if pk else queryset


class HolderFilter(PersonFilter):
    """Where a part of the watch is now; written by polishing."""

    title = _("polisher")
    parameter_name = "polisher"
    role = "polisher"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        pk, away = self.number(), DetachedPart.objects.filter(until=None)
        if pk is None and self.value() != "any":
            return queryset
        if pk is not None:
            away = away.filter(holder_id=pk)
        return queryset.filter(pk__in=away.values("receipt"))

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("any", _("any polisher")), *super().lookups(request, model_admin)]


class DueFilter(DropdownFilter):
    title = _("lateness")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("overdue", _("overdue")),
            ("today", _("due today")),
            ("none", _("without a deadline")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value, open_ones = self.value(), queryset.filter(status__in=URGENT_LIST)
        if value == "overdue":
            return open_ones.filter(deadline__lt=clock.now())
        if value == "today":
            start, end = clock.day_bounds(clock.today())
            return open_ones.filter(deadline__gte=start, deadline__lt=end)
        return open_ones.filter(deadline=None) if value == "none" else queryset


class WorkFilter(DropdownFilter):
    title = _("work type")
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(row.pk), row.name) for row in OperationType.objects.active()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not value.isdecimal() or len(value) > 18:
            return queryset
        done = queryset.model.objects.filter(
            operations__type_id=int(value), operations__voided_at=None
        )
        return queryset.filter(pk__in=done.values("pk"))


class YesFilter(DropdownFilter):
    """Yes or no."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("yes")), ("0", _("no"))]


class UrgentFilter(YesFilter):
    title = _("urgent")
    parameter_name = "urgent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("list", _("the urgent list")), *super().lookups(request, model_admin)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """``list``: as the bot shows it, flagged or with a deadline, and not finished."""
        value = self.value()
        if value == "list":
            return queryset.filter(IN_URGENT_LIST)
        return queryset.filter(urgent=value == "1") if value in {"0", "1"} else queryset


class ReturnedFilter(YesFilter):
    title = _("was returned from QC")
    parameter_name = "returned"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        back = queryset.model.objects.filter(returns__isnull=False, returns__voided_at=None)
        if self.value() == "1":
            return queryset.filter(pk__in=back.values("pk"))
        return queryset.exclude(pk__in=back.values("pk")) if self.value() == "0" else queryset


class VoidFilter(DropdownFilter):
    """Void records are out of sight until they are asked for."""

    title = _("void records")
    parameter_name = "void"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", _("hidden")), ("1", _("only void ones")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(voided_at__isnull=self.value() != "1")


class BrandFilter(DropdownFilter):
    """The brand as it is written, from the address or the search of watches."""

    title = _("brand")
    parameter_name = "brand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The brands of the latest watches: all of them would be a scan of the whole table."""
        latest = Watch.objects.exclude(brand="").order_by("-id").values_list("brand", flat=True)
        names = sorted(set(latest[:500]), key=str.casefold)
        if self.value() and self.value() not in names:
            names.append(str(self.value()))
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(watch__brand=self.value()) if self.value() else queryset
