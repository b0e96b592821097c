"""Kinds of work and reasons: ours by their codes; what we do not have is added, with its event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from django.utils.text import slugify

from history.commands import CommandKey
from integrations.legacy import values
from integrations.legacy.notes import CARRIED, Notes
from integrations.legacy.source import Row, Source
from integrations.legacy.world import folded
from receipts.models import OperationType, ReturnReason, WaiverReason
from receipts.services.catalogue import save_catalogue_row
from workshop.lib.actor import Actor
from workshop.lib.models import CatalogueRow

C = TypeVar("C", bound=CatalogueRow)
FALLBACK: Final = "assembly"  # what an unknown reason affects


class Catalogues:
    """Rows of ours by the old ids; ``notes`` tell what was added or is named differently."""

    def __init__(self, source: Source, client: str, actor: Actor, notes: Notes) -> None:
        self._client, self._actor, self._notes = client, actor, notes
        self.types = self._all(source, "operation_types", OperationType, lambda row: {})
        by_code = {kind.code: kind.pk for kind in OperationType.objects.all()}

        def affects(row: Row) -> dict[str, Any]:
            code = values.text(row["affects"])
            return {
                "affects": by_code.get(code, by_code[FALLBACK]),
                "rule": ReturnReason.Rule.ASK.value,
            }

        self.reasons = self._all(source, "return_reasons", ReturnReason, affects)

    def _all(self, source: Source, table: str, model: type[C], more: Any) -> Mapping[int, C]:
        found: dict[int, C] = {}
        rows = model._default_manager.all()
        if model is ReturnReason:
            rows = rows.select_related("affects")
        known = {row.code: row for row in rows}
        for row in source.rows(f"SELECT * FROM {table} ORDER BY id"):  # noqa: S608  # names
            code = values.text(row["code"], 50)
            if code not in known:
                known[code] = self._add(table, model, row, more(row))
            found[row["id"]] = known[code]
            self._notes.count(table, CARRIED)
            name = values.text(row["name"], 100)
            if folded(name) != folded(known[code].name):
                told = f"{name} → {known[code].name}"
                self._notes.note(table, row["id"], "named_differently", told)
        return found

    def _add(self, table: str, model: type[C], row: Row, more: dict[str, Any]) -> C:
        code = slugify(values.text(row["code"], 50)) or f"legacy-{row['id']}"
        name = values.text(row["name"], 100) or code
        there = model._default_manager.filter(code=code).first()
        if there is None:
            save_catalogue_row(
                catalogue=model._meta.label,
                values={"code": code, "name": name, **more},
                actor=self._actor,
                command=CommandKey(self._client, f"{table}:{row['id']}"),
            )
        self._notes.note(table, row["id"], "catalogue_added", name)
        return cast(C, model._default_manager.get(code=code))


def other_waiver_reason() -> int:
    """Why a work is marked as not required that the earlier platform did not record."""
    rows = WaiverReason.objects.filter(active=True).order_by("-order")
    row = rows.filter(code="other").first() or rows.first()
    if row is None:
        raise LookupError("there is no reason for a waiver in the catalogue")
    return row.pk
