"""The leading scheduler: one sends, the others stand by, and doubt means silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import OperationalError
from django.db.models.functions import Now
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from history import lease
from history.jobs import scheduler
from history.jobs.scheduler import HOLD, LEASE, RENEW_EVERY, STAND_BY, LeadingScheduler
from history.models import Lease
from workshop.lib import clock

pytestmark = pytest.mark.django_db(transaction=True)


class Beat(LeadingScheduler):
    """Remembers what it sends; the broker is not needed for that."""

    def __init__(self) -> None:
        super().__init__(app=current_app, lazy=True)
        self._finalize.cancel()  # at the end of the process it would write down once more
        self.sent: list[str] = []

    def apply_async(self, entry: Any, producer: Any = None, **_more: Any) -> None:
        self.sent.append(entry.name)

    def turn(self) -> list[str]:
        """Ticks until it would sleep; what was sent meanwhile."""
        before = len(self.sent)
        while self.tick() <= 0:
            pass
        return self.sent[before:]

    def renewal_is_due(self) -> None:
        self._renewed -= RENEW_EVERY


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Beat]:
    """Beats of other machines: where a process died there, nobody here can see."""
    monkeypatch.setattr(Beat, "producer", None, raising=False)
    monkeypatch.setattr(scheduler, "own_name", lambda: "elsewhere")
    PeriodicTask.objects.update(last_run_at=clock.now() - timedelta(days=2))

    return Beat


def expire() -> None:
    Lease.objects.filter(name=LEASE).update(until=Now() - timedelta(milliseconds=50))


def test_one_leads_and_sends_everything_once(beats: Callable[[], Beat]) -> None:
    first, second = beats(), beats()
    sent = first.turn()
    assert "history.sweep_outbox" in sent
    assert len(sent) == len(set(sent))
    assert second.turn() == []
    assert second.tick() == STAND_BY
    assert first.turn() == [], "nothing is due yet"


def test_another_takes_over_when_the_lease_has_run_out(beats: Callable[[], Beat]) -> None:
    first, second = beats(), beats()
    first.turn()
    first.sync()
    assert second.turn() == []
    expire()
    PeriodicTask.objects.update(last_run_at=clock.now() - timedelta(days=2))
    PeriodicTasks.update_changed()
    assert "history.sweep_outbox" in second.turn(), "with the schedule as it is now"
    first.renewal_is_due()
    PeriodicTask.objects.update(last_run_at=clock.now() - timedelta(days=2))
    assert first.turn() == [], "the former leader notices"
    assert first.tick() == STAND_BY


def test_a_leader_renews_in_time(beats: Callable[[], Beat]) -> None:
    first = beats()
    first.tick()
    Lease.objects.filter(name=LEASE).update(until=Now() + timedelta(seconds=1))
    first.renewal_is_due()
    first.tick()
    assert Lease.objects.get(name=LEASE).until > clock.now() + HOLD - timedelta(seconds=2)


def test_a_pause_longer_than_the_lease_sends_nothing(beats: Callable[[], Beat]) -> None:
    first = beats()
    assert first.turn()
    entry = next(iter(first.schedule.values()))
    first.sent.clear()
    first._renewed = time.monotonic() - HOLD.total_seconds()
    first.apply_entry(entry)
    assert first.sent == []
    first._renewed = time.monotonic()
    first.apply_entry(entry)
    assert first.sent == [entry.name]


def test_a_lost_database_is_lost_leadership(
    beats: Callable[[], Beat], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = beats()
    first.turn()

    def lost(*_arguments: Any, **_more: Any) -> bool:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(lease, "renew", lost)
        first.renewal_is_due()
        assert first.tick() == STAND_BY
    assert first._token is None
    assert first.tick() == STAND_BY, "it queues up like the others"
    expire()
    assert first.tick() != STAND_BY or first._token


def test_a_schedule_that_cannot_be_read_is_given_up(
    beats: Callable[[], Beat], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = beats()

    def lost(_self: Any) -> Any:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(Beat, "all_as_schedule", lost)
        assert first.tick() == STAND_BY
    assert first._token is None


def test_an_orderly_end_hands_over_at_once(beats: Callable[[], Beat]) -> None:
    first, second = beats(), beats()
    first.turn()
    first.close()
    assert second.turn() or second._token


def test_what_it_writes_down_is_its_own(
    beats: Callable[[], Beat], django_assert_num_queries: Any
) -> None:
    first = beats()
    first.turn()
    row = PeriodicTask.objects.filter(name="history.sweep_outbox")
    before = row.values_list("total_run_count", flat=True).get()
    PeriodicTask.objects.update(enabled=False, queue="of the office")
    with django_assert_num_queries(len(first._dirty)):
        first.sync()
    after = row.get()
    assert (after.total_run_count, after.enabled) == (before + 1, False)
    assert after.queue == "of the office"
    assert after.last_run_at > clock.now() - timedelta(minutes=1)


def test_a_look_in_vain_asks_one_thing(
    beats: Callable[[], Beat], django_assert_num_queries: Any
) -> None:
    """Each second, also when nobody does anything: whether the schedule was changed."""
    first = beats()
    first.turn()
    with django_assert_num_queries(2):  # and the library's COMMIT of nothing
        assert first.tick() > 0


def test_a_changed_schedule_is_seen_at_the_next_look(beats: Callable[[], Beat]) -> None:
    first = beats()
    first.turn()
    first.tick()
    row = PeriodicTask.objects.get(name="history.sweep_outbox")
    row.enabled = False
    row.save()
    first.tick()
    assert row.name not in first.schedule


def test_a_starting_beat_overwrites_nothing(beats: Callable[[], Beat]) -> None:
    PeriodicTask.objects.filter(name="botapp.clean_up").update(enabled=False)
    before = list(PeriodicTask.objects.order_by("pk").values())
    LeadingScheduler(app=current_app)._finalize.cancel()
    assert list(PeriodicTask.objects.order_by("pk").values()) == before
    assert "botapp.clean_up" not in beats().turn()
