"""The numbers of the bot: its sign of life, its inbox, the sending queue and the reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from analytics.monitoring.sources import read_all
from analytics.system_state import BOT
from botapp import monitoring, reasons
from botapp.models import InboundUpdate, OutgoingMessage, PersonReach
from botapp.running import HEARTBEAT
from history import lease
from history.models import Event, Lease
from receipts.models import Receipt, Reminder
from staff.models import Employee
from tests.cast import make_cast, make_receipt
from workshop.lib import clock

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AT = clock.now()


def numbers() -> dict[str, Any]:
    reading = read_all(at=AT)
    assert reading.failed == ()
    return reading.numbers


def test_the_bot_beats_under_the_name_that_is_read() -> None:
    assert HEARTBEAT == BOT
    assert numbers()["bot_silent"] is None
    lease.beat(HEARTBEAT, "x")
    Lease.objects.filter(name=HEARTBEAT).update(seen_at=Now() - 10 * MINUTE)
    assert 600 <= numbers()["bot_silent"] < 660


def update(number: int, state: str, **more: Any) -> None:
    InboundUpdate.objects.create(
        bot_id=1, update_id=number, chat_id=1, raw="{}", state=state, **more
    )


def test_what_people_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    update(1, "new", received_at=AT - 90 * MINUTE)
    update(2, "new", received_at=AT)
    update(3, "done", received_at=AT - 5 * HOUR, done_at=AT - HOUR)
    update(4, "failed", done_at=AT - 59 * MINUTE)
    update(5, "failed", done_at=AT - 61 * MINUTE)
    found = numbers()
    names = ("inbound_waiting", "inbound_lag", "inbound_failed")
    assert [found[name] for name in names] == [2, 5400, 1]
    monkeypatch.setattr(monitoring, "MOST", 1)
    assert numbers()["inbound_waiting"] == 1


@pytest.fixture
def event() -> Event:
    make_receipt(make_cast())
    found: Event = Event.objects.latest("id")
    OutgoingMessage.objects.all().delete()
    return found


def notice(event: Event, who: str, state: str, **more: Any) -> None:
    OutgoingMessage.objects.create(
        event=event, recipient=who, template="x", state=state, **{"due_at": AT - MINUTE, **more}
    )


def test_the_queue_holds_what_should_have_left(event: Event) -> None:
    notice(event, "a", "waiting", due_at=AT + HOUR)  # in the morning
    notice(event, "b", "waiting", due_at=AT - MINUTE)
    notice(event, "c", "claimed", due_at=AT - 2 * MINUTE)
    notice(event, "d", "failed", due_at=AT + HOUR, planned_at=AT - 3 * MINUTE)
    notice(event, "e", "sent", due_at=AT - HOUR)
    notice(event, "f", "dead", due_at=AT - HOUR)
    found = numbers()
    assert (found["outgoing_queue"], found["outgoing_oldest"]) == (3, 180)


def test_given_up_lately_though_somebody_could_have_had_it(event: Event) -> None:
    notice(event, "a", "dead", tried_at=AT - 23 * HOUR, last_error="Blocked")
    notice(event, "b", "dead", tried_at=AT - 25 * HOUR, last_error="Blocked")
    notice(event, "c", "dead", tried_at=AT - HOUR, last_error=sorted(reasons.SETTLED)[0])
    notice(event, "d", "failed", tried_at=AT - HOUR, last_error="Blocked")
    for who, error in (("e", f"{reasons.UNREACHABLE}Forbidden"), ("f", reasons.NO_ACCOUNT)):
        notice(event, who, "dead", tried_at=AT - HOUR, last_error=error)
    assert numbers()["outgoing_dead"] == 1


def test_whom_the_bot_does_not_reach() -> None:
    cast = make_cast()
    for person in (cast.maxim, cast.mark, cast.pavel):
        PersonReach.objects.create(employee=person, reason="Forbidden")
    Employee.objects.filter(pk=cast.pavel.pk).update(active=False)
    assert numbers()["people_unreachable"] == 2


def test_reminders_planned_late_and_in_vain(event: Event) -> None:
    receipt = Receipt.objects.get()

    def reminder(kind: str, fate: str, due: Any, told: Event | None = None) -> None:
        Reminder.objects.create(
            receipt=receipt, deadline_version=1, kind=kind, fate=fate, due_at=due, event=told
        )

    before = numbers()["reminders_pending"]
    reminder("a", "planned", AT + HOUR)
    assert numbers()["reminders_late"] == 0
    reminder("b", "planned", AT - 4 * MINUTE)
    reminder("c", "fired", AT - HOUR, event)
    reminder("d", "fired", AT - HOUR, event)  # both in one notice
    reminder("e", "cancelled", AT - 9 * HOUR)
    other = Event.objects.exclude(pk=event.pk).latest("id")
    lately = {"tried_at": AT - MINUTE, "last_error": "Timeout"}
    notice(event, "a", "dead", **lately)
    notice(event, "b", "failed", **lately)
    notice(event, "c", "sent", **lately)
    notice(event, "d", "dead", tried_at=AT - 25 * HOUR)
    notice(other, "a", "dead", **lately)
    found = numbers()
    assert found["reminders_pending"] == before + 2
    assert found["reminders_late"] == 240
    assert found["reminders_failed"] == 2
