"""Alerts: every reading is judged once by the rules that are active.

Whoever judges holds the one row of :class:`AlertCheck`: two workers judge one after the other, and
a reading that is not newer than what was judged changes nothing. What a step of the state machine
asks for is written down by :mod:`analytics.services.alert_steps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from analytics import locks
from analytics.models import Alert, AlertCheck, AlertRule, AlertWatch
from analytics.monitoring import catalogue
from analytics.monitoring.judging import Act, Mark, exact, keys_of, step
from analytics.monitoring.sources import Reading, sources
from analytics.services.alert_steps import Judged, record_step
from workshop.lib import clock
from workshop.lib.actor import Actor

PLACES: Final = Decimal("0.001")
LARGEST: Final = Decimal("99999999999.999")
AHEAD: Final = timedelta(minutes=10)
"""What was judged so far ahead of now came from a clock that was wrong: it must not silence us."""


@dataclass(frozen=True)
class Checked:
    """What a reading has led to."""

    fired: int = 0
    resolved: int = 0
    told: int = 0


def evaluate(reading: Reading, *, minutely: bool, actor: Actor) -> Checked:
    """Judge a reading by the active rules. ``minutely``: it holds the minutely numbers alone.

    Idempotent: numbers that are not newer than the ones judged before say nothing.
    """
    AlertCheck.objects.get_or_create(pk=AlertCheck.ONLY)
    with transaction.atomic():
        check = locks.alert_check()
        news = _News(reading, minutely, check)
        if not news.any:
            return Checked()
        acts = [act for judged in _judged(news) for act in _carry_out(judged, reading.at, actor)]
        if news.of_minutes:
            check.minutely_at = reading.at
        check.all_at = check.all_at if minutely else reading.at
        check.save(update_fields=["minutely_at", "all_at"])
    return Checked(
        fired=acts.count(Act.FIRE),
        resolved=acts.count(Act.RESOLVE),
        told=sum(act in {Act.TELL, Act.ESCALATE, Act.TELL_OVER} for act in acts),
    )


def _is_newer(at: datetime, judged: datetime | None) -> bool:
    return judged is None or at > judged or judged - at > AHEAD


class _News:
    """What a reading says that was not judged before."""

    def __init__(self, reading: Reading, minutely: bool, check: AlertCheck) -> None:
        self.at, self.numbers = reading.at, reading.numbers
        self._minutely = minutely
        self.of_minutes = _is_newer(reading.at, check.minutely_at)
        self._of_all = not minutely and _is_newer(reading.at, check.all_at)
        failed = set(reading.failed)
        self._failed = {
            metric.code
            for one in sources().values()
            if one.name in failed
            for metric in one.metrics
        }
        self._known = catalogue.metrics()

    @property
    def any(self) -> bool:
        return self.of_minutes or self._of_all

    def tells(self, code: str) -> bool:
        """Is there news of this metric at all?"""
        found = self._known.get(code)
        if found is None or code in self._failed:
            return False
        return self.of_minutes if found.minutely else self._of_all

    def value(self, key: str) -> Decimal | None:
        if not self.tells(key.partition(catalogue.SEPARATOR)[0]):
            return None
        value = exact(self.numbers.get(key))
        return None if value is None else max(-LARGEST, min(LARGEST, value.quantize(PLACES)))

    def is_gone(self, key: str) -> bool:
        """Its source has answered, and there is no such label any more."""
        code, labelled, _label = key.partition(catalogue.SEPARATOR)
        return bool(labelled) and key not in self.numbers and self.tells(code)


def _judged(news: _News) -> Iterator[Judged]:
    watches = {(row.rule_id, row.key): row for row in AlertWatch.objects.all()}
    alerts = {(row.rule_id, row.key): row for row in Alert.objects.open()}
    local = clock.local(news.at)
    rules = list(AlertRule.objects.all())
    on = {rule.key for rule in rules if any(pk == rule.pk for pk, _key in alerts)}
    for rule in rules:
        known = {key for pk, key in (*watches, *alerts) if pk == rule.pk}
        keys = set(keys_of(rule, news.numbers)) if rule.active else set()
        for key in sorted(keys | known):
            watch, alert = watches.get((rule.pk, key)), alerts.get((rule.pk, key))
            before = _mark(watch, alert)
            if not rule.active or not rule.speaks_of(key):
                yield from _dropped(rule, key, watch, alert, before)
                continue
            value, gone = news.value(key), news.is_gone(key)
            if alert is None and not on.isdisjoint(rule.unless):
                value = None  # it only follows from what people know already
            done = step(rule.terms, before, value, at=news.at, local=local, gone=gone)
            why = Alert.Why.GONE if gone else Alert.Why.BACK
            yield Judged(rule, key, watch, alert, done.mark, done.acts, value, why, before)


def _dropped(
    rule: AlertRule, key: str, watch: AlertWatch | None, alert: Alert | None, before: Mark
) -> Iterator[Judged]:
    """The rule does not speak of the number any more: nothing is remembered, nobody is told."""
    acts = (Act.RESOLVE,) if alert is not None else ()
    if acts or before != Mark(told_at=before.told_at):
        mark, why = Mark(told_at=before.told_at), Alert.Why.RULE
        yield Judged(rule, key, watch, alert, mark, acts, None, why, before)


def _mark(watch: AlertWatch | None, alert: Alert | None) -> Mark:
    found = Mark()
    if watch is not None:
        found = Mark(
            since=watch.since,
            seen_at=watch.seen_at,
            told_at=watch.told_at,
            believed=watch.believed,
            owed=watch.owed,
        )
    if alert is None:
        return found
    return replace(
        found,
        fired_at=alert.fired_at,
        acknowledged=alert.acknowledged_at is not None,
        snoozed_until=alert.snoozed_until,
        first_told_at=alert.first_told_at,
        escalated=alert.escalated_at is not None,
    )


def _carry_out(judged: Judged, at: datetime, actor: Actor) -> Sequence[Act]:
    """Write down what has changed; most readings change nothing."""
    if judged.acts:
        record_step(judged=judged, actor=actor, at=at)
    elif judged.alert is not None and judged.value not in {None, judged.alert.last_value}:
        Alert.objects.filter(pk=judged.alert.pk).update(last_value=judged.value)
    mark = judged.mark
    columns: dict[str, Any] = {
        "since": mark.since,
        "seen_at": mark.seen_at,
        "told_at": mark.told_at,
        "believed": mark.believed,
        "owed": mark.owed,
    }
    if judged.watch is not None:
        if any(getattr(judged.watch, name) != value for name, value in columns.items()):
            AlertWatch.objects.filter(pk=judged.watch.pk).update(**columns)
    elif any(columns.values()):
        AlertWatch.objects.create(rule=judged.rule, key=judged.key, **columns)
    return judged.acts
