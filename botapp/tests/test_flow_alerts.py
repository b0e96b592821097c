"""Alerts by the bot: told with their cause, answered by a button, looked after when jobs stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django_celery_beat.models import PeriodicTask

from analytics.models import Alert, AlertCheck, AlertRule
from analytics.monitoring import checking
from analytics.monitoring.sources import Reading, source
from analytics.services import alert_rules, alerts
from analytics.tests.test_alerts import ACTOR, KINDS, QUEUE, SLOW
from botapp import alert_watch
from botapp.models import OutgoingMessage
from botapp.testing import BotDriver
from botapp.tests.flow_cast import LANGUAGES, phone, tr
from history.models import Event, Job, Outbox
from staff import roles
from staff.notice_kinds import NoticeKind
from staff.services import mute_notices
from tests.cast import Cast, make_cast
from workshop.lib import clock

NOON = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=True) as moved:
        yield moved


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with source("test", [QUEUE, SLOW, KINDS], lambda at: {"test_queue": 90}):
        AlertRule.objects.update(active=False)
        yield make_cast()


def rule(cast: Cast, **more: Any) -> AlertRule:
    values = {
        "name": "Очередь стоит",
        "metric": "test_queue",
        "comparison": "above",
        "threshold": Decimal(60),
        "severity": "critical",
        "roles": [roles.MANAGER],
        "cooldown_minutes": 30,
        "escalate_minutes": 45,
        "escalate_roles": [roles.OWNER],
        **more,
    }
    return alert_rules.add_rule(values=values, actor=cast.actor("anna")).object


def judge(value: int | None) -> alerts.Checked:
    reading = Reading(clock.now(), {"test_queue": value})
    return alerts.evaluate(reading, minutely=True, actor=ACTOR)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cause_in_words_to_whom_it_is_meant(
    bot: BotDriver, cast: Cast, time: time_machine.Traveller, language: str
) -> None:
    phones = {who: phone(bot, cast, who, language) for who in ("anna", "boris", "igor")}
    rule(cast)
    judge(90)
    bot.notify()
    told = phones["anna"].notices[-1]
    for part in ("🔴 Очередь стоит", tr(language, "Bot silent for"), "16.11.2026 12:00"):
        assert part in told
    assert not phones["boris"].notices
    time.shift(45 * MINUTE)
    judge(90)
    bot.notify()
    assert tr(language, "Nobody has acknowledged this alert yet.") in phones["boris"].notices[-1]
    time.shift(MINUTE)
    judge(0)
    bot.notify()
    for who in ("anna", "boris"):
        assert tr(language, "✅ Over: %(name)s", name="Очередь стоит") in phones[who].notices[-1]
    assert not phones["igor"].notices


def test_acknowledged_by_the_button_of_the_message(
    bot: BotDriver, cast: Cast, time: time_machine.Traveller
) -> None:
    anna = phone(bot, cast, "anna")
    rule(cast)
    judge(90)
    bot.notify()
    before = anna.screen.text
    anna.press_notice("✅ Acknowledge")
    alert = Alert.objects.get()
    assert alert.acknowledged_by == cast.anna.short_name
    assert Event.objects.filter(kind="alert.acknowledged").count() == 1
    assert before.splitlines()[0] in anna.screen.text  # what she was doing goes on
    assert "Acknowledged: Анна М." in anna.notices[-1]
    assert anna.notices[-1].buttons == ["Open the alert"]
    time.shift(60 * MINUTE)
    judge(90)
    assert bot.notify() == 0


def test_put_off_by_the_button_it_comes_again(
    bot: BotDriver, cast: Cast, time: time_machine.Traveller
) -> None:
    anna = phone(bot, cast, "anna")
    rule(cast, escalate_minutes=None, escalate_roles=[])
    judge(90)
    bot.notify()
    anna.press_notice("⏰ In an hour")
    assert "Snoozed until 16.11.2026 13:0" in anna.notices[-1]
    time.shift(59 * MINUTE)
    judge(90)
    assert bot.notify() == 0
    time.shift(2 * MINUTE)
    judge(90)
    bot.notify()
    assert len(anna.notices) == 2


def test_the_list_and_the_card(bot: BotDriver, cast: Cast) -> None:
    anna = phone(bot, cast, "anna")
    anna.text("/start")
    anna.press("☰ More")
    anna.press("🔴 Alerts")
    assert "No alert is on." in anna.screen
    rule(cast)
    judge(90)
    anna.text("/start")
    anna.press("☰ More")
    anna.press("🔴 Alerts (1)")
    anna.press("🔴 Очередь стоит")
    assert "1" in anna.screen
    anna.press("⏰ 4 h")
    assert Alert.objects.get().snoozed_until is not None
    anna.press("✅ Acknowledge")
    assert "Acknowledged: Анна М." in anna.screen
    anna.press("Close by hand")
    anna.press("Close by hand")
    assert "The alert is closed." in anna.screen
    assert Alert.objects.get().why == "person"


def test_an_owner_answers_and_does_not_close(bot: BotDriver, cast: Cast) -> None:
    boris = phone(bot, cast, "boris")
    rule(cast, roles=[roles.OWNER])
    judge(90)
    bot.notify()
    boris.press_notice("Open the alert")
    assert "Close by hand" not in boris.screen.buttons
    boris.press("✅ Acknowledge")
    assert Alert.objects.get().acknowledged_by == cast.boris.short_name


def test_a_button_of_an_alert_that_is_over_says_so(
    bot: BotDriver, cast: Cast, time: time_machine.Traveller
) -> None:
    anna = phone(bot, cast, "anna")
    rule(cast)
    judge(90)
    bot.notify()
    time.shift(MINUTE)
    judge(0)
    anna.press_notice("✅ Acknowledge")
    assert "This alert is over already." in anna.screen
    assert not Event.objects.filter(kind="alert.acknowledged").exists()


def test_nothing_old_is_told_when_the_bot_comes_back(
    bot: BotDriver, cast: Cast, time: time_machine.Traveller
) -> None:
    """It fired and was over while nothing could leave: one message tells both."""
    anna = phone(bot, cast, "anna")
    rule(cast)
    judge(90)
    time.shift(5 * MINUTE)
    judge(0)
    bot.notify()
    (told,) = anna.notices
    assert "✅ Over: Очередь стоит" in told
    assert "From 16.11.2026 12:00 to 16.11.2026 12:05" in told


def test_who_wants_no_alerts_gets_none(bot: BotDriver, cast: Cast) -> None:
    anna = phone(bot, cast, "anna")
    mute_notices(
        employee_id=cast.anna.pk,
        kinds=[NoticeKind.ALERT],
        muted=True,
        actor=cast.actor("anna"),
    )
    rule(cast)
    judge(90)
    bot.notify()
    assert not anna.notices


def test_a_rule_that_is_tried_out_speaks_to_that_person_alone(bot: BotDriver, cast: Cast) -> None:
    anna, boris = phone(bot, cast, "anna"), phone(bot, cast, "boris")
    own = rule(cast, roles=[roles.MANAGER, roles.OWNER])
    alert_rules.try_rule(rule_id=own.pk, says="90 > 60", actor=cast.actor("anna"))
    bot.notify()
    (told,) = anna.notices
    assert "🧪 Test of the alert rule: Очередь стоит" in told
    assert "90 > 60" in told
    assert not boris.notices
    assert not Alert.objects.exists()


# --- while nobody else looks ----------------------------------------------------------------------


def stopped(minutes: float) -> None:
    """The job last ran so long ago."""
    AlertCheck.objects.update_or_create(pk=AlertCheck.ONLY, defaults={"minutely_at": NOON})
    started = clock.now() - minutes * MINUTE
    Job.objects.filter(name=checking.JOB).update(last_started_at=started)


def test_without_a_worker_the_bot_judges_and_tells(bot: BotDriver, cast: Cast) -> None:
    anna = phone(bot, cast, "anna")
    rule(cast)
    stopped(3)
    alert_watch.look()
    assert Alert.objects.open().count() == 1
    event = Event.objects.get(kind="alert.told")
    assert not OutgoingMessage.objects.exists()  # the relay still has its time
    with time_machine.travel(clock.now() + MINUTE, tick=True):
        stopped(3)
        alert_watch.look()
        assert OutgoingMessage.objects.get().event == event
        assert Outbox.objects.get(event=event).done_at is None  # other consumers still wait
        bot.notify()  # the relay comes back and finds the message there
    assert len(anna.notices) == 1
    assert OutgoingMessage.objects.count() == 1


def test_with_a_worker_the_bot_leaves_it_to_the_job(cast: Cast) -> None:
    rule(cast)
    stopped(2)
    alert_watch.look()
    assert not Alert.objects.exists()


def test_a_job_that_was_switched_off_stays_off(cast: Cast) -> None:
    rule(cast)
    stopped(30)
    PeriodicTask.objects.filter(name=checking.JOB).update(enabled=False)
    alert_watch.look()
    assert not Alert.objects.exists()


def test_a_workshop_without_a_worker_so_far_has_nobody_to_miss(cast: Cast) -> None:
    rule(cast)
    alert_watch.look()
    assert not Alert.objects.exists()


def test_a_bug_of_the_alerts_does_not_end_the_bot(
    caplog: pytest.LogCaptureFixture,
) -> None:
    looked: list[int] = []

    class Threads:
        async def run(self, work: Any) -> None:
            looked.append(1)
            if len(looked) == 2:
                watch.stop()
            raise ZeroDivisionError

    watch = alert_watch.AlertWatch(Threads(), every=0.001)  # type: ignore[arg-type]
    asyncio.run(watch.run())
    assert len(looked) == 2
    assert "alerts were not looked at" in caplog.text
