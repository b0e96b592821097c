"""The delivery loop on the simulator: no chat holds up another one, nothing is sent in vain."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from botapp import delivery, notices
from botapp.deliverer import LEASE_NAME, WIDEST, Width
from botapp.dialogs import fmt
from botapp.models import OutgoingMessage, PersonReach
from botapp.notices import Notice
from botapp.tests.conftest import make_employee
from botapp.tests.simulated import SimulatorDriver, simulated_bot, wait_until
from history.models import Event, Lease
from simulator.testing import SimServer
from staff import services
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db(transaction=True)


def render(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return Notice(fmt("%(text)s", text=params["text"])) if params["text"] else None


@pytest.fixture
def people(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[Employee]:
    monkeypatch.setitem(notices._templates, "sample", render)
    monkeypatch.setattr("botapp.deliverer.IDLE", 0.05)
    monkeypatch.setattr("botapp.deliverer.WELCOME_EVERY", 0.1)
    monkeypatch.setattr("botapp.deliverer.RENEW_EVERY", 0.1)
    monkeypatch.setattr("botapp.deliverer.OUTAGE", 3)
    return [
        make_employee(f"Person {chr(65 + number)}", 3000 + number, is_manager=True, language="en")
        for number in range(6)
    ]


@pytest.fixture
def live(people: list[Employee]) -> Iterator[SimulatorDriver]:
    with simulated_bot() as driver:
        for one in people:
            driver.person(one)
        yield driver


def notify(*people: Employee, count: int = 1, text: str = "message") -> list[OutgoingMessage]:
    """Lay rows that are due, chat by chat."""
    event = Event.objects.last()
    if event is None:
        actor = system_actor("test")
        services.rename_employee(employee_id=people[0].pk, full_name="New Name", actor=actor)
        event = Event.objects.get()
    now = clock.now()
    return OutgoingMessage.objects.bulk_create(
        OutgoingMessage(
            event=event,
            recipient=f"employee:{one.pk}",
            employee=one,
            template="sample" if number == 0 else f"sample-{number}",
            params={"text": f"{text} {number}"},
            due_at=now,
        )
        for one in people
        for number in range(count)
    )


@pytest.fixture(autouse=True)
def _many_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is unique per event, recipient and template."""
    for number in range(200):
        monkeypatch.setitem(notices._templates, f"sample-{number}", render)


def calls(sim: SimServer) -> Counter[tuple[int, int]]:
    """(chat, status) of every message that was tried."""
    entries = sim.client.ledger(method="sendMessage")
    return Counter((entry["chat_id"], entry["status"]) for entry in entries)


def told(*people: Employee) -> bool:
    rows = OutgoingMessage.objects.filter(employee__in=people)
    return not rows.exclude(state=OutgoingMessage.SENT).exists()


def test_a_closed_chat_with_many_rows_holds_up_nobody(
    people: list[Employee], live: SimulatorDriver
) -> None:
    closed, *others = people
    fault = {"method": "sendMessage", "chat_id": closed.telegram_id, "kind": "429"}
    live.sim.client.faults({**fault, "retry_after": 30, "times": 99})
    notify(closed, count=150)
    notify(*others)
    started = time.monotonic()
    wait_until(lambda: told(*others))
    assert time.monotonic() - started < 5
    assert calls(live.sim)[closed.telegram_id or 0, 429] == 1, "it is left alone"
    rows = OutgoingMessage.objects.filter(employee=closed)
    assert rows.filter(state=OutgoingMessage.WAITING).count() == 149
    (refused,) = rows.filter(state=OutgoingMessage.FAILED)
    assert (refused.attempts, refused.last_error) == (0, "the messenger asks to wait")


def test_calls_that_hang_hold_up_nobody(people: list[Employee], live: SimulatorDriver) -> None:
    hanging, *others = people
    fault = {"method": "sendMessage", "chat_id": hanging.telegram_id, "kind": "hang_after"}
    live.sim.client.faults({**fault, "seconds": 4})
    notify(hanging, count=20)
    notify(*others, count=3)
    started = time.monotonic()
    wait_until(lambda: told(*others))
    assert time.monotonic() - started < 3.5
    assert calls(live.sim)[hanging.telegram_id or 0, 200] == 0


def test_the_rows_of_a_chat_come_in_their_order(
    people: list[Employee], live: SimulatorDriver
) -> None:
    notify(*people[:3], count=12)
    wait_until(lambda: told(*people))
    for one in people[:3]:
        shown = [message["text"] for message in live.sim.client.chat(one.telegram_id or 0)]
        assert shown == [f"message {number}" for number in range(12)]


def test_who_blocked_the_bot_is_not_called_again_until_he_is_back(
    people: list[Employee], live: SimulatorDriver
) -> None:
    gone = people[0]
    number = gone.telegram_id or 0
    live.sim.client.faults({"method": "sendMessage", "chat_id": number, "kind": "403", "times": 99})
    notify(gone, count=10)
    notify(people[1])
    wait_until(
        lambda: (
            not OutgoingMessage.objects.filter(
                employee=gone, state=OutgoingMessage.WAITING
            ).exists()
        )
    )
    assert calls(live.sim)[number, 403] == 1
    assert PersonReach.objects.get().employee == gone
    live.sim.client.faults()
    live.sim.client.send_text(number, "/start")
    wait_until(lambda: told(gone))
    assert not PersonReach.objects.exists()


def test_an_outage_is_waited_for_and_costs_nobody_his_notice(
    people: list[Employee], live: SimulatorDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "BACKOFF", (timedelta(milliseconds=50),))
    live.sim.client.faults({"method": "sendMessage", "kind": "502", "times": 9999})
    notify(*people, count=5)
    wait_until(lambda: sum(calls(live.sim).values()) >= 4)
    before, started = sum(calls(live.sim).values()), time.monotonic()
    wait_until(lambda: time.monotonic() - started > 2)
    tried = sum(calls(live.sim).values()) - before
    assert tried < 10, f"{tried} calls in two seconds of an outage"
    live.sim.client.faults()
    wait_until(lambda: told(*people), 40)
    assert not OutgoingMessage.objects.filter(possible_duplicate=True).exists()


def test_a_connection_cut_after_the_call_is_told_apart(
    people: list[Employee], live: SimulatorDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "BACKOFF", (timedelta(milliseconds=50),))
    live.sim.client.faults({"method": "sendMessage", "kind": "cut_after"})
    (row,) = notify(people[0])
    wait_until(lambda: told(people[0]))
    row.refresh_from_db()
    assert row.possible_duplicate
    first, second = (one["text"] for one in live.sim.client.chat(people[0].telegram_id or 0))
    assert first == "message 0"
    assert "repeat" in second


def test_one_process_delivers_and_another_takes_over(
    people: list[Employee], live: SimulatorDriver, caplog: pytest.LogCaptureFixture
) -> None:
    lease = Lease.objects.filter(name=LEASE_NAME)
    wait_until(lambda: lease.exclude(token="").exists())
    lease.update(token="somebody else", owner="elsewhere")
    wait_until(lambda: "another process delivers now" in caplog.messages)
    (stolen,) = notify(people[0])
    notify(people[1])
    past = clock.now() - timedelta(seconds=1)
    OutgoingMessage.objects.filter(pk=stolen.pk).update(
        state=OutgoingMessage.CLAIMED, token="dead", lease_until=past
    )
    lease.update(until=past)
    wait_until(lambda: told(*people[:2]))
    stolen.refresh_from_db()
    assert stolen.possible_duplicate


def test_a_stop_leaves_nothing_claimed(people: list[Employee]) -> None:
    with simulated_bot(limits=True) as driver:
        for one in people:
            driver.person(one)
        notify(*people, count=30)
        wait_until(lambda: OutgoingMessage.objects.filter(state=OutgoingMessage.SENT).exists())
        driver.bot.stop()
        states = Counter(OutgoingMessage.objects.values_list("state", flat=True))
        assert set(states) <= {OutgoingMessage.SENT, OutgoingMessage.WAITING}
        assert states[OutgoingMessage.SENT] == sum(calls(driver.sim).values())
        assert not Lease.objects.filter(name=LEASE_NAME, until__gt=clock.now()).exists()


def test_few_are_on_their_way_together_while_that_is_enough() -> None:
    async def places(seconds: float) -> int:
        width = Width()
        for _number in range(100):
            width.note(seconds)
        return width.places

    found = [asyncio.run(places(seconds)) for seconds in (0.0, 0.005, 0.06, 0.2, 5.0)]
    assert found == [1, 1, 3, 8, WIDEST]
