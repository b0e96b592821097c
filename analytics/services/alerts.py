"""Alerts: every reading is judged once, and people say that they have seen them.

Whoever judges holds the one row of :class:`AlertCheck`: two workers judge one after the other, and
a reading that is not newer than what was judged changes nothing. What a step of the state machine
asks for is written by one command, with its events; messages leave later, from the events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from analytics import locks, policies
from analytics.models import Alert, AlertCheck, AlertRule, AlertWatch
from analytics.monitoring import catalogue
from analytics.monitoring.alert_events import (
    AlertAcknowledged,
    AlertEscalated,
    AlertFired,
    AlertPayload,
    AlertResolved,
    AlertSnoozed,
    AlertTold,
    AlertToldOver,
)
from analytics.monitoring.alert_people import addresses, told_by
from analytics.monitoring.judging import Act, Mark, exact, keys_of, step
from analytics.monitoring.sources import Reading, sources
from analytics.services.alert_mail import plan_mail
from history.commands import Already, CommandRef, Outcome, Run, verb
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import clean_text

PLACES: Final = Decimal("0.001")
LARGEST: Final = Decimal("99999999999.999")
LONGEST_SNOOZE: Final = timedelta(days=7)
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


@dataclass
class _Judged:
    """One rule, one key, and what the state machine wants."""

    rule: AlertRule
    key: str
    watch: AlertWatch | None
    alert: Alert | None
    mark: Mark
    acts: tuple[Act, ...]
    value: Decimal | None
    why: str = Alert.Why.BACK
    before: Mark = field(default_factory=Mark)


def _judged(news: _News) -> Iterator[_Judged]:
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
            yield _Judged(rule, key, watch, alert, done.mark, done.acts, value, why, before)


def _dropped(
    rule: AlertRule, key: str, watch: AlertWatch | None, alert: Alert | None, before: Mark
) -> Iterator[_Judged]:
    """The rule does not speak of the number any more: nothing is remembered, nobody is told."""
    acts = (Act.RESOLVE,) if alert is not None else ()
    if acts or before != Mark(told_at=before.told_at):
        mark, why = Mark(told_at=before.told_at), Alert.Why.RULE
        yield _Judged(rule, key, watch, alert, mark, acts, None, why, before)


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


def _carry_out(judged: _Judged, at: datetime, actor: Actor) -> Sequence[Act]:
    """Write down what has changed; most readings change nothing."""
    if judged.acts:
        _record(judged=judged, actor=actor, at=at)
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


@verb("alert.judge", "analytics.Alert", secret=("judged",))
def _record(
    *,
    judged: _Judged,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Alert]:
    """One command for everything that a step asks for, in the order of the acts."""
    run = Run.of(actor, command, at)
    row = locks.alert(judged.alert.pk) if judged.alert is not None else None
    for act in judged.acts:
        if act is Act.FIRE:
            row = _fire(run, judged)
        elif act is Act.RESOLVE and row is not None:
            _resolve(run, row, why=judged.why, value=judged.value)
        elif act is Act.TELL and row is not None:
            _tell(run, row)
        elif act is Act.ESCALATE and row is not None:
            row.escalated_at = run.at
            row.save(update_fields=["escalated_at"])
            _message(run, row, AlertEscalated(**_payload(row)))
        elif act is Act.TELL_OVER:
            row = row or _newest(judged)
            _message(run, row, AlertToldOver(**_payload(row)))
    if row is None:
        raise RuntimeError(f"nothing to record of {judged.key}: {judged.acts}")
    return Outcome(row)


def _newest(judged: _Judged) -> Alert:
    """The alert that people were told of, or would have been in quiet hours."""
    rows = Alert.objects.select_related("rule").filter(rule=judged.rule, key=judged.key)
    found: Alert = rows.order_by("-pk")[0]
    return found


def _fire(run: Run, judged: _Judged) -> Alert:
    rule, value = judged.rule, judged.value
    if value is None:
        raise ValueError("nothing fires without a value")
    row = Alert.objects.create(
        rule=rule,
        key=judged.key,
        severity=rule.severity,
        comparison=rule.comparison,
        threshold=rule.threshold,
        value=value,
        last_value=value,
        fired_at=run.at,
    )
    run.record(row.stream, AlertFired(**_payload(row)))
    return row


def _resolve(
    run: Run, row: Alert, *, why: str, value: Decimal | None = None, comment: str = ""
) -> None:
    """Nothing for one that somebody has closed meanwhile."""
    if not row.is_open:
        return
    row.resolved_at, row.why = run.at, why
    row.last_value = row.last_value if value is None else value
    row.resolved_by = run.actor.label if why == Alert.Why.PERSON else ""
    row.save(update_fields=["resolved_at", "why", "last_value", "resolved_by"])
    told = {**_payload(row), "value": _text(row.last_value)}
    run.record(row.stream, AlertResolved(**told, why=why, comment=comment))


def _tell(run: Run, row: Alert) -> None:
    row.told_at = run.at
    row.first_told_at = row.first_told_at or run.at
    row.times_told += 1
    row.save(update_fields=["told_at", "first_told_at", "times_told"])
    _message(run, row, AlertTold(**_payload(row), times=row.times_told))


def _message(run: Run, row: Alert, payload: AlertPayload) -> None:
    """The event is what the bot's notices are made of; e-mails do not wait for the relay."""
    event = run.record(row.stream, payload)
    plan_mail(event, addresses(row.rule), at=run.at)


def _payload(row: Alert) -> dict[str, Any]:
    return {
        "alert_id": row.pk,
        "rule": row.rule.name,
        "number": row.key,
        "value": _text(row.value),
        "threshold": _text(row.threshold),
        "comparison": row.comparison,
        "severity": row.severity,
    }


def _text(value: Decimal) -> str:
    return f"{Decimal(value).normalize():f}"


# --- what people do -------------------------------------------------------------------------------


@verb("alert.acknowledge", "analytics.Alert")
def acknowledge_alert(
    *, alert_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Alert]:
    """Somebody has seen it and takes care: it is told neither again nor higher up.

    Leading roles and whoever is told of it. Raises NotAllowed, NotFound, RuleViolation
    ``alerts.over``; a second one is told who was first.
    """
    run = Run.of(actor, command, at)
    row = _open_one(alert_id, actor)
    if row.acknowledged_at is not None:
        return Outcome(row, already=Already(row.acknowledged_by, row.acknowledged_at))
    row.acknowledged_at, row.acknowledged_by = run.at, actor.label
    row.save(update_fields=["acknowledged_at", "acknowledged_by"])
    run.record(row.stream, AlertAcknowledged(**_payload(row)))
    return Outcome(row)


@verb("alert.snooze", "analytics.Alert")
def snooze_alert(
    *,
    alert_id: int,
    minutes: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Alert]:
    """No message of it for so many minutes (1 to 7 days), then again if it is still on.

    Raises as :func:`acknowledge_alert`, and RuleViolation ``alerts.bad_snooze``.
    """
    run = Run.of(actor, command, at)
    if not 0 < minutes <= LONGEST_SNOOZE.total_seconds() // 60:
        raise RuleViolation(
            "alerts.bad_snooze",
            _("An alert can be put off for a minute to seven days."),
            field="minutes",
        )
    row = _open_one(alert_id, actor)
    row.snoozed_until, row.snoozed_by = run.at + timedelta(minutes=minutes), actor.label
    row.save(update_fields=["snoozed_until", "snoozed_by"])
    until = clock.iso(row.snoozed_until) or ""
    run.record(row.stream, AlertSnoozed(**_payload(row), until=until))
    return Outcome(row)


@verb("alert.resolve", "analytics.Alert")
def resolve_alert(
    *,
    alert_id: int,
    comment: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Alert]:
    """Close it by hand. A number that is still beyond its threshold fires anew by its rule.

    Managers and administrators. Raises as :func:`acknowledge_alert`.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_keep_alert_rules(actor)
    comment = clean_text(comment, field="comment", limit=500)
    row = locks.alert(alert_id)
    if row.resolved_at is not None:
        who = row.resolved_by or str(row.get_why_display())
        return Outcome(row, already=Already(who, row.resolved_at))
    _resolve(run, row, why=Alert.Why.PERSON, comment=comment)
    return Outcome(row)


def _open_one(alert_id: int, actor: Actor) -> Alert:
    row = locks.alert(alert_id)
    policies.ensure_may_answer_alerts(actor, _ids(told_by(row.rule, higher_up=True)))
    if not row.is_open:
        raise RuleViolation("alerts.over", _("This alert is over already."))
    return row


def _ids(people: Iterable[Any]) -> list[int]:
    return [one.pk for one in people]
