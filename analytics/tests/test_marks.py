"""What marks a receipt, and what that costs the change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import marks
from analytics.models import Mark
from analytics.services.marking import mark
from history.commands import CommandKey
from history.models import Event
from history.registry import kinds
from receipts.models import Operation
from receipts.services.assignment import assign
from receipts.services.bulk.writer import writer
from receipts.services.facts import add_comment, edit_facts, set_urgent
from receipts.services.flow import submit
from receipts.services.works import WorkInput, record_work, void_work
from staff.actors import employee_actor
from tests.cast import Cast, make_cast, make_in_work, make_ready, make_receipt, type_id
from workshop.lib.actor import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def marked_by(change: Callable[[], object]) -> list[tuple[str, int]]:
    """(kind, receipt) of the marks that the change left."""
    Mark.objects.all().delete()
    change()
    return list(Mark.objects.order_by("event").values_list("event__kind", "receipt"))


def test_only_what_a_number_can_tell_leaves_a_mark(cast: Cast) -> None:
    igor = cast.actor("igor")
    receipt = make_receipt(cast)
    pk = receipt.pk
    assert list(Mark.objects.values_list("receipt", flat=True)) == [pk]

    def record() -> None:
        works = [WorkInput(type_id("assembly"), cast.maxim.pk)]
        record_work(receipt_id=pk, works=works, actor=igor)

    def void() -> None:
        row = Operation.objects.get(receipt=pk)
        void_work(receipt_id=pk, operation_id=row.pk, reason="twice", actor=igor)

    assert marked_by(lambda: assign(receipt_id=pk, master_id=cast.maxim.pk, actor=igor)) == []
    assert marked_by(lambda: add_comment(receipt_id=pk, text="a scratch", actor=igor)) == []
    assert marked_by(lambda: set_urgent(receipt_id=pk, urgent=True, actor=igor)) == []
    assert marked_by(lambda: edit_facts(receipt_id=pk, facts={"place": "A"}, actor=igor)) == []
    assert marked_by(record) == [("receipt.work_recorded", pk)]
    assert marked_by(void) == [("receipt.work_voided", pk)]
    assert marked_by(lambda: submit(receipt_id=pk, actor=igor)) == []
    facts = {"visit_kind": "warranty"}
    told = marked_by(lambda: edit_facts(receipt_id=pk, facts=facts, actor=igor))
    assert told == [("receipt.facts_changed", pk)]


def test_a_mark_is_one_insert_and_others_pay_nothing(cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor = cast.actor("igor")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        add_comment(receipt_id=receipt.pk, text="x", actor=igor)
        assert not [one for one in queries if "analytics" in one["sql"]]
        works = [WorkInput(type_id("assembly"), cast.maxim.pk)]
        record_work(receipt_id=receipt.pk, works=works, actor=igor)
    found = [one["sql"] for one in queries if "analytics" in one["sql"]]
    assert len(found) == 1
    assert found[0].startswith("INSERT")


def test_a_bulk_leaves_one_mark_for_each_receipt(cast: Cast) -> None:
    make_ready(cast)
    before = Event.objects.order_by("pk").last()
    assert before is not None
    Mark.objects.all().delete()
    events = list(Event.objects.filter(stream__startswith="receipt:"))
    assert sum(marks.is_marking(event) for event in events) > 2
    mark(events)
    assert marks.marked_receipts() == [marks.receipt_of(events[0])]


def test_every_marking_kind_is_a_kind_of_receipts() -> None:
    assert set(kinds()) >= marks.MARKING
    assert all(kind.startswith(marks.STREAM.replace(":", ".")) for kind in marks.MARKING)


def test_the_writer_of_histories_marks_too(cast: Cast) -> None:
    Mark.objects.all().delete()
    with writer() as rows:
        draft = rows.draft(
            number="B-1",
            key=CommandKey("tests", "bulk:1"),
            actor=employee_actor(cast.igor, Channel("import", silent=True)),
            at=cast.maxim.created_at,
        )
    assert marks.marked_receipts() == [draft.receipt.pk]
