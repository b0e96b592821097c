"""The history in the office: every event in words, read-only; the machinery under "System"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from history.models import Command, Event, Lease, Outbox, Stream
from history.registry import kept_from
from history.render import DOORS, kind_labels, line
from workshop.lib import clock
from workshop.lib.admin import DayRangeFilter, KeptAdmin, TechnicalAdmin, columns


class KindFilter(DropdownFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(kind_labels().items(), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class DoorFilter(DropdownFilter):
    title = _("door")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(DOORS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(KeptAdmin):
    list_display = ("when_column", "words_column", "who_column", "door_column", "stream")
    list_display_links = ("when_column",)
    list_filter = (
        KindFilter,
        DoorFilter,
        ("occurred_at", DayRangeFilter),
    )
    search_fields = ("stream",)
    search_help_text = _("Stream (receipt:17) or who")
    # The id runs with time and is indexed; sorting by the moment would sort the whole table.
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        kept = kept_from(import_string(settings.OFFICE_SCOPES)(request))
        if kept:
            rows = rows.exclude(kind__in=kept)
        stream = request.GET.get("stream", "").replace("\x00", "")[:80]
        return rows.filter(stream=stream) if stream else rows

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "stream" or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.replace("\x00", "").strip()[:100]
        if ":" in text:
            return queryset.filter(stream=text), False
        return (queryset.filter(actor_label__icontains=text) if text else queryset), False

    @columns(label=_("When"))
    def when_column(self, row: Event) -> str:
        return clock.show(row.occurred_at)

    @columns(label=_("What happened"))
    def words_column(self, row: Event) -> str:
        return line(row).words

    @columns(label=_("Who"))
    def who_column(self, row: Event) -> str:
        return line(row).who

    @columns(label=_("Door"))
    def door_column(self, row: Event) -> str:
        return line(row).door

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = [field.name for field in self.model._meta.concrete_fields]
        return ["words_column", *names]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_fields(request, obj)


@admin.register(Command)
class CommandAdmin(TechnicalAdmin):
    list_display = ("verb", "client", "actor_kind", "actor_id", "created_at")
    search_fields = ("verb",)
    ordering = ("-id",)


@admin.register(Stream)
class StreamAdmin(TechnicalAdmin):
    list_display = ("name", "last_sequence")
    search_fields = ("name",)
    ordering = ("-id",)


@admin.register(Outbox)
class OutboxAdmin(TechnicalAdmin):
    list_display = ("event_id", "stream", "done_at", "attempts", "next_attempt_at", "last_error")
    ordering = ("-event_id",)


@admin.register(Lease)
class LeaseAdmin(TechnicalAdmin):
    list_display = ("name", "owner", "since", "until", "held_column")
    exclude = ("token",)

    @columns(label=_("held now"))
    def held_column(self, row: Lease) -> str:
        until: datetime | None = row.until
        return str(_("yes") if until and until > clock.now() else _("no"))
