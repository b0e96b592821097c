"""Compiled statements give what the ORM gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count as CountOf
from django.db.models import F, Min
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from botapp.models import Dialog
from receipts.models import Receipt
from staff.models import Employee
from tests.cast import Cast, make_cast, make_in_work, make_receipt
from workshop.lib import clock
from workshop.lib.compiled import Change, Columns, Count, Insertion, Rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _same(found: Any, wanted: Any) -> None:
    assert type(found) is type(wanted)
    assert found._state.db == wanted._state.db
    assert not found._state.adding
    assert found.get_deferred_fields() == wanted.get_deferred_fields()
    for field in wanted._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(wanted, field.attname)


def test_a_row_is_the_one_of_the_orm(cast: Cast) -> None:
    rows = Rows(lambda slot: Employee.objects.filter(telegram_id=slot("telegram_id"))[:1])
    found = rows.first(telegram_id=cast.igor.telegram_id)
    _same(found, Employee.objects.get(pk=cast.igor.pk))
    assert rows.first(telegram_id=1) is None


def test_related_rows_come_in_the_same_query(cast: Cast) -> None:
    at_work, waiting = make_in_work(cast), make_receipt(cast)
    rows = Rows(
        lambda slot: (
            Receipt.objects.select_related("master", "watch")
            .filter(pk__in=slot.each("ids"))
            .order_by("-pk")
        )
    )
    with CaptureQueriesContext(connection) as queries:
        later, earlier = rows.all(ids=(at_work.pk, waiting.pk))
        assert (later.master, earlier.watch) == (None, None)
        assert earlier.master.short_name == cast.maxim.short_name
    assert len(queries) == 1
    _same(earlier, Receipt.objects.get(pk=at_work.pk))
    assert rows.all(ids=(at_work.pk,)) == [at_work]


def test_annotations_are_set(cast: Cast) -> None:
    make_in_work(cast)
    rows = Rows(
        lambda slot: Employee.objects.filter(pk=slot("pk")).annotate(load=CountOf("assignments"))
    )
    assert rows.all(pk=cast.maxim.pk)[0].load == 1  # type: ignore[attr-defined]  # annotated


def test_counting(cast: Cast) -> None:
    make_receipt(cast)
    make_receipt(cast)
    make_in_work(cast)
    count = Count(lambda slot: Receipt.objects.filter(status=slot("status")))
    assert (count.of(status="received"), count.of(status="ready")) == (2, 0)


def test_a_change_prepares_its_values_like_a_field() -> None:
    now = clock.now()
    row = Dialog.objects.create(chat_id=1, person_id=1, expires_at=now)
    change = Change(
        lambda slot: (
            Dialog.objects.filter(pk=slot("pk"), wanted_revision__lt=slot("revision")),
            {
                "state": slot("state"),
                "expires_at": slot("expires_at"),
                "screen": "menu",
                "show_after": Now(),
                "wanted_revision": F("wanted_revision") + 1,
            },
        )
    )
    state = {"stack": ["№ 1 — 'й' %s"], "left": []}
    later = now + timedelta(hours=1)
    assert change.run(pk=row.pk, revision=1, state=state, expires_at=later) == 1
    assert change.run(pk=row.pk, revision=1, state=state, expires_at=later) == 0
    row.refresh_from_db()
    assert (row.state, row.expires_at, row.screen) == (state, later, "menu")
    assert row.wanted_revision == 1


def test_columns_and_moments(cast: Cast) -> None:
    receipt = make_receipt(cast)
    since = Columns(
        lambda slot: (
            Receipt.objects.filter(
                status_since__lte=slot("at", Receipt._meta.get_field("status_since"))
            )
            .values("status")
            .annotate(number=CountOf("pk"), first=Min("status_since"))
            .values_list("status", "number", "first")
        )
    )
    ((status, number, first),) = since.all(at=clock.now())
    assert (status, number, first) == ("received", 1, receipt.status_since)
    assert since.all(at=receipt.status_since - timedelta(seconds=1)) == []


def test_a_moment_without_its_field_is_refused() -> None:
    rows = Rows(lambda slot: Dialog.objects.filter(expires_at=slot("at")))
    with pytest.raises(TypeError, match="slot at"):
        rows.all(at=clock.now())


def test_an_insertion_is_a_save() -> None:
    now = clock.now()
    row = Dialog(chat_id=1, person_id=1, state={"№": ["'"]}, expires_at=now)
    insertion = Insertion(Dialog)
    insertion.save(row)
    _same(row, Dialog.objects.get(pk=row.pk))
    with pytest.raises(IntegrityError), transaction.atomic():
        insertion.save(Dialog(chat_id=1, person_id=1, expires_at=now))


def test_new_rows_leave_known_ones_as_they_are() -> None:
    now = clock.now()
    insertion = Insertion(Dialog)
    for screen, people in (("one", (1, 2)), ("two", (2, 3, 4)), ("three", ())):
        insertion.save_new(
            [Dialog(chat_id=n, person_id=n, screen=screen, expires_at=now) for n in people]
        )
    found = Dialog.objects.order_by("chat_id").values_list("chat_id", "screen")
    assert list(found) == [(1, "one"), (2, "one"), (3, "two"), (4, "two")]


def test_it_is_compiled_once() -> None:
    built = []

    def build(slot: Any) -> Any:
        built.append(slot)
        return Employee.objects.filter(pk__in=slot.each("ids"))

    rows = Rows(build)
    for ids in ((1,), (2,), (3, 4, 5), (5, 6, 7, 8)):
        rows.all(ids=ids)
    assert len(built) == 2  # for one value, and for up to four
