"""The main job: from registration to hand-over with polishing, a return and a pass."""

from __future__ import annotations

import pytest

from history.models import Event
from history.render import line
from history.verify import verify
from polishing.services.orders import take_back
from receipts.projection import differences
from receipts.services.assignment import assign
from receipts.services.flow import issue, submit
from receipts.services.quality import pass_check
from receipts.services.returns import ItemInput, return_watch
from receipts.services.undoing import undo
from receipts.services.works import WorkInput, record_work
from tests.cast import make_cast, make_order, make_receipt, reason_id, type_id

pytestmark = pytest.mark.django_db


def test_a_watch_goes_through_the_workshop():
    cast = make_cast()
    igor = cast.actor("igor")
    receipt = make_receipt(cast, "№ 101-А")
    rid = receipt.pk
    assign(receipt_id=rid, master_id=cast.maxim.pk, purpose_id=type_id("assembly"), actor=igor)
    order = make_order(cast, receipt)
    take_back(order_id=order.pk, actor=igor)
    work = WorkInput(type_id("assembly"), cast.maxim.pk)
    record_work(receipt_id=rid, works=[work], actor=igor)
    submit(receipt_id=rid, actor=igor)
    item = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    return_watch(receipt_id=rid, items=[item], hand_to_id=cast.mark.pk, actor=igor)
    rework = WorkInput(type_id("assembly"), cast.mark.pk)
    record_work(receipt_id=rid, works=[rework], actor=igor)
    done = pass_check(receipt_id=rid, actor=igor)
    undo(command_id=done.command.pk, actor=igor)
    pass_check(receipt_id=rid, actor=igor)
    final = issue(receipt_id=rid, as_taken_in=True, actor=igor)

    assert final.object.status == "issued"
    kinds = [
        e.kind.split(".")[1] for e in Event.objects.filter(stream=receipt.stream).order_by("id")
    ]
    assert kinds == [
        "registered",
        "assigned",
        "polishing_sent",
        "work_recorded",
        "polishing_taken_back",
        "work_recorded",
        "submitted",
        "returned",
        "assigned",
        "work_recorded",
        "passed",
        "decision_voided",
        "passed",
        "issued",
    ]
    assert differences(final.object) == {}
    assert list(verify()) == []
    for event in Event.objects.all():
        assert line(event).words
