"""Two workers and the bot judge the same numbers at once: one alert, one message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection

from analytics.models import Alert, AlertRule
from analytics.monitoring.sources import Reading, source
from analytics.services import alert_answers, alert_rules, alerts
from analytics.tests.test_alerts import KINDS, QUEUE, SLOW
from history.models import Event
from staff import roles
from tests.cast import make_cast
from workshop.lib.actor import system_actor

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ACTOR = system_actor("analytics.check_alerts")
NOON = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
WORKERS = 4


def at_once(*works: Callable[[], object]) -> None:
    failures: list[BaseException] = []
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait(20)
            work()
        except BaseException as error:  # a thread tells nobody by itself
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_every_reading_is_judged_once_however_many_judge_it() -> None:
    """Each round two readings of the same second, one before the other, judged by four."""
    cast = make_cast()
    AlertRule.objects.update(active=False)
    with source("test", [QUEUE, SLOW, KINDS], lambda at: {}):
        values = {
            "name": "Очередь",
            "metric": "test_queue",
            "comparison": "above",
            "threshold": Decimal(60),
            "roles": [roles.MANAGER],
            "cooldown_minutes": 5,
        }
        alert_rules.add_rule(values=values, actor=cast.actor("anna"))
        for number in range(12):
            at = NOON + number * timedelta(minutes=6)
            value = 0 if number % 2 else 61

            def judge(late: int, at: datetime = at, value: int = value) -> None:
                moment = at + late * timedelta(milliseconds=3)
                reading = Reading(moment, {"test_queue": value})
                alerts.evaluate(reading, minutely=True, actor=ACTOR)

            at_once(*[lambda late=late: judge(late % 2) for late in range(WORKERS)])
    assert Alert.objects.count() == 6
    assert not Alert.objects.open().exists()
    counts = [
        Event.objects.filter(kind=f"alert.{kind}").count()
        for kind in ("fired", "told", "resolved", "over")
    ]
    assert counts == [6, 6, 6, 6]


def test_a_person_answers_while_it_is_judged() -> None:
    """Whoever comes first: the alert is over once, and by one of them."""
    cast = make_cast()
    AlertRule.objects.update(active=False)
    with source("test", [QUEUE, SLOW, KINDS], lambda at: {}):
        values = {
            "name": "Очередь",
            "metric": "test_queue",
            "comparison": "above",
            "threshold": Decimal(60),
            "roles": [roles.MANAGER],
            "cooldown_minutes": 5,
        }
        alert_rules.add_rule(values=values, actor=cast.actor("anna"))
        at = NOON
        for _round in range(8):
            at += timedelta(minutes=10)
            bad = Reading(at, {"test_queue": 61})
            alerts.evaluate(bad, minutely=True, actor=ACTOR)
            alert = Alert.objects.open().get()
            at += timedelta(minutes=10)
            good = Reading(at, {"test_queue": 0})
            at_once(
                lambda good=good: alerts.evaluate(good, minutely=True, actor=ACTOR),  # type: ignore[misc]
                lambda pk=alert.pk: alert_answers.resolve_alert(
                    alert_id=pk, actor=cast.actor("anna")
                ),  # type: ignore[misc]
            )
            told = Event.objects.filter(stream=alert.stream, kind="alert.resolved")
            assert told.count() == 1
    assert not Alert.objects.open().exists()
