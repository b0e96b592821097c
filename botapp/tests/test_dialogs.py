"""The laws of the screen (spec 2.1), played by people who see texts and buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from botapp.dialogs import payload
from botapp.models import Dialog, InboundUpdate
from botapp.testing import BotDriver, MemoryPerson
from botapp.transport.port import Incoming, MessageGone, Person, RetryLater, TransportError
from history.models import Command, Event
from staff import services
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import system_actor

OFFICE = system_actor("office")


@pytest.fixture
def boss(bot: BotDriver, anna: Employee) -> MemoryPerson:
    person = bot.person(anna)
    person.text("/start")
    return person


def open_screen(person: MemoryPerson, screen: str, **params: Any) -> None:
    """Put the person on a screen, as a menu entry would."""
    from botapp.dialogs.registry import menu_item

    menu_item(screen, screen, place=900, **params)
    person.text("/menu")
    person.press(screen)


def to_confirm(boss: MemoryPerson, who: Employee, name: str = "New Name") -> None:
    open_screen(boss, "sample.pick")
    boss.press(who.short_name)
    boss.text(name)
    boss.press("⏭ Skip")


# --- one live screen, Back, Home, Skip, cancel ------------------------------------------------


def test_start_shows_the_menu_and_leaves_nothing_typed(boss: MemoryPerson) -> None:
    assert "Annina A." in boss.screen
    assert boss.own_messages == []
    assert len(boss.screens) == 1


def test_a_flow_edits_one_message_from_beginning_to_end(
    boss: MemoryPerson, maxim: Employee
) -> None:
    first = boss.screen.message_id
    to_confirm(boss, maxim)
    assert "Maximov Maxim → New Name" in boss.screen
    boss.press("✅ Confirm")
    assert "Renamed: " in boss.screen
    assert [one.message_id for one in boss.screens] == [first]
    maxim.refresh_from_db()
    assert maxim.full_name == "New Name"


def test_back_walks_the_steps_with_everything_entered(boss: MemoryPerson, maxim: Employee) -> None:
    to_confirm(boss, maxim)
    assert boss.press("⬅ Back").text == "Short name?"
    assert "Entered: New Name" in boss.press("⬅ Back")
    assert boss.press("⬅ Back").text == "Who?"
    assert "Annina A." in boss.press("⬅ Back")
    assert "⬅ Back" not in boss.screen.buttons


@pytest.mark.parametrize("way", ["🏠 Home", "/cancel", "/menu"])
def test_home_and_cancel_work_anywhere(boss: MemoryPerson, maxim: Employee, way: str) -> None:
    to_confirm(boss, maxim)
    if way.startswith("/"):
        boss.text(way)
    else:
        boss.press(way)
    assert "Annina A." in boss.screen
    assert not Command.objects.filter(verb="employee.rename").exists()


def test_the_cancel_button_leaves_the_dialogue(boss: MemoryPerson, maxim: Employee) -> None:
    to_confirm(boss, maxim)
    assert "Cancelled." in boss.press("✖ Cancel")


def test_pages_of_a_picker_are_kept(boss: MemoryPerson, anna: Employee) -> None:
    for number in range(7):
        Employee.objects.create(full_name=f"Person {number}", short_name=f"P{number}")
    open_screen(boss, "sample.pick")
    assert "1/3" in boss.screen.buttons
    boss.press("▶")
    assert "2/3" in boss.screen.buttons
    boss.press("P3")
    boss.press("⬅ Back")
    assert "2/3" in boss.screen.buttons


# --- errors ------------------------------------------------------------------------------------


def test_a_refusal_keeps_the_step_and_what_was_entered(boss: MemoryPerson, maxim: Employee) -> None:
    open_screen(boss, "sample.pick")
    boss.press("Maximov M.")
    boss.text("x" * 151)
    assert "⚠ Too long" in boss.screen
    assert "x" * 151 in boss.screen
    boss.text("Good Name")
    assert boss.screen.text == "Short name?"


def test_a_refusal_of_a_service_leaves_no_effect_and_offers_retry(
    boss: MemoryPerson, maxim: Employee, anna: Employee
) -> None:
    to_confirm(boss, anna)
    Employee.objects.filter(pk=anna.pk).update(is_manager=False, is_inspector=True)
    events = Event.objects.count()
    boss.press("✅ Confirm")
    # The flow is closed to inspectors: access is checked on every update.
    assert "Annina A." in boss.screen
    assert Event.objects.count() == events


def test_retry_repeats_the_press(boss: MemoryPerson, maxim: Employee) -> None:
    to_confirm(boss, maxim, name=" ".join(["long"] * 30))
    Employee.objects.filter(pk=maxim.pk).update(active=True)
    boss.press("✅ Confirm")
    maxim.refresh_from_db()
    assert maxim.full_name.startswith("long")


def test_an_unknown_error_is_told_after_three_attempts_and_the_chat_goes_on(
    anna: Employee,
) -> None:
    bot = BotDriver(raising=False)
    person = bot.person(anna)
    person.text("/start")
    open_screen(person, "sample.broken")
    with time_machine.travel(clock.now(), tick=False) as traveller:
        person.text("bug")
        person.text("after")
        assert person.screen.text == "Fragile"
        for _attempt in range(2):
            traveller.shift(timedelta(seconds=10))
            bot.work()
    states = list(InboundUpdate.objects.order_by("update_id").values_list("state", flat=True))
    assert states[-2:] == ["failed", "done"]
    row = Dialog.objects.get(person_id=person.id)
    assert row.state["stack"][-1]["data"] == {"text": "after"}


def test_a_screen_that_cannot_be_drawn_gives_way_to_the_menu(anna: Employee) -> None:
    bot = BotDriver(raising=False)
    person = bot.person(anna)
    person.text("/start")
    open_screen(person, "sample.broken")
    with time_machine.travel(clock.now(), tick=False) as traveller:
        person.text("broken view")
        for _attempt in range(2):
            traveller.shift(timedelta(seconds=10))
            bot.work()
    # Nothing of the failing step was kept, so the screen itself still works.
    assert "an error of ours" in person.screen
    assert "Fragile" in person.screen


# --- double taps, old keyboards, other people's keyboards --------------------------------------


def test_a_double_tap_has_one_effect_and_an_empty_answer(
    boss: MemoryPerson, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    boss.press("✅ Confirm", times=2)
    assert Command.objects.filter(verb="employee.rename").count() == 1
    assert boss.toasts[-1] == ""
    assert "Renamed: " in boss.screen


def test_a_one_tap_action_pressed_twice_is_one_operation(
    boss: MemoryPerson, maxim: Employee
) -> None:
    open_screen(boss, "sample.card", employee_id=maxim.pk)
    old = boss.payload_of("Flip")
    boss.press("Flip")
    assert boss.toasts[-1] == "Done"
    boss.press_payload(*old)
    assert boss.toasts[-1] == ""
    assert Command.objects.filter(verb="employee.set_language").count() == 1
    boss.press("Flip")
    assert Command.objects.filter(verb="employee.set_language").count() == 2
    maxim.refresh_from_db()
    assert maxim.language == "en"


def test_redelivery_under_a_new_update_id_has_no_second_effect(
    boss: MemoryPerson, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    key = boss.payload_of("✅ Confirm")
    boss.press_payload(*key)
    events = Event.objects.count()
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        boss.press_payload(*key)
    assert boss.toasts[-1] == "This screen is outdated, open the menu"
    assert Event.objects.count() == events


def test_an_old_keyboard_brings_the_menu_and_parks_the_dialogue(
    boss: MemoryPerson, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    boss.press_payload("1:old:confirm:", 1)
    assert boss.toasts[-1] == "This screen is outdated, open the menu"
    assert "Annina A." in boss.screen
    assert "→ New Name" in boss.press("▶ Continue New Name")
    boss.press("✅ Confirm")
    assert Command.objects.filter(verb="employee.rename").count() == 1


def test_a_keyboard_of_another_person_does_nothing(
    bot: BotDriver, boss: MemoryPerson, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    stolen, _message_id = boss.payload_of("✅ Confirm")
    other = bot.person(maxim)
    other.text("/start")
    other.press_payload(stolen, 1)
    assert other.toasts == ["This screen is outdated, open the menu"]
    assert not Command.objects.filter(verb="employee.rename").exists()


@pytest.mark.parametrize(
    "forged",
    ["", "1", "2:abc:pick:1", "1:{n}:pick:999999", "1:{n}:__init__:", "1:{n}:delete:1", "x" * 64,
     "1:-:unknown:1", "1:-:sample_card:1:2", "1:{n}:_page:abc", "1:{n}:_retry:", "1:\x00:pick:1"],
)  # fmt: skip
def test_forged_payloads_have_no_effect(boss: MemoryPerson, maxim: Employee, forged: str) -> None:
    open_screen(boss, "sample.pick")
    nonce = Dialog.objects.get(person_id=boss.id).state["stack"][-1]["nonce"]
    before = Event.objects.count(), Command.objects.count()
    calls = len(boss.toasts)
    boss.press_payload(forged.replace("{n}", nonce), boss.screen.message_id)
    assert (Event.objects.count(), Command.objects.count()) == before
    assert boss.toasts[calls:] == ["This screen is outdated, open the menu"]


def test_a_payload_must_fit() -> None:
    with pytest.raises(ValueError, match="payload"):
        payload.build("nonce12", "pick", "ы" * 40)
    assert payload.parse(payload.build("nonce12", "pick", "а:б")) == payload.Press(
        "nonce12", "pick", "а:б"
    )


# --- what is typed -----------------------------------------------------------------------------


def test_unexpected_input_gets_a_hint_and_loses_nothing(
    boss: MemoryPerson, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    for act in (boss.sticker, boss.photo, lambda: boss.text("what?"), lambda: boss.forward("№ 5")):
        act()
        assert "⚠" in boss.screen
        assert "→ New Name" in boss.screen
        assert len(boss.screens) == 1
    boss.press("✅ Confirm")
    assert Command.objects.filter(verb="employee.rename").count() == 1


def test_a_sticker_stays_and_the_screen_moves_below_it(boss: MemoryPerson) -> None:
    before = boss.screen.message_id
    boss.sticker()
    assert boss.own_messages == ["(sticker)"]
    assert boss.screen.message_id > before


@pytest.mark.parametrize(
    "text", ["<b>&", "</b>", "&amp;<script>", "x" * 140, "🔥" * 70, "a\u202eb", "%(name)s %s %"]
)
def test_any_text_is_shown_as_it_was_typed(boss: MemoryPerson, maxim: Employee, text: str) -> None:
    to_confirm(boss, maxim, name=text)
    assert f"→ {text}" in boss.screen


@pytest.mark.parametrize("text", ["a\x00b", "\x07", "\ud800"])
def test_control_characters_are_refused_politely(
    boss: MemoryPerson, maxim: Employee, text: str
) -> None:
    open_screen(boss, "sample.pick")
    boss.press("Maximov M.")
    boss.text(text)
    assert "cannot be stored" in boss.screen


def test_a_text_of_five_thousand_characters_is_refused(boss: MemoryPerson, maxim: Employee) -> None:
    open_screen(boss, "sample.pick")
    boss.press("Maximov M.")
    boss.text("x" * 5000)
    assert "too long" in boss.screen


def test_an_unknown_command_is_told(boss: MemoryPerson) -> None:
    assert "no such command" in boss.text("/delete_everything")


# --- access ------------------------------------------------------------------------------------


def test_a_stranger_gets_one_message_with_his_id(bot: BotDriver, db: None) -> None:
    olga = bot.person(4242, language="en")
    assert "4242" in olga.text("/start")
    olga.text("hello?")
    olga.sticker()
    olga.press_payload("1:abc:confirm:", 1)
    assert len(olga.screens) == 1
    assert olga.toasts == ["You have no access to this bot."]
    assert Event.objects.filter(kind="access.refused").count() == 1


def test_deactivation_works_at_once_on_the_old_keyboard(
    boss: MemoryPerson, anna: Employee, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    Employee.objects.filter(pk=anna.pk).update(active=False)
    boss.press("✅ Confirm")
    assert "1001" in boss.screen
    assert boss.toasts[-1] == "You have no access to this bot."
    assert not Command.objects.filter(verb="employee.rename").exists()


def test_a_screen_of_another_role_is_not_reachable(bot: BotDriver, maxim: Employee) -> None:
    person = bot.person(maxim)
    person.text("/start")
    open_screen(person, "sample.pick")
    assert "⚠ You may not do this." in person.screen


def test_an_invite_link_lets_a_person_in_once(bot: BotDriver, db: None) -> None:
    employee = services.add_employee(
        full_name="Newcomer Nina", roles=["master"], language="en", actor=OFFICE
    ).object
    invite = services.issue_invite(employee_id=employee.pk, actor=OFFICE)
    token = invite.shown_once["token"]
    nina = bot.person(777, language="en")
    assert "Newcomer N." in nina.text(f"/start {token}")
    thief = bot.person(778, language="en")
    assert "778" in thief.text(f"/start {token}")
    assert "not valid" in thief.screen


# --- time, restarts, the live message ----------------------------------------------------------


def test_a_dialogue_expires_after_a_day(boss: MemoryPerson, maxim: Employee) -> None:
    to_confirm(boss, maxim)
    with time_machine.travel(clock.now() + timedelta(hours=24, minutes=1)):
        boss.press("✅ Confirm")
        assert boss.toasts[-1] == "This screen is outdated, open the menu"
        assert "Annina A." in boss.screen
        assert "Not finished within 24 hours, nothing of it was saved: " in boss.screen
        boss.text("/menu")
        assert "Not finished" not in boss.screen
    with time_machine.travel(clock.now() + timedelta(hours=50)):
        assert "Not finished" not in boss.text("/menu")  # nothing was begun since
    assert not Command.objects.filter(verb="employee.rename").exists()


def test_a_dialogue_survives_a_restart(
    bot: BotDriver, boss: MemoryPerson, anna: Employee, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    restarted = BotDriver(transport=bot.transport, _ids=bot._ids)
    again = restarted.person(anna)
    again.calls = boss.calls
    again.press("✅ Confirm")
    assert "Renamed: " in again.screen


@pytest.mark.parametrize("gone", [True, False])
def test_a_deleted_or_too_old_screen_is_sent_anew(boss: MemoryPerson, gone: bool) -> None:
    transport = boss.driver.transport
    if gone:
        transport.chats[boss.id].clear()
    else:
        transport.fail.append(MessageGone("message can't be edited"))
    boss.text("/menu")
    assert "Annina A." in boss.screen


@pytest.mark.parametrize("error", [RetryLater(30), TransportError("cut")])
def test_a_screen_that_was_not_shown_is_shown_by_the_sweep(
    boss: MemoryPerson, error: Exception
) -> None:
    boss.driver.transport.fail.append(error)
    boss.text("nonsense")
    assert "⚠" not in boss.screen
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        assert boss.driver.sweep() == 1
        assert "⚠" in boss.screen
        assert boss.driver.sweep() == 0


# --- series ------------------------------------------------------------------------------------


def test_a_series_has_one_command_per_item(
    boss: MemoryPerson, anna: Employee, maxim: Employee
) -> None:
    open_screen(boss, "sample.absent")
    boss.press("Annina A.")
    boss.press("Maximov M.", times=2)
    boss.press("✅ Confirm", times=2)
    assert "Absent: 2" in boss.screen
    keys = list(Command.objects.filter(verb="employee.set_absence").values_list("key", flat=True))
    assert sorted(key.rpartition(":")[2] for key in keys) == sorted([str(anna.pk), str(maxim.pk)])
    assert len({key.rpartition(":")[0] for key in keys}) == 1


def test_a_refused_item_does_not_stop_the_others(
    boss: MemoryPerson, anna: Employee, maxim: Employee
) -> None:
    ghost = Employee.objects.create(full_name="Ghost Gleb", short_name="Ghost G.")
    open_screen(boss, "sample.absent")
    boss.press("Ghost G.")
    boss.press("Maximov M.")
    Employee.objects.filter(pk=ghost.pk)._raw_delete("default")
    boss.press("✅ Confirm")
    assert "Absent: 1" in boss.screen
    assert "There is no such employee" in boss.screen


# --- buttons outside the dialogue ---------------------------------------------------------------


def test_a_button_of_a_notice_acts_once_however_often_it_is_pressed(
    boss: MemoryPerson, maxim: Employee
) -> None:
    for _time in range(3):
        boss.press_payload(payload.build(payload.STATELESS, "sample_rename", maxim.pk), 5)
    assert boss.toasts[-3:] == ["Renamed"] * 3
    assert Command.objects.filter(verb="employee.rename").count() == 1
    boss.press_payload(payload.build(payload.STATELESS, "sample_rename", maxim.pk), 6)
    assert Command.objects.filter(verb="employee.rename").count() == 2


def in_group(person: MemoryPerson, value: str) -> str:
    call = f"group-{len(person.calls)}"
    person.calls.append(call)
    person.driver.feed(
        Incoming(
            kind="press",
            chat_id=-100,
            private=False,
            person=Person(person.id),
            message_id=7,
            callback_id=call,
            payload=value,
        )
    )
    return person.toasts[-1]


def test_in_a_group_only_permitted_people_and_known_buttons_are_answered(
    bot: BotDriver, boss: MemoryPerson, maxim: Employee
) -> None:
    card = payload.build(payload.STATELESS, "sample_group", 1)
    assert in_group(boss, card) == "Taken: Annina A."
    assert in_group(bot.person(4242), card) != "Taken: "
    private_only = payload.build(payload.STATELESS, "sample_rename", maxim.pk)
    assert "outdated" in in_group(boss, private_only)
    to_confirm(boss, maxim)
    assert "outdated" in in_group(boss, boss.payload_of("✅ Confirm")[0])
    assert not Command.objects.filter(verb="employee.rename").exists()
    assert not Dialog.objects.filter(chat_id=-100).exists()


def test_a_group_is_never_written_to(bot: BotDriver, boss: MemoryPerson) -> None:
    for kind in ("text", "photo", "other", "edited", "membership"):
        bot.feed(
            Incoming(kind=kind, chat_id=-100, private=False, person=Person(boss.id), text="/start")
        )
    assert bot.transport.chats.get(-100) is None


def test_a_change_of_the_language_shows_at_once(boss: MemoryPerson, anna: Employee) -> None:
    open_screen(boss, "sample.card", employee_id=anna.pk)
    boss.press("Flip")
    boss.text("/menu")
    assert "☰ Ещё" in boss.screen.buttons or "Выберите" in boss.screen
