"""Names that cells may use, looked up once per run: people, catalogues, choices."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.utils import translation
from django.utils.translation import gettext as _

from history.canonical import digest
from integrations.imports.cells import Parser, Several, choice, folded, several
from receipts.models import (
    Metal,
    OperationType,
    Receipt,
    RefusalReason,
    ReturnReason,
    WaiverReason,
)
from staff import roles
from staff.models import Employee
from workshop.lib.models import CatalogueRow

Names = dict[str, Any]
_CATALOGUES: Final = (Metal, OperationType, RefusalReason, ReturnReason, WaiverReason)


class Known:
    """Folded name → id (or code). A name that belongs to several is marked so."""

    @cached_property
    def people(self) -> Names:
        """By full and by short name; a name that an active person has is his."""
        active = _by_name(
            (name, person.pk)
            for person in Employee.objects.active()
            for name in (person.full_name, person.short_name)
        )
        gone = _by_name(
            (name, person.pk)
            for person in Employee.objects.filter(active=False)
            for name in (person.full_name, person.short_name)
        )
        return gone | active

    def digest(self) -> str:
        """Changes with whatever a name in a cell can lead to."""
        people = Employee.objects.order_by("pk")
        rows: list[Any] = list(people.values_list("pk", "full_name", "short_name", "active"))
        for catalogue in _CATALOGUES:
            named = catalogue._default_manager.order_by("pk")
            rows += [catalogue._meta.label, *named.values_list("pk", "code", "name", "active")]
        return digest(rows)

    @cached_property
    def masters(self) -> dict[int, bool]:
        """Everybody's id → whether a watch may lie with him as a master now."""
        return {row.pk: row.active and row.is_master for row in Employee.objects.all()}

    @cached_property
    def polishers(self) -> dict[int, bool]:
        return {row.pk: row.active and row.is_polisher for row in Employee.objects.all()}

    @cached_property
    def types(self) -> Names:
        return _catalogue(OperationType)

    @cached_property
    def required_types(self) -> tuple[int, ...]:
        required = OperationType.objects.active().filter(required=True)
        return tuple(required.values_list("pk", flat=True))

    def person(self) -> Parser:
        return choice(self.people, _("Employee"))

    def type(self) -> Parser:
        return choice(self.types, _("Kind of work"))

    def metal(self) -> Parser:
        return choice(_catalogue(Metal), _("Metal"))

    def return_reasons(self) -> Parser:
        return several(choice(_catalogue(ReturnReason), _("Reason for return")))

    def refusal_reason(self) -> Parser:
        return choice(_catalogue(RefusalReason), _("Reason for refusal"))

    def waiver_reason(self) -> Parser:
        return choice(_catalogue(WaiverReason), _("Reason"))

    def works(self) -> Parser:
        return several(self.type())

    def visit_kind(self) -> Parser:
        return choice(_labels(Receipt.VisitKind.choices), _("Kind of visit"))

    def language(self) -> Parser:
        return choice(_labels(settings.LANGUAGES), _("Language"))

    def roles(self) -> Parser:
        return several(choice(_labels(roles.LABELS.items()), _("Access")))


def _catalogue(model: type[CatalogueRow]) -> Names:
    """By name and by code; a name that a row in use has is that row's."""
    rows = list(model._default_manager.order_by("active", "pk"))
    return _by_name((row.code, row.pk) for row in rows) | {folded(row.name): row.pk for row in rows}


def _labels(choices: Iterable[tuple[Any, Any]]) -> Names:
    """By code, and by the label in every language of the interface."""
    found: Names = {}
    for code, label in choices:
        found[folded(str(code))] = code
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                found[folded(str(label))] = code
    return found


def _by_name(pairs: Iterable[tuple[str, Any]]) -> Names:
    found: Names = {}
    for name, value in pairs:
        key = folded(name)
        same = found.get(key, value) == value
        found[key] = value if same else Several()
    return found


def shown_names(model: type[models.Model]) -> list[str]:
    """What a person may write: for the sheet of allowed values."""
    rows = model._default_manager.filter(active=True)
    return sorted(map(str, rows))
