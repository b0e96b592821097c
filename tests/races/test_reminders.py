"""Two schedulers fire at the same moment, while somebody passes a watch (pitfalls 5 and 22)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import close_old_connections, connection

from history.models import Event
from receipts.models import Receipt, Reminder
from receipts.services.deadlines import change_deadline
from receipts.services.quality import pass_check
from receipts.services.reminders import fire_due
from tests.cast import make_cast, make_submitted
from workshop.lib import clock

ROUNDS, WATCHES, BEATS = 3, 6, 4


@pytest.mark.django_db(transaction=True)
def test_many_beats_and_a_pass_at_once_tell_each_watch_once() -> None:
    cast = make_cast()
    for _round in range(ROUNDS):
        now = clock.now()
        begin = now - timedelta(days=3)
        receipts = [make_submitted(cast, at=begin) for _number in range(WATCHES)]
        for receipt in receipts:
            change_deadline(
                receipt_id=receipt.pk,
                deadline=now + timedelta(minutes=30),
                actor=cast.actor("igor"),
                at=begin,
            )
        passed, errors = receipts[0], []
        gate = threading.Barrier(BEATS + 1)

        def beat(gate: threading.Barrier = gate, errors: list[Exception] = errors) -> None:
            _together(gate, errors, fire_due)

        def press(
            gate: threading.Barrier = gate,
            errors: list[Exception] = errors,
            pk: int = passed.pk,
        ) -> None:
            _together(gate, errors, lambda: pass_check(receipt_id=pk, actor=cast.actor("ivan")))

        threads = [threading.Thread(target=beat) for _number in range(BEATS)]
        threads.append(threading.Thread(target=press))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        fire_due()  # the next minute: what somebody held is taken now
        assert errors == []
        told = [
            pk
            for event in Event.objects.filter(kind="reminders.fired")
            for ids in event.payload["receipts"].values()
            for pk in ids
        ]
        mine = [pk for pk in told if pk in {receipt.pk for receipt in receipts}]
        assert len(mine) == len(set(mine))
        assert {receipt.pk for receipt in receipts[1:]} <= set(mine)
        left = Reminder.objects.filter(fate="planned", due_at__lte=clock.now())
        assert not left.exists()
        assert Receipt.objects.get(pk=passed.pk).status == "ready"


def _together(gate: threading.Barrier, errors: list[Exception], work: object) -> None:
    close_old_connections()
    try:
        gate.wait(30)
        work()  # type: ignore[operator]  # a function without arguments
    except Exception as error:
        errors.append(error)
    finally:
        connection.close()
