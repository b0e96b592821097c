"""What fails for good: the person, the office and the managers are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from botapp import failures
from botapp.events import InputFailed
from botapp.models import InboundUpdate
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.test_dialogs import open_screen
from history.models import Event
from integrations.models import WebhookEndpoint
from integrations.services.webhooks import (
    add_webhook,
    pause_failing,
    pause_webhook,
    receiver_gone,
)
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import system_actor


@pytest.fixture
def bot(db: None) -> BotDriver:
    return BotDriver(raising=False)


@pytest.fixture
def traveller() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(clock.now(), tick=False) as coordinates:
        yield coordinates


def at_the_bug(bot: BotDriver, employee: Employee) -> MemoryPerson:
    person = bot.person(employee)
    person.text("/start")
    open_screen(person, "sample.broken")
    return person


def fail(bot: BotDriver, person: MemoryPerson, traveller: time_machine.Coordinates) -> None:
    person.text("bug")
    for _attempt in range(2):
        traveller.shift(timedelta(seconds=10))
        bot.work()


def events() -> list[dict[str, object]]:
    found = Event.objects.filter(kind=InputFailed.kind).order_by("sequence")
    return list(found.values_list("payload", flat=True))


def test_person_office_and_managers_are_told(
    bot: BotDriver, anna: Employee, maxim: Employee, traveller: time_machine.Coordinates
) -> None:
    boss = bot.person(anna)
    boss.text("/start")
    person = at_the_bug(bot, maxim)
    fail(bot, person, traveller)
    assert "an error of ours" in person.screen
    row = InboundUpdate.objects.get(state=InboundUpdate.FAILED)
    assert (row.error, row.attempts) == ("ZeroDivisionError", 3)
    assert events() == [{"person": "Maximov M.", "error": "ZeroDivisionError", "count": 1}]
    bot.notify()
    (notice,) = boss.notices
    assert "Maximov M." in notice
    assert "ZeroDivisionError" in notice
    assert not person.notices


def test_the_managers_hear_of_it_once_an_hour(
    bot: BotDriver, anna: Employee, maxim: Employee, traveller: time_machine.Coordinates
) -> None:
    person = at_the_bug(bot, maxim)
    for _failure in range(3):
        fail(bot, person, traveller)
    assert [one["count"] for one in events()] == [1]
    traveller.shift(timedelta(hours=1))
    fail(bot, person, traveller)
    assert [one["count"] for one in events()] == [1, 3]


def test_the_chat_goes_on_when_nobody_can_be_told(
    bot: BotDriver, maxim: Employee, traveller: time_machine.Coordinates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(failures, "STREAM", None)  # a bug of the telling itself
    person = at_the_bug(bot, maxim)
    fail(bot, person, traveller)
    assert InboundUpdate.objects.get(state=InboundUpdate.FAILED).error == "ZeroDivisionError"
    assert "an error of ours" in person.screen
    assert "Fragile" in person.text("after")


def test_the_office_lists_what_failed(
    bot: BotDriver, maxim: Employee, traveller: time_machine.Coordinates, admin_client: Client
) -> None:
    fail(bot, at_the_bug(bot, maxim), traveller)
    page = admin_client.get("/admin/botapp/inboundupdate/?state__exact=failed").content.decode()
    assert "ZeroDivisionError" in page
    assert "Maximov M." in page
    assert "bug" not in page.replace("debug", "")


def test_managers_hear_of_a_webhook_that_stopped_by_itself(bot: BotDriver, anna: Employee) -> None:
    boss = bot.person(anna)
    boss.text("/start")
    office = system_actor("office")
    url = "https://erp.example.com/hooks"
    paused, gone, quiet = (
        add_webhook(url=url, kinds=["*"], actor=office).object for _number in range(3)
    )
    WebhookEndpoint.objects.filter(pk=paused.pk).update(failing_since=clock.now())
    pause_failing(endpoint_id=paused.pk, actor=system_actor("webhooks"))
    receiver_gone(endpoint_id=gone.pk, actor=system_actor("webhooks"))
    pause_webhook(endpoint_id=quiet.pk, actor=office)
    bot.notify()
    assert len(boss.notices) == 2
    assert all("https://erp.example.com/…" in notice for notice in boss.notices)
    assert "nothing but failures since" in boss.notices[0]
