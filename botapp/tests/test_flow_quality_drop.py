"""A drop of quality: told to the person and the managers, to nobody else, and never to a group."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine

from analytics.services.drops import tell_drops
from analytics.tasks import tell_of_drops
from analytics.tests.test_trend import make_months
from botapp.models import GroupCard, OutgoingMessage
from botapp.testing import BotDriver
from botapp.tests.flow_cast import LANGUAGES, phone, tr
from history.jobs import Turn
from receipts.models import ReturnCase
from staff.models import Employee
from staff.notice_kinds import NoticeKind
from staff.services import mute_notices
from staff.services.work_group import link_work_group
from tests.cast import Cast, make_cast
from workshop.lib import clock
from workshop.lib.actor import system_actor

SYSTEM = system_actor("tests")
EVERYBODY = ("anna", "igor", "ivan", "maxim", "mark", "pavel", "boris")


@pytest.fixture(autouse=True)
def _november() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    cast = make_cast()
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=date(2026, 10, 1))
    return cast


def run_job() -> None:
    now = clock.now()
    assert tell_of_drops(Turn("analytics.tell_drops", now, now)) == {"told": 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_person_and_the_manager_are_told(bot: BotDriver, cast: Cast, language: str) -> None:
    phones = {who: phone(bot, cast, who, language) for who in EVERYBODY}
    bot.notify()
    before = {who: len(one.notices) for who, one in phones.items()}
    run_job()
    bot.notify()
    told = {who for who, one in phones.items() if len(one.notices) > before[who]}
    assert told == {"anna", "maxim"}
    own, boss = phones["maxim"].notices[-1], phones["anna"].notices[-1]
    assert tr(language, "📉 Your quality is outside its limits") in own
    assert "Максим" not in own.text
    assert "Максим М." in boss
    for one in (own, boss):
        assert "12" in one
        assert "40" in one
    assert tell_drops(actor=SYSTEM) == 0
    assert bot.notify() == 0


def test_its_button_leads_to_the_numbers(bot: BotDriver, cast: Cast) -> None:
    maxim, anna = phone(bot, cast, "maxim"), phone(bot, cast, "anna")
    run_job()
    bot.notify()
    maxim.press_notice("📊 My quality and output")
    assert "My quality and output" in maxim.screen
    assert "October 2026: outside the limits" in maxim.screen
    anna.press_notice("📊 His numbers")
    assert "Максим М." in anna.screen
    # The same button in the hands of one who may not compare people.
    key = next(
        key.payload
        for stored in bot.transport.chats[anna.id].values()
        if stored.notice and stored.message
        for row in stored.message.keys
        for key in row
    )
    mark = phone(bot, cast, "mark")
    mark.press_payload(key, mark.screen.message_id)
    assert "Максим" not in mark.screen


def test_a_return_taken_back_before_it_is_sent(bot: BotDriver, cast: Cast) -> None:
    maxim = phone(bot, cast, "maxim")
    run_job()
    ReturnCase.objects.filter(returned_at__gte=datetime(2026, 10, 1, tzinfo=UTC)).update(
        voided_at=clock.now()
    )
    bot.notify()
    assert maxim.notices == []


def test_who_is_no_manager_any_more_is_told_nothing(bot: BotDriver, cast: Cast) -> None:
    anna = phone(bot, cast, "anna")
    run_job()
    Employee.objects.filter(pk=cast.anna.pk).update(is_manager=False, is_inspector=True)
    bot.notify()
    assert anna.notices == []


def test_each_may_switch_it_off(bot: BotDriver, cast: Cast) -> None:
    maxim, anna = phone(bot, cast, "maxim"), phone(bot, cast, "anna")
    mute_notices(employee_id=cast.maxim.pk, kinds=[NoticeKind.QUALITY], muted=True, actor=SYSTEM)
    run_job()
    bot.notify()
    assert maxim.notices == []
    assert len(anna.notices) == 1


def test_no_group_hears_of_it(bot: BotDriver, cast: Cast) -> None:
    link_work_group(chat_id=-100, title="Цех", actor=cast.actor("anna"))
    run_job()
    bot.notify()
    assert not GroupCard.objects.exists()
    rows = OutgoingMessage.objects.filter(template="quality_drop")
    assert {row.recipient for row in rows} == {cast.anna.stream, cast.maxim.stream}
    assert -100 not in bot.transport.chats
