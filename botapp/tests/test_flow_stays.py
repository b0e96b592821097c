"""What people read of watches that stay too long, and of the day that ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flow_cast import phone
from history.jobs import Turn
from receipts.models import HoldReason
from receipts.services.assignment import assign
from receipts.services.calendars import create_calendar
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold
from receipts.tasks import check_limits, evening_summary
from staff.services.notices import mute_notices
from tests.cast import Cast, make_cast, make_in_work, make_ready, make_receipt

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = datetime(2026, 11, 16, 6, tzinfo=UTC)  # 09:00 in Moscow


@pytest.fixture
def clock_at() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db: None, clock_at: Any) -> Cast:
    found = make_cast()
    week = {day: [(time(9), time(18))] for day in range(5)}
    create_calendar(name="09–18", weekly=week, actor=found.actor("anna"))
    return found


def check(clock_at: Any, moment: datetime) -> None:
    clock_at.move_to(moment)
    check_limits(Turn("receipts.check_limits", moment, moment))


def test_all_of_a_run_in_one_message_and_each_kind_by_itself(
    bot: BotDriver, cast: Cast, clock_at: Any
) -> None:
    anna, igor, maxim = (phone(bot, cast, who, "ru") for who in ("anna", "igor", "maxim"))
    mute_notices(
        employee_id=cast.igor.pk, kinds=["not_collected"], muted=True, actor=cast.actor("igor")
    )
    waiting, ready, held = make_receipt(cast), make_ready(cast), make_receipt(cast)
    reason = HoldReason.objects.get(code="parts")
    hold(receipt_id=held.pk, reason_id=reason.pk, actor=cast.actor("igor"))
    bot.notify()
    told = len(maxim.notices)
    check(clock_at, MONDAY + timedelta(days=31, hours=2))
    bot.notify()
    assert sorted(notice.text for notice in anna.notices) == sorted(
        [
            "⌛ Требуют внимания: 2\n"
            f"№{waiting.number} · Ждёт выдачи мастеру, 23,2 раб. дн. при норме 1 раб. дн.\n"
            f"№{held.number} · ожидание с 16.11.2026: Ждём запчасти. Есть ли дата?",
            f"📦 Клиент не забрал: 1\n№{ready.number} · Готовы, клиент не забрал, "
            "31 д при норме 30 д",
        ]
    )
    assert [notice.text.splitlines()[0] for notice in igor.notices] == ["⌛ Требуют внимания: 2"]
    assert len(maxim.notices) == told
    anna.press_notice(f"№{waiting.number} · Приняты")
    assert f"№{waiting.number}" in anna.screen


def test_what_went_on_meanwhile_is_not_told(bot: BotDriver, cast: Cast, clock_at: Any) -> None:
    anna = phone(bot, cast, "anna")
    receipt = make_receipt(cast)
    check(clock_at, MONDAY + timedelta(days=2))
    assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"))
    bot.notify()
    assert anna.notices == []


def test_not_accepted(bot: BotDriver, cast: Cast, clock_at: Any, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    igor = phone(bot, cast, "igor", "ru")
    receipt = make_in_work(cast)
    check(clock_at, MONDAY + timedelta(hours=5))
    bot.notify()
    assert [notice.text for notice in igor.notices] == [
        f"👨‍🔧 Мастер не принял: 1\n"
        f"№{receipt.number} · Мастер не принял: Максим М., 5 ч при норме 4 ч"
    ]


def test_the_evening_summary(bot: BotDriver, cast: Cast, clock_at: Any) -> None:
    people = {who: phone(bot, cast, who, "ru") for who in ("anna", "igor", "boris", "maxim")}
    receipt = make_receipt(cast)
    deadline = MONDAY + timedelta(days=1, hours=3)
    change_deadline(receipt_id=receipt.pk, deadline=deadline, actor=cast.actor("igor"))
    evening = datetime(2026, 11, 16, 21, 30, tzinfo=MOSCOW)
    clock_at.move_to(evening)
    turn = Turn("receipts.evening_summary", evening, evening)
    evening_summary(turn)
    evening_summary(turn)  # a run that was killed is begun again
    bot.notify()
    for who in ("anna", "igor", "boris"):
        (notice,) = people[who].notices
        assert notice.text == (
            "🌙 Итоги дня: 16.11.2026\nПриняты: 1\nОТК пройден: 0\nВозврат ОТК: 0\n"
            "Выданы клиенту: 0\n\n⚠ Просрочены сейчас: 0\n📅 Срок завтра: 1\n"
            f"№{receipt.number}"
        )
    assert people["maxim"].notices == []
    people["anna"].press_notice("🔥 Срочные")
    assert f"№{receipt.number}" in people["anna"].screen


def test_an_empty_day_is_no_message(bot: BotDriver, cast: Cast, clock_at: Any) -> None:
    anna = phone(bot, cast, "anna")
    evening_summary(Turn("receipts.evening_summary", MONDAY, MONDAY))
    bot.notify()
    assert anna.notices == []
