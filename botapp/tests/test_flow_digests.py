"""Digests as people read them: one message a person and slot, true at the moment it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from botapp import delivery
from botapp.models import OutgoingMessage
from botapp.testing import BotDriver, MemoryPerson, find_key
from botapp.tests.flow_cast import phone
from history.jobs import Turn
from history.models import Event
from history.relay import relay_outbox
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.quality import pass_check
from receipts.tasks import fire_reminders
from staff import roles
from staff.services.people import add_employee, change_roles, set_active
from tests.cast import Cast, make_cast, make_receipt, make_submitted
from workshop.lib.actor import system_actor

MOSCOW = ZoneInfo("Europe/Moscow")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def wall(text: str) -> datetime:
    return datetime.strptime(f"2026.{text}", "%Y.%d.%m %H:%M").replace(tzinfo=MOSCOW)


@pytest.fixture
def clock_at() -> Iterator[Any]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db: None, clock_at: Any) -> Cast:
    return make_cast()


def due(cast: Cast, when: str) -> Receipt:
    receipt = make_submitted(cast)
    change_deadline(receipt_id=receipt.pk, deadline=wall(when), actor=cast.actor("igor"))
    return receipt


def fire(clock_at: Any, when: str) -> None:
    clock_at.move_to(wall(when))
    now = wall(when).astimezone(UTC)
    fire_reminders(Turn("receipts.fire_reminders", now, now))


def test_one_message_for_all_of_a_slot_overdue_first(
    bot: BotDriver, cast: Cast, clock_at: Any
) -> None:
    igor, ivan = phone(bot, cast, "igor", "ru"), phone(bot, cast, "ivan")
    maxim = phone(bot, cast, "maxim")
    today, soon, late = due(cast, "25.11 18:00"), due(cast, "25.11 11:00"), due(cast, "25.11 09:55")
    bot.notify()
    fire(clock_at, "25.11 10:00")
    bot.notify()
    (text,) = [notice.text for notice in igor.notices]
    assert text == (
        "🔔 Сроки\n\n"
        f"⚠ Просрочены: 1\n№{late.number} · 25.11 09:55 · На ОТК · Максим М.\n\n"
        f"⏳ В течение часа: 1\n№{soon.number} · 25.11 11:00 · На ОТК · Максим М.\n\n"
        f"📅 Сегодня: 1\n№{today.number} · 25.11 18:00 · На ОТК · Максим М."
    )
    assert "⚠ Overdue: 1" in ivan.notices[-1].text
    assert igor.notices[-1].rows[-1] == ("✅ Принято", "⏰ Позже")
    assert len(igor.notices[-1].rows) == 4
    assert all("🔔" not in notice.text for notice in maxim.notices)


def test_what_passed_between_firing_and_sending_is_not_told(
    bot: BotDriver, cast: Cast, clock_at: Any
) -> None:
    igor = phone(bot, cast, "igor")
    one, other = due(cast, "25.11 18:00"), due(cast, "25.11 18:00")
    bot.notify()
    fire(clock_at, "25.11 10:00")
    pass_check(receipt_id=one.pk, actor=cast.actor("ivan"))
    bot.notify()
    assert one.number not in igor.notices[-1].text
    assert other.number in igor.notices[-1].text


def test_nothing_left_is_no_message(bot: BotDriver, cast: Cast, clock_at: Any) -> None:
    igor = phone(bot, cast, "igor")
    one = due(cast, "25.11 18:00")
    bot.notify()
    before = len(igor.notices)
    fire(clock_at, "25.11 10:00")
    pass_check(receipt_id=one.pk, actor=cast.actor("ivan"))
    bot.notify()
    assert len(igor.notices) == before
    assert set(
        OutgoingMessage.objects.filter(template="digest").values_list("state", "last_error")
    ) == {("dead", "out of date")}


def test_late_is_told_as_late_and_ahead_becomes_overdue(
    bot: BotDriver, cast: Cast, clock_at: Any
) -> None:
    igor = phone(bot, cast, "igor", "ru")
    one = due(cast, "25.11 18:00")
    bot.notify()
    fire(clock_at, "25.11 17:00")
    clock_at.move_to(wall("25.11 20:00"))  # Telegram was away for three hours
    bot.notify()
    assert igor.notices[-1].text == (
        "🔔 Сроки\n⏱ С опозданием на 3 ч: было назначено на 25.11.2026 17:00\n\n"
        f"⚠ Просрочены: 1\n№{one.number} · 25.11 18:00 · На ОТК · Максим М."
    )


def test_what_a_later_slot_tells_is_not_told_by_the_earlier_one_too(
    bot: BotDriver, cast: Cast, clock_at: Any
) -> None:
    igor = phone(bot, cast, "igor", "ru")
    due(cast, "25.11 18:00")
    bot.notify()
    before = len(igor.notices)
    for when in ("25.11 10:00", "25.11 17:00", "25.11 18:05"):
        fire(clock_at, when)  # Telegram was away all day
    bot.notify()
    (only,) = igor.notices[before:]
    assert "⚠ Просрочены: 1" in only.text


def test_the_next_digest_of_a_kind_replaces_the_former(
    bot: BotDriver, cast: Cast, clock_at: Any
) -> None:
    igor = phone(bot, cast, "igor", "ru")
    one, two = due(cast, "25.11 18:00"), due(cast, "25.11 18:30")
    bot.notify()
    before = len(igor.notices)
    for when in ("25.11 10:00", "25.11 17:00", "25.11 17:30"):
        fire(clock_at, when)
        bot.notify()
    morning, hour = [notice.text for notice in igor.notices[before:]]
    assert "📅 Сегодня: 2" in morning
    assert f"⏳ В течение часа: 1\n№{two.number}" in hour
    assert hour.endswith(f"Сообщалось раньше: №{one.number}")


class TestWho:
    def _fired(self, bot: BotDriver, cast: Cast, clock_at: Any) -> Receipt:
        one = due(cast, "25.11 18:00")
        bot.notify()
        fire(clock_at, "25.11 10:00")
        return one

    def test_a_leaver_between_firing_and_sending_gets_nothing(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        igor, ivan = phone(bot, cast, "igor"), phone(bot, cast, "ivan")
        self._fired(bot, cast, clock_at)
        relay_outbox()
        set_active(employee_id=cast.ivan.pk, active=False, actor=system_actor("x"))
        change_roles(employee_id=cast.igor.pk, roles=["master"], actor=system_actor("x"))
        bot.notify()
        assert not any("🔔" in one.text for one in [*igor.notices, *ivan.notices])

    def test_a_joiner_while_it_is_on_its_way_gets_it_once(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        one = self._fired(bot, cast, clock_at)
        relay_outbox()
        olga = add_employee(
            full_name="Ольга Новая", roles=[roles.INSPECTOR], telegram_id=77,
            actor=system_actor("x"),
        ).object  # fmt: skip
        change_roles(employee_id=cast.maxim.pk, roles=["inspector"], actor=system_actor("x"))
        bot.notify()
        for person in (bot.person(olga), bot.person(cast.maxim)):
            told = [notice.text for notice in person.notices if "🔔" in notice.text]
            assert len(told) == 1
            assert one.number in told[0]
        change_roles(employee_id=olga.pk, roles=["inspector", "manager"], actor=system_actor("x"))
        bot.notify()
        assert len(bot.person(olga).notices) == 1

    def test_managers_from_the_second_day_inspectors_to_the_third(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        phones = {who: phone(bot, cast, who) for who in ("igor", "anna", "boris")}
        due(cast, "25.11 18:00")
        bot.notify()
        for when in ("25.11 10:00", "25.11 17:00", "25.11 18:05"):
            fire(clock_at, when)
        bot.notify()
        told: dict[str, list[int]] = {who: [] for who in phones}
        for day in range(1, 6):
            fire(clock_at, f"{25 + day}.11 10:00")
            queued = OutgoingMessage.objects.count()
            bot.notify()
            newest = OutgoingMessage.objects.filter(event=Event.objects.latest("pk"))
            assert queued
            for who in phones:
                if newest.filter(employee=getattr(cast, who), state="sent").exists():
                    told[who].append(day)
        assert told == {"igor": [1, 2, 3], "anna": [2, 3, 4, 5], "boris": []}


class TestAnswers:
    def _digest(
        self, bot: BotDriver, cast: Cast, clock_at: Any, count: int = 1
    ) -> tuple[MemoryPerson, list[Receipt]]:
        igor = phone(bot, cast, "igor", "ru")
        receipts = [due(cast, "25.11 18:00") for _number in range(count)]
        bot.notify()
        fire(clock_at, "25.11 10:00")
        bot.notify()
        return igor, receipts

    def test_noted_from_the_message_leaves_the_dialogue_where_it_is(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        igor, (one,) = self._digest(bot, cast, clock_at)
        igor.text(one.number)
        igor.press("💬 Комментарий")
        asked = igor.screen.text
        igor.press_notice("✅ Принято")
        assert igor.toasts[-1] == "✅ Напоминание принято."
        assert igor.screen.text.endswith(asked)
        event = Event.objects.latest("pk")
        assert (event.kind, event.actor_label) == ("reminders.answered", "Игорь К.")
        igor.text("ждём ответа клиента")
        assert "ждём ответа клиента" in igor.screen

    def test_what_was_noted_is_not_asked_again(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        """The message loses the two buttons; a press of an old copy is told when it was noted."""
        igor, receipts = self._digest(bot, cast, clock_at, 2)
        stored = list(bot.transport.chats[igor.id].values())[-1]
        copy = find_key(stored, "✅ Принято").payload
        igor.press_notice("✅ Принято")
        notice = igor.notices[-1]
        assert len(notice.buttons) == 2
        assert notice.text.endswith("✅ Принято: 25.11.2026 10:00")
        igor.press_payload(copy, notice.message_id)
        assert igor.toasts[-1] == "✅ Напоминание уже принято: 25.11.2026 10:00"
        assert Event.objects.filter(kind="reminders.answered").count() == 1
        for receipt in receipts:
            pass_check(receipt_id=receipt.pk, actor=cast.actor("ivan"))
        igor.press_payload(copy, notice.message_id)
        assert igor.notices[-1].text == "В этом списке уже ничего не осталось."

    def test_after_later_he_stands_where_he_was(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        """In the middle of a series of hand-overs."""
        igor, (one, two) = self._digest(bot, cast, clock_at, 2)
        igor.text("/menu")
        igor.press("👨‍🔧 Передать мастеру")
        igor.text(make_receipt(cast).number)
        igor.press("Максим М.")
        igor.press("✅ Подтвердить")
        where = igor.screen
        igor.press_notice("⏰ Позже")
        igor.press("Через 30 минут: 10:30")
        assert "Напомню" in igor.screen
        assert igor.screen.rows == where.rows
        igor.press_notice("⏰ Позже")
        igor.press_notice("⏰ Позже")  # twice is one screen
        igor.press("Только об одной…")
        igor.press(f"№{two.number}")
        igor.press("Завтра в 10:00")
        assert igor.screen.rows == where.rows
        igor.press_notice("⏰ Позже")
        igor.press("⬅ Назад")
        assert igor.screen.rows == where.rows
        igor.text(one.number)  # the next number of the series
        assert "Максим М." in igor.screen

    def test_later_comes_again_to_him_alone(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        igor, (one,) = self._digest(bot, cast, clock_at)
        ivan = phone(bot, cast, "ivan")
        seen = len(ivan.notices)
        igor.press_notice("⏰ Позже")
        igor.press("Через 30 минут: 10:30")
        assert "Напомню" in igor.screen
        fire(clock_at, "25.11 10:30")
        bot.notify()
        assert one.number in igor.notices[-1].text
        assert igor.notices[-1].message_id > 0
        assert len(ivan.notices) == seen

    def test_only_one_of_them(self, bot: BotDriver, cast: Cast, clock_at: Any) -> None:
        igor, (one, two) = self._digest(bot, cast, clock_at, 2)
        igor.press_notice("⏰ Позже")
        igor.press("Только об одной…")
        igor.press(f"№{two.number}")
        assert f"№{two.number}" in igor.screen
        igor.press("Завтра в 10:00")
        pass_check(receipt_id=one.pk, actor=cast.actor("ivan"))
        change_deadline(receipt_id=two.pk, deadline=wall("30.11 18:00"), actor=cast.actor("ivan"))
        fire(clock_at, "26.11 10:00")
        bot.notify()
        assert f"📅 Позже: 1\n№{two.number} · 30.11 18:00" in igor.notices[-1].text

    def test_a_long_list_has_pages_and_every_receipt_a_button(
        self, bot: BotDriver, cast: Cast, clock_at: Any
    ) -> None:
        igor, receipts = self._digest(bot, cast, clock_at, 19)
        igor.press_notice("☰ Весь список: 19")
        seen: set[str] = set()
        for _page in range(3):
            seen |= {label.split(" ")[0] for label in igor.screen.buttons if "№" in label}
            igor.press("▶")
        assert seen == {f"№{one.number}" for one in receipts}
        igor.press(f"№{receipts[0].number}")
        assert f"№{receipts[0].number}" in igor.screen


def test_a_long_digest_stays_one_message(bot: BotDriver, cast: Cast, clock_at: Any) -> None:
    igor = phone(bot, cast, "igor", "ru")
    for _number in range(53):
        due(cast, "25.11 18:00")
    bot.notify()
    fire(clock_at, "25.11 10:00")
    before = len(igor.notices)
    bot.notify()
    (digest,) = igor.notices[before:]
    assert "📅 Сегодня: 53" in digest.text
    assert digest.text.endswith("и ещё 3")
    assert len(digest.html) < 4096
    assert delivery.claim("x" * 32) == []
