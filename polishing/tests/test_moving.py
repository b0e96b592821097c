"""A record on the wrong receipt: void there, recorded here, linked in both histories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from history.models import Event
from history.verify import verify
from polishing.models import PolishingOrder
from polishing.services.moving import move_record
from receipts.models import DetachedPart, Operation, QualityCheck, Reading, Receipt, ReturnCase
from receipts.projection import differences
from receipts.services.assignment import assign
from receipts.services.flow import issue
from receipts.services.quality import ReadingInput, add_reading, pass_check, start_test_run
from receipts.services.returns import ItemInput, return_watch
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_submitted,
    make_worked,
    reason_id,
)
from tests.domain.snapshot import refused, writes
from tests.domain.standing import standing
from workshop.lib.errors import (
    Duplicate,
    IllegalTransition,
    NotAllowed,
    NotFound,
    RuleViolation,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _move(cast: Cast, what: str, pk: int, source: Receipt, target: Receipt, **more: Any) -> Any:
    values = {"reason": "wrong receipt", "actor": cast.actor("igor")} | more
    return move_record(
        what=what,
        record_id=pk,
        from_receipt_id=source.pk,
        to_receipt_id=target.pk,
        **values,
    )


def _ok(*receipts: Receipt) -> None:
    for receipt in receipts:
        assert differences(Receipt.objects.get(pk=receipt.pk)) == {}
    assert list(verify()) == []


def test_a_work(cast: Cast) -> None:
    target, source = make_in_work(cast, at=AT), make_worked(cast, at=AT + HOUR)
    old = Operation.objects.get()
    kinds = ("work_voided", "work_recorded", "record_moved", "record_moved")
    with writes(*(f"receipt.{kind}" for kind in kinds)) as events:
        outcome = _move(cast, "work", old.pk, source, target)
    old.refresh_from_db()
    new = Operation.objects.valid().get()
    assert (old.void_reason, new.receipt_id, new.employee_id, new.performed_at) == (
        "wrong receipt", target.pk, old.employee_id, old.performed_at,
    )  # fmt: skip
    assert [event.stream for event in events] == [
        source.stream, target.stream, source.stream, target.stream,
    ]  # fmt: skip
    assert events[2].payload == events[3].payload
    assert events[2].payload == {
        "what": "work",
        "old_id": old.pk,
        "new_id": new.pk,
        "from_receipt": {"id": source.pk, "name": str(source)},
        "to_receipt": {"id": target.pk, "name": str(target)},
        "reason": "wrong receipt",
    }
    assert (outcome.object.pk, outcome.extra) == (target.pk, {"new_id": new.pk})
    assert {event.command_id for event in events} == {outcome.command.pk}
    _ok(source, target)


@pytest.mark.parametrize("is_open", [True, False])
def test_an_order(cast: Cast, is_open: bool) -> None:
    target, source = make_in_work(cast, at=AT), make_in_work(cast, at=AT)
    make = make_order if is_open else make_polished
    order = make(cast, source, at=AT + HOUR)
    _move(cast, "order", order.pk, source, target)
    old, new = PolishingOrder.objects.order_by("pk")
    assert (old.is_void, new.receipt_id, new.sent_at, new.returned_at) == (
        True, target.pk, order.sent_at, order.returned_at,
    )  # fmt: skip
    away = DetachedPart.objects.filter(until__isnull=True)
    works = Operation.objects.valid()
    if is_open:
        assert (away.get().receipt_id, works.count()) == (target.pk, 0)
    else:
        assert (away.count(), works.get().receipt_id) == (0, target.pk)
        assert new.operation == works.get()
        told = Event.objects.filter(kind="receipt.polishing_taken_back", stream=target.stream)
        assert told.get().payload["operation_id"] == works.get().pk
    _ok(source, target)


def test_an_order_whose_part_is_away_there(cast: Cast) -> None:
    target, source = make_in_work(cast, at=AT), make_in_work(cast, at=AT)
    make_order(cast, target, at=AT + HOUR)
    order = make_order(cast, source, at=AT + HOUR)
    with refused(Duplicate, "receipts.part_away", "parts"):
        _move(cast, "order", order.pk, source, target)


def _with_readings(cast: Cast) -> Receipt:
    source = make_submitted(cast, at=AT)
    igor = cast.actor("igor")
    start_test_run(receipt_id=source.pk, hours=24, actor=igor, at=AT + HOUR)
    reading = ReadingInput(rate=Decimal("4.0"))
    add_reading(receipt_id=source.pk, reading=reading, actor=igor, at=AT + HOUR)
    return source


@pytest.mark.parametrize("begun_before", [False, True])
def test_a_return_arrives_as_a_fact(cast: Cast, begun_before: bool) -> None:
    target = make_submitted(cast, at=AT)
    source = _with_readings(cast) if begun_before else make_submitted(cast, at=AT)
    before = standing(source.pk)
    items = [ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)]
    igor = cast.actor("igor")
    return_watch(
        receipt_id=source.pk, items=items, assembler_id=cast.maxim.pk, actor=igor, at=AT + 2 * HOUR
    )
    case = ReturnCase.objects.get()
    _move(cast, "return", case.pk, source, target)

    after = standing(source.pk)
    assert after["receipt"] == before["receipt"]
    assert (after["QualityCheck"], after["ReturnCase"], after["readings"]) == ([], [], [])
    new = ReturnCase.objects.valid().get()
    item = new.items.get()
    assert (new.receipt_id, new.returned_at, new.assembler) == (
        target.pk, AT + 2 * HOUR, cast.maxim,
    )  # fmt: skip
    assert (item.responsible, item.operation) == (cast.maxim, None)
    assert Receipt.objects.get(pk=target.pk).status == "quality_control", "a fact moves nothing"
    readings = Reading.objects.filter(quality_check=new.quality_check)
    assert readings.count() == (1 if begun_before else 0)
    _ok(source, target)


@pytest.mark.parametrize("begun_before", [False, True])
def test_a_passed_check(cast: Cast, begun_before: bool) -> None:
    target = make_submitted(cast, at=AT)
    source = _with_readings(cast) if begun_before else make_submitted(cast, at=AT)
    pass_check(receipt_id=source.pk, actor=cast.actor("igor"), at=AT + 2 * HOUR)
    _move(cast, "check", QualityCheck.objects.get().pk, source, target)
    check = QualityCheck.objects.valid().get()
    assert (check.receipt_id, check.decision, check.decided_at) == (
        target.pk, "passed", AT + 2 * HOUR,
    )  # fmt: skip
    assert Receipt.objects.get(pk=source.pk).status == "quality_control"
    assert Receipt.objects.get(pk=target.pk).status == "quality_control"
    _ok(source, target)


def test_an_open_check(cast: Cast) -> None:
    target, source = make_submitted(cast, at=AT), _with_readings(cast)
    check = QualityCheck.objects.get()
    _move(cast, "check", check.pk, source, target)
    new = QualityCheck.objects.valid().get()
    assert (new.receipt_id, new.test_run_until, new.decision) == (
        target.pk, check.test_run_until, None,
    )  # fmt: skip
    third = _with_readings(cast)
    pk = QualityCheck.objects.valid().get(receipt=third).pk
    with refused(RuleViolation, "receipts.check_open_there", "receipt"):
        _move(cast, "check", pk, third, target)
    _ok(source, target)


def test_refusals(cast: Cast) -> None:
    source, target = make_worked(cast, at=AT), make_in_work(cast, at=AT + HOUR)
    work = Operation.objects.get()
    cases: list[tuple[dict[str, Any], type[Any], str, str]] = [
        ({}, RuleViolation, "receipts.move_before_receipt", "receipt"),
        ({"target": source}, RuleViolation, "receipts.move_same", "receipt"),
        ({"what": "photo"}, NotFound, "receipts.unknown_choice", "what"),
        ({"pk": 10**9}, NotFound, "receipts.no_such_work", "operation"),
        ({"what": "order"}, NotFound, "polishing.no_such_order", "order"),
        ({"what": "check"}, NotFound, "receipts.no_such_check", "check"),
        ({"what": "return"}, NotFound, "receipts.no_such_return", "return"),
        ({"reason": " "}, RuleViolation, "text.required", "reason"),
        ({"actor": cast.actor("maxim")}, NotAllowed, "access.not_allowed", ""),
    ]
    for values, kind, code, field in cases:
        named = {"what": "work", "pk": work.pk, "source": source, "target": target} | values
        with refused(kind, code, field):
            _move(cast, **named)
    issued = make_ready(cast, at=AT)
    issue(receipt_id=issued.pk, as_taken_in=True, actor=cast.actor("igor"))
    with refused(IllegalTransition, "receipts.impossible_now"):
        _move(cast, "work", work.pk, source, issued)


def test_only_the_last_decision_moves(cast: Cast) -> None:
    target, source = make_submitted(cast, at=AT), make_submitted(cast, at=AT)
    igor = cast.actor("igor")
    return_watch(
        receipt_id=source.pk, items=[ItemInput(reason_id("dirt_inside"))], actor=igor, at=AT + HOUR
    )
    assign(receipt_id=source.pk, master_id=cast.mark.pk, actor=igor)
    with refused(RuleViolation, "receipts.move_not_last", "record"):
        _move(cast, "return", ReturnCase.objects.get().pk, source, target)


def test_polishing_work_moves_with_its_order(cast: Cast) -> None:
    target, source = make_in_work(cast, at=AT), make_in_work(cast, at=AT)
    order = make_polished(cast, source, at=AT + HOUR)
    assert order.operation_id is not None
    with refused(RuleViolation, "receipts.work_of_polishing", "operation"):
        _move(cast, "work", order.operation_id, source, target)
