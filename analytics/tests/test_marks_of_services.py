"""Whatever a service changes, the numbers know it at once: nothing is marked here by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from analytics import checking
from analytics.models import Mark
from analytics.services import rollups
from polishing.services.moving import move_record
from polishing.services.orders import void_order
from receipts.models import Operation, ReturnItem
from receipts.services.assignment import assign
from receipts.services.quality import pass_check
from receipts.services.returns import (
    ItemInput,
    change_assembler,
    change_responsible,
    return_watch,
)
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work, void_work
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_polished,
    make_receipt,
    make_worked,
    reason_id,
    type_id,
)
from workshop.lib import clock

pytestmark = pytest.mark.django_db
AT = clock.now() - timedelta(days=40)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def told_at_once(change: Callable[[], object]) -> None:
    """Before, all is rolled up; after the change the answers are those of the facts, marked or
    refreshed."""
    while rollups.refresh(at=clock.now()).left:
        pass
    assert not Mark.objects.exists()
    change()
    assert Mark.objects.exists()
    _compare()
    rollups.refresh(at=clock.now())
    _compare()


def _compare() -> None:
    for month in {AT.date().replace(day=1), (AT + timedelta(days=20)).date(), clock.today()}:
        assert [str(one) for one in checking.differences(month)] == []


def test_works_and_their_voiding(cast: Cast) -> None:
    igor, receipt = cast.actor("igor"), make_in_work(cast, at=AT)
    make_worked(cast, at=AT)
    back = WorkInput(type_id("assembly"), cast.maxim.pk, performed_at=AT + timedelta(days=9))
    now = WorkInput(type_id("mechanism"), cast.mark.pk)
    for work in (now, back):
        told_at_once(lambda: record_work(receipt_id=receipt.pk, works=[work], actor=igor))  # noqa: B023
    row = Operation.objects.filter(receipt=receipt).earliest("pk")
    told_at_once(
        lambda: void_work(receipt_id=receipt.pk, operation_id=row.pk, reason="x", actor=igor)
    )


def test_decisions_and_their_undoing(cast: Cast) -> None:
    igor, receipt = cast.actor("igor"), make_worked(cast, at=AT)
    pk = receipt.pk
    items = [ItemInput(reason_id("wrong_assembly"), "person", cast.maxim.pk)]

    def come_back() -> None:
        return_watch(receipt_id=pk, items=items, assembler_id=cast.maxim.pk, actor=igor)

    told_at_once(come_back)
    item = ReturnItem.objects.get()
    told_at_once(
        lambda: change_responsible(
            receipt_id=pk, item_id=item.pk, responsibility="not_ours", reason="x", actor=igor
        )
    )
    case = item.return_case_id
    told_at_once(
        lambda: change_assembler(
            receipt_id=pk, return_id=case, assembler_id=cast.mark.pk, reason="x", actor=igor
        )
    )
    told_at_once(lambda: void_decision(receipt_id=pk, reason="x", actor=igor))
    told_at_once(come_back)
    assign(receipt_id=pk, master_id=cast.maxim.pk, actor=igor)
    again = [WorkInput(type_id("assembly"), cast.maxim.pk)]
    told_at_once(lambda: record_work(receipt_id=pk, works=again, actor=igor))
    told_at_once(lambda: pass_check(receipt_id=pk, actor=igor))
    told_at_once(lambda: void_decision(receipt_id=pk, reason="x", actor=igor))


def test_moves_change_both_receipts(cast: Cast) -> None:
    igor = cast.actor("igor")
    source, target = make_worked(cast, at=AT), make_in_work(cast, at=AT)
    row = Operation.objects.get(receipt=source)
    told_at_once(
        lambda: move_record(
            what="work",
            record_id=row.pk,
            from_receipt_id=source.pk,
            to_receipt_id=target.pk,
            reason="x",
            actor=cast.actor("anna"),
        )
    )
    items = [ItemInput(reason_id("wrong_assembly"), "person", cast.maxim.pk)]
    case = return_watch(receipt_id=target.pk, items=items, actor=igor).extra["return_id"]
    told_at_once(
        lambda: move_record(
            what="return",
            record_id=case,
            from_receipt_id=target.pk,
            to_receipt_id=source.pk,
            reason="x",
            actor=cast.actor("anna"),
        )
    )


def test_polishing_and_registration(cast: Cast) -> None:
    receipt = make_in_work(cast, at=AT)
    orders = []
    told_at_once(lambda: orders.append(make_polished(cast, receipt)))
    told_at_once(lambda: void_order(order_id=orders[0].pk, reason="x", actor=cast.actor("anna")))
    told_at_once(lambda: make_receipt(cast))
