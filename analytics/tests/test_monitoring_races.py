"""Two workers at one slot, and two clean-ups at one day: on PostgreSQL, with real threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from analytics.models import DailyNumber, Snapshot
from analytics.services.snapshots import capture, forget, take
from history.commands import CommandKey
from workshop.lib.actor import system_actor

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 6, 16, 9, 1, tzinfo=UTC)
SLOT = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
TOGETHER = 4


def at_once(work: Callable[[], Any]) -> list[Any]:
    """What each of the threads got; raises what one of them raised."""
    barrier, found, failures = Barrier(TOGETHER), [], []

    def run() -> None:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            found.append(work())
        except BaseException as error:  # a thread tells nobody by itself
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _number in range(TOGETHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    return found


def test_a_slot_has_one_snapshot_and_everybody_gets_it() -> None:
    for number in range(3):
        slot = SLOT + timedelta(minutes=15 * number)
        found = at_once(lambda slot=slot: take(slot=slot, at=AT).pk)  # type: ignore[misc]
        assert len(set(found)) == 1
    assert Snapshot.objects.count() == 3


def test_a_command_has_one_snapshot() -> None:
    key = CommandKey("tests", "twins")
    found = at_once(lambda: capture(actor=system_actor("tests"), command=key, at=AT).object.pk)
    assert len(set(found)) == Snapshot.objects.count() == 1


def test_a_day_is_rolled_up_once() -> None:
    for minute in range(20):
        Snapshot.objects.create(
            taken_at=AT - timedelta(days=40, minutes=minute),
            duration_ms=1,
            schema=1,
            numbers={"overdue": 1},
        )
    done = at_once(lambda: forget(at=AT))
    assert sum(one.snapshots for one in done) == 20
    one = DailyNumber.objects.get()
    assert (float(one.total), one.count) == (20.0, 20)
