"""Staff in the bot: added, invited, changed, away, gone; each with what follows from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from polishing.models import PolishingOrder
from receipts.models import DetachedPart
from staff import services
from staff.models import Employee
from tests.cast import OLGA_TELEGRAM_ID, Cast, make_cast, make_in_work, make_order, make_receipt
from workshop.lib import clock


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def anna(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "anna")


def to_list(person: MemoryPerson, language: str = "en") -> None:
    person.text("/menu")
    person.press(tr(language, "☰ More"))
    person.press(tr(language, "👥 Staff"))


def to_card(person: MemoryPerson, name: str) -> None:
    to_list(person)
    person.press(name)


def invite_text(person: MemoryPerson) -> str:
    """The text that the newcomer sends to the bot, as it stands on the screen."""
    return "/start " + person.screen.text.partition("/start ")[2].split()[0]


# --- a new employee ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_added_invited_and_let_in(bot: BotDriver, cast: Cast, language: str) -> None:
    anna = phone(bot, cast, "anna", language)
    to_list(anna, language)
    anna.press(tr(language, "➕ Add an employee"))
    anna.text("Новиков  Пётр Ильич")
    anna.press(tr(language, "Master"))
    anna.press(tr(language, "Next"))
    anna.press("Сборка")
    anna.press(tr(language, "✅ Add the employee"), times=2)
    assert tr(language, "Employee added: %(name)s", name="Новиков П.") in anna.screen
    person = Employee.objects.get(full_name="Новиков Пётр Ильич")
    assert (person.roles, person.telegram_id) == ({"master"}, None)
    assert [kind.code for kind in person.skills.all()] == ["assembly"]

    link = invite_text(anna)
    newcomer = bot.person(OLGA_TELEGRAM_ID)
    newcomer.text(link)
    assert "Новиков П." in newcomer.screen
    person.refresh_from_db()
    assert person.telegram_id == OLGA_TELEGRAM_ID
    other = bot.person(OLGA_TELEGRAM_ID + 1)
    other.text(link)
    assert "Новиков" not in other.screen


def test_the_link_is_shown_once_the_bot_knows_its_name(anna: MemoryPerson, cast: Cast) -> None:
    services.remember_bot("workshop_bot")
    services.unbind_telegram(employee_id=cast.maxim.pk, actor=cast.actor("anna"))
    to_card(anna, "Максим М.")
    anna.press("✉ Invite link")
    assert "https://t.me/workshop_bot?start=" in anna.screen
    first = invite_text(anna)
    anna.press("✉ Invite link")
    assert invite_text(anna) != first


def test_back_keeps_what_was_entered(anna: MemoryPerson) -> None:
    to_list(anna)
    anna.press("➕ Add an employee")
    anna.text("Новиков Пётр")
    anna.press("▫️ Master")
    anna.press("Next")
    anna.press("⬅ Back")
    assert "✅ Master" in anna.screen.buttons
    anna.press("⬅ Back")
    assert "Новиков Пётр" in anna.screen
    anna.press("⬅ Back")
    assert "Staff" in anna.screen
    anna.press("⬅ Back")
    assert "👥 Staff" in anna.screen.buttons


def test_inspectors_add_masters_and_polishers_only(bot: BotDriver, cast: Cast) -> None:
    igor = phone(bot, cast, "igor")
    to_list(igor)
    igor.press("➕ Add an employee")
    igor.text("Новиков Пётр")
    ticks = [label for label in igor.screen.buttons if label.startswith("▫️")]
    assert ticks == ["▫️ Master", "▫️ Polisher"]


def test_inspectors_cannot_change_inspectors(bot: BotDriver, cast: Cast) -> None:
    igor = phone(bot, cast, "igor")
    to_card(igor, "Иван В.")
    assert igor.screen.buttons == ["⬅ Back", "🏠 Home"]


@pytest.mark.parametrize("name", ["x" * 151, "a\x00b"])
def test_a_bad_name_is_refused(anna: MemoryPerson, name: str) -> None:
    to_list(anna)
    anna.press("➕ Add an employee")
    before = written()
    anna.text(name)
    assert "⚠" in anna.screen
    assert written() == before


# --- changes ----------------------------------------------------------------------------------


def test_rename_shows_old_and_new(anna: MemoryPerson, cast: Cast) -> None:
    to_card(anna, "Максим М.")
    anna.press("✏ Rename")
    anna.text("Максимов <Максим> & Ко")
    assert "Name: Максим Мастер → Максимов <Максим> & Ко" in anna.screen
    anna.press("✅ Confirm", times=2)
    assert "The name is now: Максимов <Максим> & Ко" in anna.screen
    cast.maxim.refresh_from_db()
    assert cast.maxim.full_name == "Максимов <Максим> & Ко"


def test_access_is_confirmed_and_works_at_once(
    bot: BotDriver, anna: MemoryPerson, cast: Cast
) -> None:
    maxim = phone(bot, cast, "maxim")
    to_card(anna, "Максим М.")
    anna.press("🔑 Access")
    anna.press("▫️ Inspector (QC)")
    anna.press("Next")
    assert "Access: Master → Inspector (QC), Master" in anna.screen
    anna.press("✅ Confirm")
    maxim.text("/menu")
    assert "QC" in maxim.screen.buttons


def test_access_changed_meanwhile_is_told(bot: BotDriver, cast: Cast) -> None:
    services.change_roles(employee_id=cast.boris.pk, roles=["manager"], actor=cast.actor("anna"))
    anna, boris = phone(bot, cast, "anna"), phone(bot, cast, "boris")
    for person, role in ((anna, "Polisher"), (boris, "Owner")):
        to_card(person, "Максим М.")
        person.press("🔑 Access")
        person.press(f"▫️ {role}")
        person.press("Next")
    anna.press("✅ Confirm")
    before = written()
    boris.press("✅ Confirm")
    assert "Changed by: Анна М." in boris.screen
    assert written() == before


def test_skills(anna: MemoryPerson, cast: Cast) -> None:
    to_card(anna, "Максим М.")
    anna.press("🔧 Kinds of work")
    anna.press("✅ Сборка")
    anna.press("Next")
    assert "Kinds of work: Сборка, Ремонт механизма → Ремонт механизма" in anna.screen
    anna.press("✅ Confirm")
    assert [kind.code for kind in cast.maxim.skills.all()] == ["mechanism"]


def test_deactivation_names_what_lies_at_him(
    bot: BotDriver, anna: MemoryPerson, cast: Cast
) -> None:
    make_in_work(cast)
    maxim = phone(bot, cast, "maxim")
    to_card(anna, "Максим М.")
    anna.press("⛔ Deactivate")
    assert "Watches with him: 1 pcs" in anna.screen
    assert "They stay with him until somebody hands them on." in anna.screen
    anna.press("✅ Confirm", times=2)
    assert "Deactivated: Максим М." in anna.screen
    maxim.press("My queue")
    assert "My queue" not in maxim.screen
    anna.press("✅ Activate")
    anna.press("✅ Confirm")
    cast.maxim.refresh_from_db()
    assert cast.maxim.active


def test_two_managers_deactivate_the_same(bot: BotDriver, cast: Cast) -> None:
    services.change_roles(employee_id=cast.boris.pk, roles=["manager"], actor=cast.actor("anna"))
    anna, boris = phone(bot, cast, "anna"), phone(bot, cast, "boris")
    for person in (anna, boris):
        to_card(person, "Максим М.")
        person.press("⛔ Deactivate")
    anna.press("✅ Confirm")
    boris.press("✅ Confirm")
    assert "Already done: Анна М." in boris.screen


def test_nobody_changes_his_own_access(anna: MemoryPerson) -> None:
    to_card(anna, "Анна М.")
    assert "🔑 Access" not in anna.screen.buttons
    assert "⛔ Deactivate" not in anna.screen.buttons
    assert "✏ Rename" in anna.screen.buttons


def test_unlink(bot: BotDriver, anna: MemoryPerson, cast: Cast) -> None:
    maxim = phone(bot, cast, "maxim")
    to_card(anna, "Максим М.")
    anna.press("Unlink Telegram")
    anna.press("✅ Confirm")
    assert "Telegram is unlinked: Максим М." in anna.screen
    assert "✉ Invite link" in anna.screen.buttons
    maxim.text("/menu")
    assert "Максим М." not in maxim.screen


# --- absence ----------------------------------------------------------------------------------


def test_absence_hands_watches_on(anna: MemoryPerson, cast: Cast) -> None:
    first, second = make_in_work(cast), make_in_work(cast)
    to_card(anna, "Максим М.")
    anna.press("🏖 Absent")
    until = clock.today() + timedelta(days=7)
    anna.press(until.strftime("%d.%m.%Y"))
    assert f"Absent: present → {clock.today():%d.%m.%Y} – {until:%d.%m.%Y}" in anna.screen
    assert "Watches with him: 2 pcs" in anna.screen
    anna.press("✅ Confirm")
    assert f"Absent until {until:%d.%m.%Y}: Максим М." in anna.screen
    anna.press(f"№{first.number} ·")
    anna.press("To a master (1)")
    assert not any("Максим" in label for label in anna.screen.buttons)
    anna.press("Марк С.")
    assert "Hand on: Максим М. → Марк С." in anna.screen
    assert f"№{first.number}" in anna.screen
    anna.press("✅ Confirm", times=2)
    for receipt, master in ((first, cast.mark), (second, cast.maxim)):
        receipt.refresh_from_db()
        assert receipt.master == master
    assert f"Handed on: Марк С.: №{first.number}" in anna.screen
    anna.press("↩ Undo")
    first.refresh_from_db()
    assert first.master == cast.maxim
    anna.press("⏭ Skip")
    assert "Absent: " in anna.screen


def test_polishing_orders_go_to_another_polisher(anna: MemoryPerson, cast: Cast) -> None:
    cast.mark.is_polisher = True
    cast.mark.save()
    order = make_order(cast, make_receipt(cast))
    to_card(anna, "Павел П.")
    anna.press("🏖 Absent")
    anna.press(clock.today().strftime("%d.%m.%Y"))
    anna.press("✅ Confirm")
    anna.press("Tick all")
    anna.press("To a polisher (1)")
    anna.press("Марк С.")
    anna.press("✅ Confirm")
    assert PolishingOrder.objects.get(pk=order.pk).polisher == cast.mark
    assert DetachedPart.objects.get(until__isnull=True).holder == cast.mark
    assert "↩ Undo" not in anna.screen.buttons


@pytest.mark.parametrize("typed", ["{today} – {later}", "{later}", "{today}-{later}"])
def test_days_are_typed(anna: MemoryPerson, cast: Cast, typed: str) -> None:
    today = clock.today()
    later = today + timedelta(days=40)
    to_card(anna, "Марк С.")
    anna.press("🏖 Absent")
    anna.text(typed.format(today=f"{today:%d.%m}", later=f"{later:%d.%m}"))
    anna.press("✅ Confirm")
    cast.mark.refresh_from_db()
    assert (cast.mark.absent_from, cast.mark.absent_until) == (today, later)
    anna.press("🏖 Absent")
    anna.press("Back at work")
    anna.press("✅ Confirm")
    assert "Back at work: Марк С." in anna.screen
    cast.mark.refresh_from_db()
    assert cast.mark.absent_until is None


@pytest.mark.parametrize("typed", ["31.02", "скоро", "1.1 2.2 3.3", "31.12.2020"])
def test_days_that_make_no_sense(anna: MemoryPerson, cast: Cast, typed: str) -> None:
    to_card(anna, "Марк С.")
    anna.press("🏖 Absent")
    before = written()
    anna.text(typed)
    if "✅ Confirm" in anna.screen.buttons:
        anna.press("✅ Confirm")
    assert "⚠" in anna.screen
    assert written() == before


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["✏ Rename"], "On buttons: Максим М."),
        (["✏ Rename", "#Новое Имя"], "type the new full name"),
        (["🔑 Access"], "On buttons: Максим М."),
        (["🔑 Access", "▫️ Polisher", "Next"], "what may he do"),
        (["🔧 Kinds of work"], "On buttons: Максим М."),
        (["🔧 Kinds of work", "Next"], "what can he work on?"),
        (["⛔ Deactivate"], "On buttons: Максим М."),
        (["Unlink Telegram"], "On buttons: Максим М."),
        (["🏖 Absent"], "On buttons: Максим М."),
        (["🏖 Absent", "#25.12.2099"], "absent until which day"),
        (["Hand his watches on"], "On buttons: Максим М."),
        (["Hand his watches on", "Tick all", "To a master"], "what is handed on?"),
        (["Hand his watches on", "Tick all", "To a master", "Марк С."], "Which master gets them?"),
    ],
)
def test_back(anna: MemoryPerson, cast: Cast, path: list[str], expected: str) -> None:
    make_in_work(cast)
    to_card(anna, "Максим М.")
    for step in path:
        anna.text(step[1:]) if step.startswith("#") else anna.press(step)
    anna.press("⬅ Back")
    assert expected in anna.screen


def test_masters_do_not_see_the_staff(bot: BotDriver, cast: Cast) -> None:
    maxim = phone(bot, cast, "maxim")
    maxim.press("☰ More")
    assert "👥 Staff" not in maxim.screen.buttons


def test_an_absence_is_typed_in_words(anna: MemoryPerson, cast: Cast) -> None:
    to_card(anna, "Максим М.")
    anna.press("🏖 Absent")
    anna.text("tomorrow or so")
    assert "The days are not understood" in anna.screen
    anna.text("in 3 days")
    assert f"– {clock.today() + timedelta(days=3):%d.%m.%Y}" in anna.screen
