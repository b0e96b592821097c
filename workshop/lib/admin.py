"""Bases of the office site: nothing is deleted, nothing is edited past the services, no page
counts a whole table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, Final, cast

from django import forms
from django.conf import settings
from django.contrib.admin import ShowFacets
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import connections, models
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import gettext_noop
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.widgets import INPUT_CLASSES

from workshop.lib import clock
from workshop.lib.asked_list import AskedList
from workshop.lib.export import DIRECT, TYPES, XLSX, Column
from workshop.lib.listing import file_answer, listed, listed_sheet

EXACT_TO: Final = 10_000
"""Rows; a list counts and pages no further."""

YEARS: Final = range(1900, 3000)
"""Days beyond them have no neighbour to reckon with, or none in another time zone."""

# The theme marks it inside an argument of a tag, where the collector of texts does not look.
THEME_TEXTS: Final = (gettext_noop("Welcome back to"),)

NO_PART_OF_AN_EXPORT: Final = ("p", "e", "all", "_popup", "_to_field")

NOT_FILTERS: Final = frozenset({"p", "o", "e", "all", "_changelist_filters"})


class BoundedPaginator(Paginator):
    """Exact up to :data:`EXACT_TO` rows, then an estimate; never a count of the whole table.

    Pages end at the same bound, so that no OFFSET walks a million rows: narrow the list instead.
    """

    template_name = "office/pagination.html"

    def __init__(self, *args: Any, filtered: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filtered = filtered

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        bounded = rows.order_by()[: EXACT_TO + 1].count()
        if bounded <= EXACT_TO or self.filtered:
            return bounded
        return max(bounded, estimated_rows(rows))

    @cached_property
    def num_pages(self) -> int:
        return max(1, math.ceil(min(self.count, EXACT_TO) / self.per_page))

    @property
    def told(self) -> str:
        """The count in words."""
        if self.count <= EXACT_TO:
            return number_format(self.count, force_grouping=True)
        if self.filtered:
            return _("more than %(count)s") % {
                "count": number_format(EXACT_TO, force_grouping=True)
            }
        return _("about %(count)s") % {"count": number_format(self.count, force_grouping=True)}


def estimated_rows(rows: QuerySet[Any]) -> int:
    """How many rows the table of ``rows`` has, roughly: the planner's figure, or the last id."""
    connection = connections[rows.db]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table = rows.model._meta.db_table
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = %s", [table])
            found = cursor.fetchone()
        return int(found[0]) if found else 0
    return int(rows.model._default_manager.aggregate(last=Max("pk"))["last"] or 0)


def _asked_by(entry: Any) -> set[str]:
    """The lookups that an entry of ``list_filter`` puts into the address."""
    if isinstance(entry, type):
        return {getattr(entry, "parameter_name", "")}
    name = entry if isinstance(entry, str) else entry[0]
    return {f"{name}__exact", f"{name}__isnull", f"{name}__id__exact"}


class KeptAdmin(ModelAdmin):
    """Read-only: no adding, no changing, no deleting. Services are reached by other pages."""

    list_per_page = 50
    list_max_show_all = 0  # "show all" of a million rows is no page
    show_full_result_count = False
    list_filter_submit = True
    list_fullwidth = True
    paginator = BoundedPaginator
    show_facets = ShowFacets.NEVER
    # What an export holds; nothing declared: the columns of the list.
    export_columns: ClassVar[Sequence[Column]] = ()

    empty_text: ClassVar[Promise | str] = lazy("Rows appear here by themselves.")
    """What an empty list says where nobody can add a row."""

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kw: Any
    ) -> BoundedPaginator:
        filtered = bool(set(request.GET) - NOT_FILTERS)
        return BoundedPaginator(queryset, per_page, *args, filtered=filtered, **kw)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AskedList]:
        return AskedList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Django's "Select X to view" needs a case that verbose names do not have in Russian.
        own = {
            "title": capfirst(self.opts.verbose_name_plural),
            "export_url": self._export(request),
        }
        return super().changelist_view(request, {**own, **(extra_context or {})})

    # --- the list as a file -----------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view(self.export_view)
        return [path("export/", guarded, name=f"{self._export_name()}"), *super().get_urls()]

    def _export_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export"

    def _export(self, request: HttpRequest) -> str:
        """Where the list is exported as it is filtered now."""
        address = reverse(f"{self.admin_site.name}:{self._export_name()}")
        asked = request.GET.copy()
        for name in NO_PART_OF_AN_EXPORT:
            asked.pop(name, None)
        return f"{address}?{asked.urlencode()}" if asked else address

    def complete(self, rows: Any) -> None:
        """Put on each row what its columns read beside it; for a page of the list and an export."""

    def export_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The filtered rows with what the columns read of them."""
        return rows

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """A short list at once, a long one as a job (``EXPORT_LATER``)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = request.POST.get("format", XLSX)
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in TYPES:
            raise BadRequest("no such format")
        if listed(self, request).order_by()[: DIRECT + 1].count() > DIRECT:
            later: HttpResponseBase = import_string(settings.EXPORT_LATER)(self, request, form)
            return later
        return file_answer(listed_sheet(self, request), form)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what a filter of this page asks for.

        Django allows every column of the model in the address: a secret (a token, the hash of a
        password) could be guessed letter by letter from the number of rows found.
        """
        name = lookup.partition("__")[0]
        if not self._is_column(name):
            return super().lookup_allowed(lookup, value, request)
        return any(lookup in _asked_by(entry) for entry in self.get_list_filter(request))

    def _is_column(self, name: str) -> bool:
        try:
            self.opts.get_field(name)
        except FieldDoesNotExist:
            return name == "pk"
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # The events are the record: Django's own log would be a second, weaker one.
    def log_addition(self, *args: Any, **kwargs: Any) -> None:
        return None

    def log_change(self, *args: Any, **kwargs: Any) -> None:
        return None

    def stream_of(self, obj: models.Model) -> str:
        """The stream with the history of ``obj``; empty when it has none."""
        return str(getattr(obj, "stream", ""))


class TechnicalAdmin(KeptAdmin):
    """Rows of the machinery, to look at when something is stuck."""

    show_history = False

    def get_list_display(self, request: HttpRequest) -> list[str]:
        names = [field.name for field in self.model._meta.concrete_fields]
        return list(self.list_display) if self.list_display != ("__str__",) else names[:7]


class DayRangeForm(forms.Form):
    """Two days with the browser's own calendar."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for end, label in (("from", _("From")), ("to", _("To"))):
            attrs = {"type": "date", "class": " ".join(INPUT_CLASSES), "aria-label": label}
            self.fields[f"{name}_{end}"] = forms.CharField(
                label=label, required=False, widget=forms.TextInput(attrs=attrs)
            )


class DayRangeFilter(RangeDateFilter):
    """From–to by the workshop's days, both included, on a column of instants."""

    form_class = DayRangeForm

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = self.parameter_name
        for end, lookup, bound in (("from", "gte", 0), ("to", "lt", 1)):
            text = self.used_parameters.get(f"{name}_{end}")
            if not text:
                continue
            day = read_day(str(text))
            if day is None:
                return queryset.none()
            value: date | datetime = day + timedelta(days=bound)
            if isinstance(self.field, models.DateTimeField):
                value = clock.day_bounds(day)[bound]
            queryset = queryset.filter(**{f"{name}__{lookup}": value})
        return queryset

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        name = self.parameter_name
        data = {key: self.used_parameters.get(key) for key in (f"{name}_from", f"{name}_to")}
        yield {
            "request": self.request,
            "parameter_name": name,
            "form": self.form_class(name=name, data=data),
        }


def read_day(text: str) -> date | None:
    """``2026-12-25`` or ``25.12.2026``; None for anything else, also for a year out of reach."""
    for layout in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):  # the other way of writing it is tried next
            day = datetime.strptime(text.strip(), layout).date()  # noqa: DTZ007  # a day only
            return day if day.year in YEARS else None
    return None


def columns(**labels: str | Promise) -> Any:
    """Decorator for a column: ``@columns(label=_("Status"), order="status")``."""

    def decorate(function: Any) -> Any:
        function.short_description = labels["label"]
        if "order" in labels:
            function.admin_order_field = labels["order"]
        return function

    return decorate


def plain_response(text: str, status: int) -> HttpResponse:
    """A short text without markup."""
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
