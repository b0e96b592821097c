"""Notices: one row per (event, recipient, template), sent once, in the recipient's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import translation

from botapp import delivery, notices, reach, reasons
from botapp.dialogs import fmt
from botapp.models import Dialog, OutgoingMessage, PersonReach
from botapp.notices import Addressed, Notice, NoticeButton
from botapp.testing import BotDriver, run_now
from botapp.transport.port import Refused, RetryLater, TransportError, Unreachable
from history import relay
from history.models import Event
from staff import services
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import system_actor

OFFICE = system_actor("office")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Employee]:
    """Whoever is in the list is told about every renaming."""
    people: list[Employee] = []

    def fan(event: Event) -> Iterator[Addressed]:
        for one in people:
            yield Addressed(one, "sample", {"new": event.payload["new"]}, replace_key="sample")

    def render(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
        if params["new"] == "Nothing To Tell":
            return None
        text = fmt("%(language)s: %(new)s", language=translation.get_language(), new=params["new"])
        who = employee.pk if employee else 1
        return Notice(text, ((NoticeButton("Open", "sample_card", who),),))

    monkeypatch.setitem(notices._fans, "employee.renamed", [fan])
    monkeypatch.setitem(notices._templates, "sample", render)
    return people


def rename(employee: Employee, name: str = "New <Name>") -> None:
    services.rename_employee(employee_id=employee.pk, full_name=name, actor=OFFICE)


def test_everybody_concerned_is_told_once_in_his_language(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    Employee.objects.filter(pk=maxim.pk).update(language="ru")
    told += [anna, maxim]
    rename(maxim)
    assert bot.notify() == 2
    assert [one.text for one in bot.person(anna).notices] == ["en: New <Name>"]
    assert [one.text for one in bot.person(maxim).notices] == ["ru: New <Name>"]
    assert bot.notify() == 0


def test_the_relay_may_run_twice(bot: BotDriver, told: list[Employee], anna: Employee) -> None:
    told.append(anna)
    rename(anna)
    relay.relay_outbox()
    notices.expand(Event.objects.get(kind="employee.renamed"))
    assert OutgoingMessage.objects.count() == 1


def test_a_silent_event_notifies_nobody(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    quiet = system_actor("import", silent=True)
    services.rename_employee(employee_id=anna.pk, full_name="Quiet Name", actor=quiet)
    assert bot.notify() == 0


def test_the_button_opens_the_thing_and_parks_the_dialogue(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    person = bot.person(anna)
    person.text("/start")
    from botapp.tests.test_dialogs import to_confirm

    to_confirm(person, maxim)
    told.append(anna)
    rename(maxim, "Other Name")
    bot.notify()
    notice = person.notices[0]
    person.press_notice("Open")
    assert "Annina Anna" in person.screen
    assert person.screen.message_id > notice.message_id
    assert len(person.screens) == 1
    assert "→ New Name" in person.press("▶ Continue New Name")


def test_a_screen_above_a_notice_comes_below_it(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    person = bot.person(anna)
    person.text("/start")
    told.append(anna)
    rename(anna)
    bot.notify()
    assert person.screen.message_id < person.notices[0].message_id
    person.text("?")
    assert person.screen.message_id > person.notices[0].message_id
    assert len(person.screens) == 1


def test_a_newer_digest_replaces_the_former(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    rename(anna, "First One")
    bot.notify()
    rename(anna, "Second One")
    bot.notify()
    assert [one.text for one in bot.person(anna).notices] == ["en: Second One"]


@pytest.mark.parametrize(
    "gone", [{"active": False}, {"telegram_id": None}], ids=["left", "no account"]
)
def test_recipients_are_those_who_are_active_when_it_is_sent(
    bot: BotDriver, told: list[Employee], anna: Employee, gone: dict[str, Any]
) -> None:
    told.append(anna)
    rename(anna)
    relay.relay_outbox()
    Employee.objects.filter(pk=anna.pk).update(**gone)
    assert bot.notify() == 0
    assert OutgoingMessage.objects.get().state == OutgoingMessage.DEAD


def test_a_notice_with_nothing_to_tell_any_more_ends(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    rename(anna, "Nothing To Tell")
    assert bot.notify() == 0
    assert OutgoingMessage.objects.get().last_error == "out of date"


def test_a_temporary_failure_is_tried_again_with_backoff(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    rename(anna)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        bot.transport.fail += [TransportError("cut"), TransportError("cut")]
        assert bot.notify() == 0
        assert bot.notify() == 0
        traveller.shift(timedelta(seconds=6))
        assert bot.notify() == 0
        traveller.shift(timedelta(seconds=6))
        assert bot.notify() == 0
        traveller.shift(timedelta(seconds=30))
        assert bot.notify() == 1
    row = OutgoingMessage.objects.get()
    assert (row.state, row.attempts, row.possible_duplicate) == ("sent", 3, False)


def test_a_closed_chat_waits_as_long_as_it_was_asked(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    told += [anna, maxim]
    rename(anna)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        bot.transport.fail.append(RetryLater(30))
        assert bot.notify() == 1
        traveller.shift(timedelta(seconds=29))
        assert bot.notify() == 0
        traveller.shift(timedelta(seconds=2))
        assert bot.notify() == 1
    assert set(OutgoingMessage.objects.values_list("attempts", flat=True)) == {1}


def out_of_reach(bot: BotDriver, anna: Employee) -> None:
    rename(anna, "First Name")
    bot.transport.fail.append(Unreachable("Forbidden: bot was blocked by the user"))
    bot.notify()


def test_who_cannot_be_reached_is_marked_and_left_alone(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    told += [anna, maxim]
    out_of_reach(bot, anna)
    mark = PersonReach.objects.get(employee=anna)
    assert mark.reason == "Forbidden: bot was blocked by the user"
    rename(anna, "Second Name")
    assert bot.notify() == 1, "the others are told"
    assert [one.text for one in bot.person(anna).notices] == []
    rows = OutgoingMessage.objects.filter(employee=anna)
    assert [row.state for row in rows] == ["dead", "dead"]
    assert {reasons.words(row.last_error) for row in rows} == {"бот заблокирован этим человеком"}
    assert [bool(row.attempts or row.message_id) for row in rows] == [False, False]


def test_who_writes_again_is_told_what_he_missed(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    out_of_reach(bot, anna)
    rename(anna, "Nothing To Tell")
    rename(anna, "Third Name")
    bot.notify()
    assert reach.welcome_back() == 0
    bot.person(anna).text("/start")
    assert reach.welcome_back() == 1
    assert not PersonReach.objects.exists()
    bot.notify()
    assert [one.text for one in bot.person(anna).notices] == ["en: Third Name"]
    states = OutgoingMessage.objects.order_by("pk").values_list("state", "last_error")
    assert list(states) == [("sent", ""), ("dead", "out of date"), ("sent", "")]


def test_who_lets_the_bot_in_again_is_told_what_he_missed_today(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        out_of_reach(bot, anna)
        traveller.shift(timedelta(hours=23))
        rename(anna, "Second Name")
        bot.notify()
        traveller.shift(timedelta(hours=2))
        reach.note_block(anna.telegram_id or 0, blocked=False)
        assert bot.notify() == 1
    assert [one.text for one in bot.person(anna).notices] == ["en: Second Name"]


def test_one_notice_a_day_finds_out_whether_a_mistake_is_over(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        out_of_reach(bot, anna)
        since = PersonReach.objects.get().since
        traveller.shift(timedelta(hours=25))
        rename(anna, "Second Name")
        bot.transport.fail.append(Unreachable("Forbidden: user is deactivated"))
        rename(anna, "Third Name")
        assert bot.notify() == 0
        assert bot.transport.fail == []
        mark = PersonReach.objects.get()
        assert (mark.since, mark.reason) == (since, "Forbidden: user is deactivated")
        traveller.shift(timedelta(hours=23))
        rename(anna, "Fourth Name")
        assert bot.notify() == 0
        traveller.shift(timedelta(hours=2))
        rename(anna, "Fifth Name")
        assert bot.notify() == 1 + 1, "those of the last day come after all"
    assert not PersonReach.objects.exists()


def test_a_refused_notice_is_given_up_and_the_others_go_on(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    told += [anna, maxim]
    rename(anna)
    bot.transport.fail.append(Refused("can't parse entities"))
    assert bot.notify() == 1


def test_a_template_with_a_bug_holds_up_nobody(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    good = notices._templates["sample"]

    def bad(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
        if employee == anna:
            raise ZeroDivisionError
        return good(params, employee)

    monkeypatch.setitem(notices._templates, "sample", bad)
    told += [anna, maxim]
    rename(anna)
    assert bot.notify() == 1
    failed = OutgoingMessage.objects.get(employee=anna)
    assert (failed.state, failed.last_error) == ("failed", "ZeroDivisionError")


def test_a_crash_between_sending_and_recording_is_marked(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    rename(anna)
    relay.relay_outbox()
    (ready,) = delivery.claim("lost")
    run_now(delivery.send(bot.transport, ready))
    assert bot.notify() == 0  # the claim still holds
    until = OutgoingMessage.objects.get().lease_until
    assert until is not None
    assert until - clock.now() <= timedelta(seconds=14)
    lapsed = clock.now() - timedelta(seconds=1)
    OutgoingMessage.objects.update(lease_until=lapsed)
    assert bot.notify() == 1
    row = OutgoingMessage.objects.get()
    assert row.possible_duplicate
    first, second = bot.person(anna).notices
    assert second.text.startswith(first.text)
    assert second.text != first.text
    assert "repeat" in second.text


def test_only_what_is_being_sent_may_come_twice(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    told += [anna, maxim]
    for number in range(5):
        rename(anna, f"Name {number}")
    relay.relay_outbox()
    assert len(delivery.claim("killed")) == 2, "one per chat"
    OutgoingMessage.objects.filter(token="killed").update(lease_until=clock.now())
    assert bot.notify() == 10
    assert OutgoingMessage.objects.filter(possible_duplicate=True).count() == 2
    own = OutgoingMessage.objects.filter(employee=anna)
    assert list(own.order_by("sent_at")) == list(own.order_by("pk")), "in their order"


def test_a_cut_after_the_call_had_left_is_marked(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    told += [anna, maxim]
    rename(anna)
    cut = TransportError("TimedOut")
    cut.uncertain = True
    with time_machine.travel(clock.now(), tick=False) as traveller:
        bot.transport.fail += [cut, TransportError("NetworkError")]
        assert bot.notify() == 0
        traveller.shift(timedelta(seconds=6))
        assert bot.notify() == 2
    rows = OutgoingMessage.objects.order_by("pk")
    assert [row.possible_duplicate for row in rows] == [True, False]
    assert all(row.planned_at < row.due_at for row in rows if row.planned_at)


def test_a_retry_keeps_its_place_in_the_chat(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    told.append(anna)
    rename(anna, "First One")
    with time_machine.travel(clock.now(), tick=False) as traveller:
        bot.transport.fail.append(RetryLater(30))
        bot.notify()
        traveller.shift(timedelta(seconds=31))
        rename(anna, "Second One")
        relay.relay_outbox()
        (ready,) = delivery.claim("next")
    assert ready.row.params == {"new": "First One"}


def test_recipients_are_looked_up_without_those_that_are_busy(
    bot: BotDriver, told: list[Employee], anna: Employee, maxim: Employee
) -> None:
    told += [anna, maxim]
    for number in range(150):
        rename(anna, f"Name {number}")
    relay.relay_outbox()
    OutgoingMessage.objects.filter(employee=maxim).update(due_at=clock.now())
    assert [one.chat_id for one in delivery.due()] == [anna.telegram_id, maxim.telegram_id]
    (free,) = delivery.due(skip={f"employee:{anna.pk}"})
    assert (free.recipient, free.chat_id) == (f"employee:{maxim.pk}", maxim.telegram_id)
    ready = delivery.claim_next("one", free)
    assert ready is not None
    assert ready.row.pk == free.pk
    following = delivery.claim_next("two", free)  # looked up too long ago
    assert following is not None
    assert (following.row.employee, following.row.pk) == (maxim, free.pk + 2)
    PersonReach.objects.create(employee=maxim, reason="blocked")
    assert [one.chat_id for one in delivery.due()] == [anna.telegram_id, None]


def test_two_processes_never_claim_the_same_row(
    told: list[Employee], bot: BotDriver, anna: Employee
) -> None:
    told.append(anna)
    rename(anna)
    relay.relay_outbox()
    assert len(delivery.claim("one")) == 1
    assert delivery.claim("two") == []


def test_delivery_knows_of_the_dialogue_it_pushes_up(
    bot: BotDriver, told: list[Employee], anna: Employee
) -> None:
    bot.person(anna).text("/start")
    told.append(anna)
    rename(anna)
    bot.notify()
    dialog = Dialog.objects.get()
    assert dialog.last_message_id > (dialog.live_message_id or 0)
