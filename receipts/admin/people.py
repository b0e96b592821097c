"""Customers and watches: found, corrected, merged and erased through their services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from receipts.admin import exports
from receipts.admin.sections import read_timeline
from receipts.forms.visit import WATCH_FIELDS, WithWatch
from receipts.models import Customer, Receipt, Watch
from receipts.numbers import fold_serial
from receipts.phones import looks_like_phone, normalise_phone
from receipts.services.customers import (
    change_customer,
    create_customer,
    erase_customer,
    merge_customers,
)
from receipts.services.watches import change_watch, create_watch
from staff.models import WorkGroup
from staff.office.forms import OfficeVerb, choice, comment
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from staff.roles import INSPECTOR, MANAGER
from workshop.lib.actor import Actor
from workshop.lib.admin import DayRangeFilter

WORKERS = frozenset({INSPECTOR, MANAGER})
SHOWN = 50


class CustomerForm(OfficeVerb):
    """The fields of a customer."""

    roles = WORKERS
    name = forms.CharField(label=_("Name"), required=False, max_length=150)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=40)
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE
    )
    note = comment(_("Note"))
    field_names = {"customer": "name"}

    def values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """As the services take them."""
        return {name: data[name] for name in ("name", "phone", "language", "note")}


class AddCustomer(CustomerForm):
    slug = "add"
    label = _("New customer")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return create_customer(**self.values(data), **common)


@office_verb("receipts.Customer")
class ChangeCustomer(CustomerForm):
    slug = "change"
    label = _("Edit")

    def build(self) -> None:
        for name in ("name", "phone", "language", "note"):
            self.fields[name].initial = getattr(self.target, name)

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.erased_at is None

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_customer(customer_id=self.target.pk, values=self.values(data), **common)


@office_verb("receipts.Customer")
class MergeCustomer(OfficeVerb):
    """Two rows of one person: the other's receipts come here."""

    slug = "merge"
    label = _("Merge another row of this customer into this one")
    shown_in = "more"
    roles = frozenset({MANAGER})
    danger = True
    other = choice(Customer.objects.none(), _("The other row, with the same phone"))
    field_names = {"customer": "other"}

    def build(self) -> None:
        same = Customer.objects.filter(phone=self.target.phone, merged_into=None, erased_at=None)
        rows = same.exclude(pk=self.target.pk).exclude(phone="")
        self.fields["other"].queryset = rows  # type: ignore[attr-defined]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return merge_customers(kept_id=self.target.pk, merged_id=data["other"].pk, **common)


@office_verb("receipts.Customer")
class EraseCustomer(OfficeVerb):
    """The one thing that is really removed: personal data, by a manager (law 3)."""

    slug = "erase"
    label = _("Erase the personal data")
    shown_in = "more"
    roles = frozenset({MANAGER})
    danger = True
    sure = forms.BooleanField(label=_("Name, phone and note are removed for ever"))

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.erased_at is None

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return erase_customer(customer_id=self.target.pk, **common)


@admin.register(Customer)
class CustomerAdmin(OfficeAdmin):
    add_verb = AddCustomer
    page_template = "office/object.html"
    list_display = ("__str__", "phone", "language", "created_at")
    export_columns = exports.CUSTOMERS
    list_filter = (("created_at", DayRangeFilter),)
    search_fields = ("name", "phone")
    search_help_text = _("Name or phone")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.replace("\x00", "").strip()[:100]
        if looks_like_phone(text):
            return queryset.filter(phone=normalise_phone(text)), False
        return queryset.filter(Q(name__icontains=text) | Q(phone__contains=text)), False


class WatchForm(WithWatch, OfficeVerb):
    """The fields of a watch."""

    roles = WORKERS

    def build(self) -> None:
        self.build_watch()
        self.fields.pop("watch_choice", None)
        if self.target is not None:
            for name in WATCH_FIELDS:
                self.fields[name].initial = getattr(self.target, name)

    def values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """As the services take them."""
        values = {name: data.get(name) for name in WATCH_FIELDS}
        values["metal"] = values["metal"].pk if values["metal"] else None
        return values


class AddWatch(WatchForm):
    slug = "add"
    label = _("New watch")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return create_watch(values=self.values(data), **common)


@office_verb("receipts.Watch")
class ChangeWatch(WatchForm):
    slug = "change"
    label = _("Edit")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_watch(watch_id=self.target.pk, values=self.values(data), **common)


@admin.register(Watch)
class WatchAdmin(OfficeAdmin):
    add_verb = AddWatch
    page_template = "office/object.html"
    list_display = ("__str__", "brand", "model", "reference", "serial", "calibre", "metal")
    list_select_related = ("metal",)
    export_columns = exports.WATCHES
    list_filter = (("created_at", DayRangeFilter),)
    search_fields = ("serial", "brand")
    search_help_text = _("Serial number, brand, model")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.replace("\x00", "").strip()[:100]
        key = fold_serial(text)
        exact = queryset.filter(Q(serial_key=key) | Q(movement_key=key)) if key else queryset.none()
        if exact.exists():
            return exact, False
        for word in text.split()[:5]:
            queryset = queryset.filter(
                Q(brand__icontains=word) | Q(model__icontains=word) | Q(serial__icontains=word)
            )
        return queryset, False


def _facts(target: Any, names: tuple[str, ...]) -> list[tuple[str, Any]]:
    found = []
    for name in names:
        field = target._meta.get_field(name)
        shown = getattr(target, f"get_{name}_display", lambda n=name: getattr(target, n))()
        if shown not in (None, ""):
            found.append((str(field.verbose_name), shown))
    return found


@page_section("receipts.Customer", "office/object/facts.html", order=10)
def customer_facts(target: Customer, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    names = ("phone", "language", "note", "created_at", "merged_into", "erased_at")
    facts = [(_now("Name"), target.name or "—"), *_facts(target, names)]
    return {"title": _now("Customer"), "facts": facts}


@page_section("receipts.Watch", "office/object/facts.html", order=10)
def watch_facts(target: Watch, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return {"title": _now("Watch"), "facts": _facts(target, WATCH_FIELDS)}


def _visits(rows: QuerySet[Any]) -> Mapping[str, Any]:
    return {
        "title": _now("Receipts"),
        "visits": list(rows.select_related("watch").order_by("-id")[:SHOWN]),
    }


@page_section("receipts.Customer", "office/object/visits.html", order=20)
def customer_receipts(target: Customer, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return _visits(Receipt.objects.filter(customer=target))


@page_section("receipts.Watch", "office/object/visits.html", order=20)
def watch_receipts(target: Watch, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return _visits(Receipt.objects.filter(watch=target))


@page_section("receipts.Watch", "office/receipt/timeline.html", order=100)
def timeline(target: Watch, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return read_timeline(target.stream, request)


@page_section("receipts.Customer", "office/receipt/timeline.html", order=100)
def customer_timeline(target: Customer, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return read_timeline(target.stream, request)


@page_section("staff.WorkGroup", "office/receipt/timeline.html", order=100)
def group_timeline(target: WorkGroup, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return read_timeline(target.stream, request)
