"""Services and bulk writing tell the same story with the same rows, payloads and hashes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management.color import no_style
from django.db import connection, models, transaction

from history.chain import HASHED_FIELDS
from history.models import Event, Stream
from history.verify import verify
from integrations.demo.bulk_pen import BulkPen
from integrations.demo.life import Life
from integrations.demo.pen import Ledger, Pen, ServicePen
from integrations.demo.seeding import begin, workshop_of
from integrations.demo.telling import Plan, Telling
from integrations.demo.truth import Truth
from polishing.models import PolishingOrder
from receipts.models import (
    Assignment,
    ChecklistAnswer,
    Customer,
    DetachedPart,
    Hold,
    Operation,
    QualityCheck,
    Reading,
    Receipt,
    ReturnCase,
    ReturnItem,
    Waiver,
    Watch,
)
from receipts.projection import differences
from receipts.services.bulk import Writer, writer
from workshop.lib import clock

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
PLAN = Plan(receipts=40, seed=3, days=60, now=NOW)
WRITTEN = (
    Watch, Customer, Receipt, Assignment, Hold, Operation, Waiver, DetachedPart, QualityCheck,
    Reading, ChecklistAnswer, ReturnCase, ReturnItem, PolishingOrder,
)  # fmt: skip
# Drawn at random for every row, or named after the command that wrote it.
INDIVIDUAL = {"public_token", "label_token", "batch"}
OF_THE_COMMAND = {"command_id", "ordinal"}


class Undone(Exception):
    """Takes a savepoint back."""


def rows(model: type[models.Model]) -> list[dict[str, Any]]:
    names = [item.attname for item in model._meta.concrete_fields if item.name not in INDIVIDUAL]
    return list(model._default_manager.order_by("pk").values(*names))


def events() -> list[dict[str, Any]]:
    names = [name for name in HASHED_FIELDS if name not in OF_THE_COMMAND]
    streams = ("receipt:", "watch:", "customer:")
    found = Event.objects.order_by("stream", "sequence").values(*names)
    return [event for event in found if event["stream"].startswith(streams)]


def snapshot() -> dict[str, list[dict[str, Any]]]:
    found = {model.__name__: rows(model) for model in WRITTEN}
    return {"Event": events(), **found}


def tell(telling: Telling, pen: Pen) -> None:
    """One life after another, so that rows are made in the same order; without batches."""
    for index in range(PLAN.receipts):
        _received, life = telling.life(index)
        story(telling, life, pen)


def story(telling: Telling, life: Life, pen: Pen) -> None:
    for moment in life.run(pen):
        if moment > PLAN.now:
            return
    telling.end(life)


class LoosePen(ServicePen):
    """Orders go out one by one: bulk writing knows no batches."""

    def _batch(self, *args: Any) -> None:
        return None


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Telling:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    people = begin(PLAN)
    return Telling(PLAN, workshop_of(people, PLAN), Truth(PLAN.seed))


def restart_ids() -> None:
    """PostgreSQL's sequences are not taken back with the rows."""
    touched = [*WRITTEN, Event, Stream]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), touched):
            cursor.execute(statement)


def by_services(telling: Telling) -> dict[str, list[dict[str, Any]]]:
    """What the services write; taken back, so that bulk writing finds the same ids free."""
    found: dict[str, list[dict[str, Any]]] = {}
    restart_ids()
    fresh = replace(telling, truth=Truth(PLAN.seed), ledger=Ledger(), served=[])
    with suppress(Undone), transaction.atomic():
        tell(fresh, LoosePen(fresh.ledger))
        found = snapshot()
        raise Undone  # taken back on purpose
    restart_ids()
    return found


def test_services_and_bulk_write_equal_rows(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "TOGETHER", 7)  # in several pieces
    expected = by_services(telling)
    assert not Receipt.objects.exists()
    with writer() as bulk:
        for index in range(PLAN.receipts):
            _received, life = telling.life(index)
            story(telling, life, BulkPen(telling.ledger, bulk))
            bulk.complete()
    written = snapshot()

    for name, wanted in expected.items():
        assert wanted, f"the stories have no {name}: they prove nothing about it"
        for found, row in zip(written[name], wanted, strict=True):
            assert found == row, name
    kinds = {event["kind"] for event in written["Event"]}
    assert len(kinds) > 20
    assert {"receipt.returned", "receipt.polishing_taken_back", "receipt.held"} <= kinds

    assert list(verify()) == []
    for receipt in Receipt.objects.all():
        assert differences(receipt) == {}
