"""Catalogues: every row is added, changed, reordered and switched off by one service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from history.commands import Outcome
from receipts.models import (
    ChecklistItem,
    DeadlineCause,
    HoldReason,
    Metal,
    OperationType,
    RefusalReason,
    ReturnReason,
    ServiceLimit,
    WaiverReason,
)
from receipts.services.catalogue import save_catalogue_row
from staff.office.forms import NumberField, OfficeVerb, is_id
from staff.office.pages import OfficeAdmin, actor_of
from staff.roles import MANAGER
from workshop.lib.admin import columns
from workshop.lib.errors import WorkshopError
from workshop.lib.models import CatalogueRow

COMMON = ("name", "code", "order", "active")


class SaveRow(OfficeVerb):
    """Add or change a row; the fields are those of the catalogue."""

    slug = "save"
    label = _("Catalogue row")
    roles = frozenset({MANAGER})
    catalogue: ClassVar[type[CatalogueRow]]
    names: ClassVar[tuple[str, ...]] = COMMON

    def heading(self) -> Any:
        meta = self.catalogue._meta
        return self.target or _("%(catalogue)s: new row") % {"catalogue": meta.verbose_name_plural}

    def build(self) -> None:
        for name in self.names:
            column = self.catalogue._meta.get_field(name)
            field = _form_field(column)
            if self.target is not None:
                field.initial = getattr(self.target, column.attname)  # type: ignore[union-attr]
            self.fields[name] = field
        if self.target is not None:  # programs know rows by their code
            self.fields["code"].disabled = True

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        values = {name: _plain(data[name]) for name in self.names}
        if self.target is not None:
            del values["code"]
        return save_catalogue_row(
            catalogue=self.catalogue._meta.label,
            row_id=self.target.pk if self.target else None,
            values=values,
            **common,
        )

    def after(self, outcome: Outcome[Any]) -> models.Model | None:
        return None


def _form_field(column: Any) -> forms.Field:
    if isinstance(column, models.DecimalField):
        return NumberField(label=column.verbose_name, required=not column.blank)
    field: forms.Field = column.formfield()
    if isinstance(column, models.ForeignKey):
        field.queryset = field.queryset.filter(active=True)  # type: ignore[attr-defined]
    if column.has_default() and not callable(column.default):
        field.initial = column.default
    return field


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


class CatalogueAdmin(OfficeAdmin):
    """The order is typed into the list; deactivation stands instead of deletion."""

    list_display: Any = ("name", "code", "order", "active")
    list_editable: Any = ("order",)
    list_filter: Any = ("active",)
    search_fields = ("name", "code")
    ordering = ("order", "name")
    extra_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, model: type[CatalogueRow], site: Any) -> None:
        super().__init__(model, site)
        verb = type(
            f"Save{model.__name__}",
            (SaveRow,),
            {"catalogue": model, "names": (*COMMON, *self.extra_names)},
        )
        self.add_verb = self.change_verb = verb  # type: ignore[misc]

    def stream_of(self, obj: models.Model) -> str:
        return f"catalogue:{self.model._meta.label_lower}"

    def _get_edited_object_pks(self, request: HttpRequest, prefix: str) -> list[str]:
        # A forged id that no row can have would overflow in the database.
        return [pk for pk in super()._get_edited_object_pks(request, prefix) if is_id(pk)]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new order typed into the list."""
        save_catalogue_row(
            catalogue=self.opts.label,
            row_id=obj.pk,
            values={"order": obj.order},
            actor=actor_of(request),
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except WorkshopError as error:
            messages.error(request, error.text())
            return HttpResponseRedirect(request.get_full_path())


@admin.register(OperationType)
class OperationTypeAdmin(CatalogueAdmin):
    extra_names = (
        "required",
        "warranty_months",
        "recorded_by_polishing",
        "answers_for_whole_watch",
    )
    list_display = ("name", "code", "order", "required", "performers_column", "active")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("performers")

    @columns(label=_("Performers"))
    def performers_column(self, row: OperationType) -> str:
        return ", ".join(person.short_name for person in row.performers.all()) or "—"


@admin.register(ReturnReason)
class ReturnReasonAdmin(CatalogueAdmin):
    extra_names = ("affects", "rule")
    list_display = ("name", "code", "order", "affects", "rule", "active")
    list_select_related = ("affects",)
    list_filter = ("active", ("rule", ChoicesDropdownFilter))


@admin.register(HoldReason)
class HoldReasonAdmin(CatalogueAdmin):
    extra_names = ("is_incident",)
    list_display = ("name", "code", "order", "is_incident", "active")


@admin.register(DeadlineCause)
class DeadlineCauseAdmin(CatalogueAdmin):
    extra_names = ("replaces_promise",)
    list_display = ("name", "code", "order", "replaces_promise", "active")


@admin.register(ServiceLimit)
class ServiceLimitAdmin(CatalogueAdmin):
    extra_names = ("amount", "urgent_amount", "unit")
    list_display = ("name", "order", "amount", "urgent_amount", "unit", "active")


admin.site.register((RefusalReason, WaiverReason, Metal, ChecklistItem), CatalogueAdmin)
