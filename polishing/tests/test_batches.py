"""Batches: closed when everything is back, flagged when late, never closed by inventing facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from history.jobs import Turn, declared_jobs
from history.models import Event
from polishing.models import PolishingBatch, PolishingOrder
from polishing.services.batches import flag_expired, open_batch
from polishing.services.moving import move_record
from polishing.services.orders import reopen_order, send_to_polishing, take_back, void_order
from staff.services.people import change_roles, set_active
from tests.cast import Cast, make_cast, make_in_work
from tests.domain.snapshot import refused, writes
from workshop.lib.actor import system_actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _open(cast: Cast, due_at: datetime | None = None) -> PolishingBatch:
    return open_batch(
        polisher_id=cast.pavel.pk, due_at=due_at, actor=cast.actor("igor"), at=AT
    ).object


def _send(cast: Cast, batch: PolishingBatch) -> PolishingOrder:
    return send_to_polishing(
        receipt_id=make_in_work(cast, at=AT).pk,
        polisher_id=cast.pavel.pk,
        batch_id=batch.pk,
        actor=cast.actor("igor"),
        at=AT,
    ).object


def _kinds(batch: PolishingBatch) -> list[str]:
    events = Event.objects.filter(stream=batch.stream).order_by("sequence")
    return [event.kind.removeprefix("batch.") for event in events]


def test_numbers_run_on(cast: Cast) -> None:
    with writes("batch.opened") as events:
        first = _open(cast, AT + HOUR)
    assert events[0].payload == {
        "number": first.number,
        "polisher": {"id": cast.pavel.pk, "name": cast.pavel.short_name},
        "due_at": "2026-11-20T10:30:00.000000Z",
    }
    assert _open(cast).number == first.number + 1


def test_refusals(cast: Cast) -> None:
    igor = cast.actor("igor")
    with refused(RuleViolation, "polishing.not_a_polisher", "polisher"):
        open_batch(polisher_id=cast.maxim.pk, actor=igor)
    with refused(RuleViolation, "polishing.batch_due_in_past", "due_at"):
        open_batch(polisher_id=cast.pavel.pk, due_at=AT, actor=igor, at=AT)
    for who in ("maxim", "pavel", "boris"):
        with refused(NotAllowed, "access.not_allowed"):
            open_batch(polisher_id=cast.pavel.pk, actor=cast.actor(who))
    set_active(employee_id=cast.pavel.pk, active=False, actor=cast.actor("anna"))
    with refused(RuleViolation, "polishing.not_a_polisher", "polisher"):
        open_batch(polisher_id=cast.pavel.pk, actor=igor)


def test_it_closes_with_the_last_order_and_opens_again(cast: Cast) -> None:
    igor = cast.actor("igor")
    batch = _open(cast)
    first, second, third = (_send(cast, batch) for _ in range(3))
    take_back(order_id=first.pk, actor=igor)
    void_order(order_id=second.pk, reason="never sent", actor=igor)
    assert _kinds(batch) == ["opened"]
    take_back(order_id=third.pk, done=False, reason="plated", actor=igor, at=AT + HOUR)
    batch.refresh_from_db()
    assert (batch.closed_at, _kinds(batch)) == (AT + HOUR, ["opened", "closed"])
    reopen_order(order_id=first.pk, reason="wrong", actor=igor)
    batch.refresh_from_db()
    assert (batch.closed_at, _kinds(batch)) == (None, ["opened", "closed", "reopened"])
    void_order(order_id=first.pk, reason="wrong", actor=igor)
    assert _kinds(batch) == ["opened", "closed", "reopened", "closed"]


def test_nothing_more_goes_into_a_closed_one_or_anothers(cast: Cast) -> None:
    igor = cast.actor("igor")
    batch = _open(cast)
    take_back(order_id=_send(cast, batch).pk, actor=igor)
    with refused(RuleViolation, "polishing.batch_of_another", "batch"):
        _send_into(cast, batch, cast.pavel.pk)
    change_roles(employee_id=cast.mark.pk, roles=["polisher"], actor=cast.actor("anna"))
    other = open_batch(polisher_id=cast.mark.pk, actor=igor).object
    with refused(RuleViolation, "polishing.batch_of_another", "batch"):
        _send_into(cast, other, cast.pavel.pk)


def _send_into(cast: Cast, batch: PolishingBatch, polisher_id: int) -> None:
    receipt = PolishingOrder.objects.earliest("pk").receipt
    send_to_polishing(
        receipt_id=receipt.pk,
        polisher_id=polisher_id,
        batch_id=batch.pk,
        actor=cast.actor("igor"),
    )


def test_an_expired_one_is_flagged_once_for_a_person(cast: Cast) -> None:
    batch = _open(cast, AT + HOUR)
    _send(cast, batch)
    job = system_actor("job")
    with writes():
        flag_expired(batch_id=batch.pk, actor=job, at=AT + HOUR - timedelta(microseconds=1))
    with writes("batch.flagged") as events:
        flag_expired(batch_id=batch.pk, actor=job, at=AT + HOUR)
    assert events[0].payload == {"number": batch.number, "open_orders": 1}
    with writes():
        flag_expired(batch_id=batch.pk, actor=job, at=AT + 9 * HOUR)
    batch.refresh_from_db()
    assert (batch.flagged_at, batch.closed_at) == (AT + HOUR, None)
    assert PolishingOrder.objects.get().returned_at is None
    for who in ("maxim", "boris"):
        with refused(NotAllowed, "access.not_allowed"):
            flag_expired(batch_id=batch.pk, actor=cast.actor(who))
    with refused(NotFound, "polishing.no_such_batch", "batch"):
        flag_expired(batch_id=10**9, actor=job)


def test_one_without_a_date_or_closed_is_never_flagged(cast: Cast) -> None:
    job = system_actor("job")
    undated, closed = _open(cast), _open(cast, AT + HOUR)
    take_back(order_id=_send(cast, closed).pk, actor=cast.actor("igor"))
    with writes():
        for batch in (undated, closed):
            flag_expired(batch_id=batch.pk, actor=job, at=AT + 99 * HOUR)


def test_the_job_of_the_night_flags_each_late_batch_once(cast: Cast) -> None:
    late = [_open(cast, AT + HOUR), _open(cast, AT + 2 * HOUR)]
    _open(cast, AT + 9 * HOUR)
    _open(cast)
    for batch in late:
        _send(cast, batch)
    job = declared_jobs()["polishing.flag_expired"]
    turn = Turn(job.name, slot=AT + 3 * HOUR, at=AT + 3 * HOUR)
    with writes("batch.flagged", "batch.flagged") as events:
        assert job.work(turn) == {"flagged": 2}
    assert {event.actor_label for event in events} == {"polishing.flag_expired"}
    with writes():
        assert job.work(turn) == {"flagged": 0}
    PolishingBatch.objects.update(flagged_at=None)  # as if the run had been killed before
    with writes():
        assert job.work(turn) == {"flagged": 2}, "the same slot replays its commands"


def test_its_last_order_moves_and_the_batch_stays_open(cast: Cast) -> None:
    igor = cast.actor("igor")
    batch = _open(cast)
    order = _send(cast, batch)
    target = make_in_work(cast, at=AT)
    moved = move_record(
        what="order",
        record_id=order.pk,
        from_receipt_id=order.receipt_id,
        to_receipt_id=target.pk,
        reason="wrong receipt",
        actor=igor,
    )
    batch.refresh_from_db()
    assert (batch.closed_at, _kinds(batch)) == (None, ["opened"])
    take_back(order_id=moved.extra["new_id"], actor=igor)
    assert _kinds(batch) == ["opened", "closed"]
