"""Alerts in the rows: fired, told, answered and over, each once and with its event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext_lazy as _

from analytics.models import Alert, AlertCheck, AlertRule, AlertWatch
from analytics.monitoring import alert_words, checking
from analytics.monitoring.catalogue import Category, Metric, Unit
from analytics.monitoring.sources import Reading, source
from analytics.services import alert_answers, alert_rules, alerts, snapshots
from history.models import Event
from staff import roles
from tests.cast import Cast, make_cast
from workshop.lib.actor import system_actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

ACTOR = system_actor("analytics.check_alerts")
NOON = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)  # 12:00 in Moscow
MINUTE = timedelta(minutes=1)

QUEUE = Metric(
    code="test_queue",
    category=Category.DELIVERY,
    label=_("Bot silent for"),
    about=_("Bot silent for"),
    unit=Unit.SECONDS,
    alert=True,
    minutely=True,
)
SLOW = Metric(
    code="test_slow", category=Category.DELIVERY, label=_("Overdue"), about=_("Overdue"), alert=True
)
KINDS = Metric(
    code="test_kinds",
    category=Category.DELIVERY,
    label=_("Overdue"),
    about=_("Overdue"),
    alert=True,
    minutely=True,
    labelled=True,
    label_names=lambda: {"a": "А", "b": "Б"},
)


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with source("test", [QUEUE, SLOW, KINDS], lambda at: {}):
        AlertRule.objects.update(active=False)
        yield make_cast()


def rule(cast: Cast, **more: Any) -> AlertRule:
    values = {
        "name": "Очередь",
        "metric": "test_queue",
        "comparison": "above",
        "threshold": Decimal(60),
        "roles": [roles.MANAGER],
        "cooldown_minutes": 30,
        **more,
    }
    return alert_rules.add_rule(values=values, actor=cast.actor("anna")).object


def judge(
    minute: float, *, minutely: bool = True, failed: tuple[str, ...] = (), **numbers: Any
) -> alerts.Checked:
    """A reading at 12:00 and so many minutes; ``kinds_a`` stands for the key ``test_kinds:a``."""
    shown = {f"test_{name.replace('kinds_', 'kinds:')}": value for name, value in numbers.items()}
    at = NOON + minute * MINUTE
    return alerts.evaluate(Reading(at, shown, failed), minutely=minutely, actor=ACTOR)


def kinds_of(alert: Alert) -> list[str]:
    events = Event.objects.filter(stream=alert.stream).order_by("sequence")
    return [event.kind.removeprefix("alert.") for event in events]


def test_a_breach_fires_tells_and_is_over_again(cast: Cast) -> None:
    own = rule(cast)
    assert judge(0, queue=60) == alerts.Checked()
    assert judge(1, queue=61) == alerts.Checked(fired=1, told=1)
    (alert,) = Alert.objects.all()
    assert (alert.rule, alert.key, alert.value) == (own, "test_queue", 61)
    assert (alert.fired_at, alert.told_at, alert.times_told) == (NOON + MINUTE, NOON + MINUTE, 1)
    assert judge(2, queue=90) == alerts.Checked()
    assert Alert.objects.get().last_value == 90
    assert judge(3, queue=5) == alerts.Checked(resolved=1, told=1)
    alert.refresh_from_db()
    assert (alert.resolved_at, alert.why, alert.last_value) == (NOON + 3 * MINUTE, "back", 5)
    assert alert.value == 61
    assert kinds_of(alert) == ["fired", "told", "resolved", "over"]


def test_the_same_reading_and_an_older_one_change_nothing(cast: Cast) -> None:
    rule(cast)
    judge(5, queue=61)
    for minute in (5, 4):
        assert judge(minute, queue=1) == alerts.Checked()
    assert Alert.objects.open().count() == 1
    assert judge(5.1, queue=1).resolved == 1


def test_a_late_snapshot_still_judges_what_only_it_holds(cast: Cast) -> None:
    """It was taken at 12:00 and is judged at 12:05: its minutely numbers are old news by then."""
    rule(cast)
    rule(cast, metric="test_slow", threshold=Decimal(0))
    judge(5, queue=1)
    assert judge(0, minutely=False, queue=99, slow=1) == alerts.Checked(fired=1, told=1)
    assert Alert.objects.get().key == "test_slow"


def test_minutely_readings_say_nothing_of_other_numbers(cast: Cast) -> None:
    rule(cast, metric="test_slow", threshold=Decimal(0))
    judge(0, minutely=False, slow=1)
    assert judge(1) == alerts.Checked()
    assert Alert.objects.open().count() == 1
    assert judge(15, minutely=False, slow=0).resolved == 1


def test_each_label_has_its_own_alert(cast: Cast) -> None:
    rule(cast, metric="test_kinds", threshold=Decimal(0))
    assert judge(0, kinds_a=1, kinds_b=0).fired == 1
    assert judge(1, kinds_a=1, kinds_b=2).fired == 1
    assert judge(2, kinds_a=0, kinds_b=2).resolved == 1
    assert Alert.objects.open().get().key == "test_kinds:b"


def test_a_label_that_is_gone_is_over_unless_its_source_failed(cast: Cast) -> None:
    rule(cast, metric="test_kinds", threshold=Decimal(0))
    judge(0, kinds_a=1)
    assert judge(1, failed=("test",)) == alerts.Checked()
    assert judge(2).resolved == 1
    assert Alert.objects.get().why == "gone"


def test_no_data_changes_nothing(cast: Cast) -> None:
    rule(cast)
    judge(0, queue=61)
    for minute in (1, 2):
        assert judge(minute, queue=None) == alerts.Checked()
    assert Alert.objects.open().count() == 1


def test_a_rule_that_is_off_or_changed_lets_go_in_silence(cast: Cast) -> None:
    own = rule(cast)
    judge(0, queue=61)
    alert_rules.switch_rule(rule_id=own.pk, active=False, actor=cast.actor("anna"))
    assert judge(1, queue=61) == alerts.Checked(resolved=1)
    alert = Alert.objects.get()
    assert alert.why == "rule"
    assert kinds_of(alert) == ["fired", "told", "resolved"]
    other = rule(cast, metric="test_slow", threshold=Decimal(0))
    judge(15, minutely=False, slow=1)
    values = {"metric": "test_queue"}
    alert_rules.change_rule(rule_id=other.pk, values=values, actor=cast.actor("anna"))
    assert judge(16, queue=0).resolved == 1


def test_what_follows_from_something_else_is_not_told(cast: Cast) -> None:
    cause = rule(cast)
    rule(cast, metric="test_kinds", threshold=Decimal(0), unless=[cause.key])
    judge(0, queue=61, kinds_a=0)
    assert judge(1, queue=61, kinds_a=5) == alerts.Checked()
    assert judge(2, queue=1, kinds_a=5) == alerts.Checked(resolved=1, told=1)
    assert judge(3, queue=1, kinds_a=5).fired == 1


def test_told_again_and_higher_up(cast: Cast) -> None:
    rule(cast, escalate_minutes=45, escalate_roles=[roles.OWNER])
    for minute in range(0, 91, 15):
        judge(minute, queue=61)
    alert = Alert.objects.get()
    assert kinds_of(alert) == ["fired", "told", "told", "escalated", "told", "told"]
    assert (alert.times_told, alert.escalated_at) == (4, NOON + 45 * MINUTE)


def test_a_judgement_costs_a_fixed_number_of_queries(cast: Cast) -> None:
    rule(cast, metric="test_kinds", threshold=Decimal(5))
    judge(0)  # the row that is locked is made once

    def cost(minute: int, count: int) -> int:
        numbers: dict[str, Any] = {f"kinds_{number}": 0 for number in range(count)}
        with CaptureQueriesContext(connection) as found:
            judge(minute, **numbers)
        return len(found)

    assert cost(1, 10) == cost(2, 1000)


def test_only_one_open_alert_of_a_rule_and_a_number(cast: Cast) -> None:
    own = rule(cast)
    judge(0, queue=61)
    alert = Alert.objects.get()
    alert.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        alert.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        AlertWatch.objects.create(rule=own, key="test_queue")


# --- what people do -------------------------------------------------------------------------------


@pytest.fixture
def alert(cast: Cast) -> Alert:
    rule(cast)
    judge(0, queue=61)
    return Alert.objects.get()


def test_acknowledged_once_and_the_second_learns_who_was_first(cast: Cast, alert: Alert) -> None:
    first = alert_answers.acknowledge_alert(alert_id=alert.pk, actor=cast.actor("anna"))
    assert (first.already, first.object.acknowledged_by) == (None, cast.anna.short_name)
    second = alert_answers.acknowledge_alert(alert_id=alert.pk, actor=cast.actor("boris"))
    assert second.already is not None
    assert second.already.who == cast.anna.short_name
    assert kinds_of(alert) == ["fired", "told", "acknowledged"]
    assert judge(60, queue=61) == alerts.Checked()


def test_snoozed_for_a_while(cast: Cast, alert: Alert) -> None:
    at = NOON + 2 * MINUTE
    alert_answers.snooze_alert(alert_id=alert.pk, minutes=60, actor=cast.actor("boris"), at=at)
    assert judge(61, queue=61) == alerts.Checked()
    assert judge(62, queue=61) == alerts.Checked(told=1)
    assert kinds_of(alert) == ["fired", "told", "snoozed", "told"]


@pytest.mark.parametrize("minutes", [0, -5, 7 * 24 * 60 + 1])
def test_nobody_snoozes_for_ever(cast: Cast, alert: Alert, minutes: int) -> None:
    with pytest.raises(RuleViolation) as refusal:
        alert_answers.snooze_alert(alert_id=alert.pk, minutes=minutes, actor=cast.actor("anna"))
    assert refusal.value.code == "alerts.bad_snooze"


def test_closed_by_hand_it_fires_anew_while_the_number_stays(cast: Cast, alert: Alert) -> None:
    done = alert_answers.resolve_alert(alert_id=alert.pk, comment="чиним", actor=cast.actor("anna"))
    assert (done.object.why, done.object.resolved_by) == ("person", cast.anna.short_name)
    event = Event.objects.filter(stream=alert.stream).last()
    assert event is not None
    assert event.payload["comment"] == "чиним"
    again = alert_answers.resolve_alert(alert_id=alert.pk, actor=cast.actor("anna"))
    assert again.already is not None
    assert judge(1, queue=61).fired == 1
    assert Alert.objects.open().get().pk != alert.pk


def test_one_that_is_over_cannot_be_answered(cast: Cast, alert: Alert) -> None:
    judge(1, queue=0)
    for act in (alert_answers.acknowledge_alert, alert_answers.snooze_alert):
        more: dict[str, Any] = {"minutes": 5} if act is alert_answers.snooze_alert else {}
        with pytest.raises(RuleViolation) as refusal:
            act(alert_id=alert.pk, actor=cast.actor("anna"), **more)
        assert refusal.value.code == "alerts.over"
    with pytest.raises(NotFound):
        alert_answers.acknowledge_alert(alert_id=10**9, actor=cast.actor("anna"))


@pytest.mark.parametrize(
    ("who", "answers", "closes"),
    [("anna", True, True), ("boris", True, False), ("igor", False, False), ("maxim", False, False)],
)
def test_who_may_answer_and_close(
    cast: Cast, alert: Alert, who: str, answers: bool, closes: bool
) -> None:
    actor = cast.actor(who)
    for allowed, act in (
        (answers, alert_answers.acknowledge_alert),
        (closes, alert_answers.resolve_alert),
    ):
        if allowed:
            act(alert_id=alert.pk, actor=actor)
        else:
            with pytest.raises(NotAllowed):
                act(alert_id=alert.pk, actor=actor)
    if not answers:
        assert kinds_of(alert) == ["fired", "told"]


def test_whoever_is_told_may_answer(cast: Cast) -> None:
    rule(cast, employees=[cast.igor.pk])
    judge(0, queue=61)
    alert_answers.acknowledge_alert(alert_id=Alert.objects.get().pk, actor=cast.actor("igor"))
    assert Alert.objects.get().acknowledged_by == cast.igor.short_name


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("90", "seconds", "90 с"),
        ("420", "seconds", "7 мин"),
        ("9000", "seconds", "2,5 ч"),
        ("259200", "seconds", "3 дн."),
        ("31.25", "hours", "31,25 ч"),
        ("7", "days", "7 дн."),
        ("12.5", "percent", "12,5 %"),
        ("1200", "count", "1200"),
        ("0", "count", "0"),
    ],
)
def test_amounts_in_words(value: str, unit: str, expected: str) -> None:
    assert alert_words.amount(Decimal(value), unit).replace("\xa0", "") == expected


def test_the_cause_in_words(cast: Cast, alert: Alert) -> None:
    assert str(alert) == "Бот молчит: 61 с (порог: больше 60 с)"


# --- the job --------------------------------------------------------------------------------------


def test_the_job_judges_the_newest_snapshot_once_and_the_minute(db: None) -> None:
    assert checking.unchecked_since(NOON) is None
    snapshots.take(slot=NOON, at=NOON)
    found = checking.check(actor=ACTOR, at=NOON + MINUTE)
    assert found == {"fired": 0, "resolved": 0, "told": 0, "mailed": 0}
    row = AlertCheck.objects.get()
    assert (row.all_at, row.minutely_at) == (NOON, NOON + MINUTE)
    checking.check(actor=ACTOR, at=NOON + 2 * MINUTE)
    row.refresh_from_db()
    assert (row.all_at, row.minutely_at) == (NOON, NOON + 2 * MINUTE)
    assert checking.unchecked_since(NOON + 5 * MINUTE) is None
    assert checking.unchecked_since(NOON + 6 * MINUTE) == NOON + 2 * MINUTE


def test_a_snapshot_of_another_time_is_not_judged(db: None) -> None:
    snapshots.take(slot=NOON, at=NOON)
    checking.check(actor=ACTOR, at=NOON + 31 * MINUTE)
    assert AlertCheck.objects.get().all_at is None


def test_a_clock_that_was_ahead_does_not_silence_the_alerts(db: None) -> None:
    ahead = NOON + 120 * MINUTE
    snapshots.take(slot=ahead, at=ahead)
    checking.check(actor=ACTOR, at=ahead)
    snapshots.take(slot=NOON, at=NOON)
    checking.check(actor=ACTOR, at=NOON + MINUTE)
    row = AlertCheck.objects.get()
    assert (row.all_at, row.minutely_at) == (NOON, NOON + MINUTE)


def test_an_empty_workshop_raises_no_alert(db: None) -> None:
    for minute in range(0, 61, 15):
        at = NOON + minute * MINUTE
        snapshots.take(slot=at, at=at)
        checking.check(actor=ACTOR, at=at + MINUTE)
    assert not Alert.objects.exists()
    assert not AlertWatch.objects.exists()
