"""Scheduled reports by the bot: the document, once, to whom it is meant for; word of failures."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from analytics.models import Report
from analytics.reports import jobs, making
from analytics.services import reports
from analytics.services.report_schedules import RecipientInput, add_schedule
from botapp.models import OutgoingMessage
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import phone
from botapp.tests.simulated import simulated_bot, wait_until
from botapp.transport.port import File, Message
from history.jobs import Turn
from staff.models import Employee
from staff.services.notices import mute_notices
from tests.cast import Cast, make_cast
from workshop.lib import clock

pytestmark = pytest.mark.django_db
SLOT = clock.day_start(clock.today() - timedelta(days=1)) + timedelta(hours=8)
DAY = f"{clock.today() - timedelta(days=2):%d.%m.%Y}"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def files(media: Any) -> None:
    """A folder of its own: what another test wrote under the same number is not there."""


def daily(cast: Cast, *people: Employee, form: str = "xlsx") -> None:
    add_schedule(
        every="daily",
        form=form,
        recipients=[RecipientInput(one.pk) for one in people],
        actor=cast.actor("anna"),
        at=SLOT - timedelta(days=1),
    )


def run() -> None:
    jobs.run(Turn("analytics.daily_reports", SLOT, SLOT), "daily")


def documents(bot: BotDriver, person: MemoryPerson) -> list[tuple[Message, File]]:
    bot.notify()
    kept = bot.transport.chats.get(person.id, {}).values()
    messages = [stored.message for stored in kept if stored.message is not None]
    return [(message, message.document) for message in messages if message.document]


def test_each_gets_the_document_in_his_language_once(bot: BotDriver, cast: Cast) -> None:
    anna, boris = phone(bot, cast, "anna", "ru"), phone(bot, cast, "boris", "en")
    daily(cast, cast.anna, cast.boris)
    for _again in range(3):
        run()
    ((russian, book),), ((english, other),) = documents(bot, anna), documents(bot, boris)
    assert book.name == f"Отчёт {DAY}.xlsx"
    assert other.name == f"Report {DAY}.xlsx"
    names = [
        CalamineWorkbook.from_filelike(io.BytesIO(one.content)).sheet_names[0]
        for one in (book, other)
    ]
    assert names == ["Сводка", "Summary"]
    assert russian.html.startswith(f"📊 <b>Отчёт {DAY}</b>")
    assert "Works: 0" in english.html
    assert OutgoingMessage.objects.filter(template="report_xlsx").count() == 2


def test_both_formats_are_two_documents(bot: BotDriver, cast: Cast) -> None:
    anna = phone(bot, cast, "anna")
    daily(cast, cast.anna, form="both")
    run()
    found = documents(bot, anna)
    assert sorted(file.name.rpartition(".")[2] for _message, file in found) == ["pdf", "xlsx"]


def test_it_can_be_muted(bot: BotDriver, cast: Cast) -> None:
    anna = phone(bot, cast, "anna")
    mute_notices(employee_id=cast.anna.pk, kinds=["report"], muted=True, actor=cast.actor("anna"))
    daily(cast, cast.anna)
    run()
    assert documents(bot, anna) == []


@pytest.mark.parametrize("change", [{"active": False}, {"is_owner": False, "is_inspector": True}])
def test_who_lost_the_right_before_it_leaves_gets_nothing(
    bot: BotDriver, cast: Cast, change: dict[str, bool]
) -> None:
    boris = phone(bot, cast, "boris")
    daily(cast, cast.boris)
    run()
    Employee.objects.filter(pk=cast.boris.pk).update(**change)
    assert documents(bot, boris) == []
    assert set(OutgoingMessage.objects.values_list("state", flat=True)) == {"dead"}


def test_who_has_no_account_stands_in_the_queue_with_the_reason(bot: BotDriver, cast: Cast) -> None:
    Employee.objects.filter(pk=cast.boris.pk).update(telegram_id=None)
    daily(cast, cast.boris)
    run()
    bot.notify()
    row = OutgoingMessage.objects.get(template="report_xlsx")
    assert (row.state, row.last_error) == ("dead", "no account")


def test_sent_again_is_another_document(bot: BotDriver, cast: Cast) -> None:
    anna = phone(bot, cast, "anna")
    daily(cast, cast.anna)
    run()
    assert len(documents(bot, anna)) == 1
    reports.send_again(report_id=Report.objects.get().pk, actor=cast.actor("anna"))
    assert len(documents(bot, anna)) == 2


def test_managers_hear_of_a_report_that_failed(
    bot: BotDriver, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = phone(bot, cast, "anna", "ru"), phone(bot, cast, "boris", "ru")
    daily(cast, cast.boris)

    def broken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(making.WRITERS, "xlsx", broken)
    run()
    at = clock.now()
    for _attempt in range(4):
        at += timedelta(hours=2)
        making.make_waiting(at=at)
    bot.notify()
    (told,) = anna.notices
    assert told.text.splitlines()[0].startswith(f"⚠ Отчёт {DAY} не удалось составить")
    assert boris.notices == []


@pytest.mark.django_db(transaction=True)
def test_over_http_it_is_a_document_with_a_caption(transactional_db: None) -> None:
    cast = make_cast()
    with simulated_bot() as driver:
        anna: Any = phone(driver, cast, "anna", "ru")  # type: ignore[arg-type]
        daily(cast, cast.anna)
        run()
        wait_until(lambda: anna.files)
        (message,) = [one for one in anna.messages if one.get("document")]
        (file,) = anna.files
    assert file.name == f"Отчёт {DAY}.xlsx"
    assert CalamineWorkbook.from_filelike(io.BytesIO(file.content)).sheet_names[0] == "Сводка"
    assert message["text"].startswith(f"📊 Отчёт {DAY}")
