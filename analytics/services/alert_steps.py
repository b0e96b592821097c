"""What a step of the judgement asks for, written by one command with its events.

Messages leave later, from the events: the bot's notices by the relay, e-mails as rows of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from analytics import locks
from analytics.models import Alert, AlertRule, AlertWatch
from analytics.monitoring.alert_events import (
    AlertEscalated,
    AlertFired,
    AlertPayload,
    AlertResolved,
    AlertTold,
    AlertToldOver,
)
from analytics.monitoring.alert_people import addresses
from analytics.monitoring.judging import Act, Mark
from analytics.services.alert_mail import plan_mail
from history.commands import CommandRef, Outcome, Run, verb
from workshop.lib.actor import Actor


@dataclass
class Judged:
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


@verb("alert.judge", "analytics.Alert", secret=("judged",))
def record_step(
    *,
    judged: Judged,
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
            end_alert(run, row, why=judged.why, value=judged.value)
        elif act is Act.TELL and row is not None:
            _tell(run, row)
        elif act is Act.ESCALATE and row is not None:
            row.escalated_at = run.at
            row.save(update_fields=["escalated_at"])
            _message(run, row, AlertEscalated(**payload_of(row)))
        elif act is Act.TELL_OVER:
            row = row or _newest(judged)
            _message(run, row, AlertToldOver(**payload_of(row)))
    if row is None:
        raise RuntimeError(f"nothing to record of {judged.key}: {judged.acts}")
    return Outcome(row)


def _newest(judged: Judged) -> Alert:
    """The alert that people were told of, or would have been in quiet hours."""
    rows = Alert.objects.select_related("rule").filter(rule=judged.rule, key=judged.key)
    found: Alert = rows.order_by("-pk")[0]
    return found


def _fire(run: Run, judged: Judged) -> Alert:
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
    run.record(row.stream, AlertFired(**payload_of(row)))
    return row


def end_alert(
    run: Run, row: Alert, *, why: str, value: Decimal | None = None, comment: str = ""
) -> None:
    """Nothing for one that somebody has closed meanwhile."""
    if not row.is_open:
        return
    row.resolved_at, row.why = run.at, why
    row.last_value = row.last_value if value is None else value
    row.resolved_by = run.actor.label if why == Alert.Why.PERSON else ""
    row.save(update_fields=["resolved_at", "why", "last_value", "resolved_by"])
    told = {**payload_of(row), "value": _text(row.last_value)}
    run.record(row.stream, AlertResolved(**told, why=why, comment=comment))


def _tell(run: Run, row: Alert) -> None:
    row.told_at = run.at
    row.first_told_at = row.first_told_at or run.at
    row.times_told += 1
    row.save(update_fields=["told_at", "first_told_at", "times_told"])
    _message(run, row, AlertTold(**payload_of(row), times=row.times_told))


def _message(run: Run, row: Alert, payload: AlertPayload) -> None:
    """The event is what the bot's notices are made of; e-mails do not wait for the relay."""
    event = run.record(row.stream, payload)
    plan_mail(event, addresses(row.rule), at=run.at)


def payload_of(row: Alert) -> dict[str, Any]:
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
