"""Catalogues: rows the office adds, changes, reorders and switches off, each with an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts import locks, policies
from receipts.events.catalogue import CatalogueRowAdded, CatalogueRowChanged
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
from receipts.services.base import in_words
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.models import CatalogueRow

CATALOGUES: Final[dict[str, type[CatalogueRow]]] = {
    model._meta.label: model
    for model in (
        OperationType,
        ReturnReason,
        HoldReason,
        RefusalReason,
        WaiverReason,
        DeadlineCause,
        Metal,
        ChecklistItem,
        ServiceLimit,
    )
}


def save_catalogue_row(
    *,
    catalogue: str,
    row_id: int | None = None,
    values: Mapping[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
    **door: Any,
) -> Outcome[CatalogueRow]:
    """Add (``row_id`` None) or change a row of ``catalogue`` (a model label); related rows by id.

    A manager's verb; the same values again write nothing. Raises NotFound
    ``catalogue.unknown``, RuleViolation ``catalogue.invalid`` naming the field.
    """
    if catalogue not in CATALOGUES:
        raise NotFound("catalogue.unknown", _("There is no such catalogue."), field="catalogue")
    service: Any = verb("catalogue.save", catalogue)(_save)
    inside = {"actor": actor, "command": command, "at": at, **door}  # a door's precondition
    return service(catalogue=catalogue, row_id=row_id, values=values, **inside)


def _save(
    *,
    catalogue: str,
    row_id: int | None,
    values: Mapping[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[CatalogueRow]:
    run = Run.of(actor, command, at)
    policies.ensure_manager(actor)
    model = CATALOGUES[catalogue]
    row = _row(model, row_id)
    before = {name: _told(row, name) for name in values}
    for name, value in values.items():
        _set(row, name, value)
    _ensure_valid(row)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # somebody else took the code meanwhile: now it is seen
        _ensure_valid(row)
        raise
    stream = f"catalogue:{model._meta.label_lower}"
    if row_id is None:
        run.record(stream, CatalogueRowAdded(model=catalogue, row_id=row.pk, name=row.name))
        return Outcome(row)
    changes = {
        name: [old, _told(row, name)] for name, old in before.items() if old != _told(row, name)
    }
    if changes:
        run.record(
            stream,
            CatalogueRowChanged(model=catalogue, row_id=row.pk, name=row.name, changes=changes),
        )
    return Outcome(row)


def _ensure_valid(row: CatalogueRow) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise RuleViolation("catalogue.invalid", messages[0], field=field) from None


def _row(model: type[CatalogueRow], row_id: int | None) -> CatalogueRow:
    if row_id is None:
        return model()
    row = locks.catalogue_row(model, row_id)
    if row is None:
        raise NotFound(
            "receipts.unknown_choice", _("This choice does not exist any more."), field="row"
        )
    return row


def _set(row: CatalogueRow, name: str, value: Any) -> None:
    try:
        field = row._meta.get_field(name)
    except FieldDoesNotExist:
        field = None
    if field is None or not getattr(field, "editable", False) or field.many_to_many:
        raise RuleViolation("receipts.fact_unknown", _("There is no such field."), field=name)
    if isinstance(field, models.ForeignKey):
        setattr(row, field.attname, value)
    else:
        setattr(row, name, value)


def _told(row: CatalogueRow, name: str) -> str:
    try:
        return in_words(getattr(row, name, None))
    except ObjectDoesNotExist:
        return ""
