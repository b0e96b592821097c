"""What people answer to an alert: seen, not now, over by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from analytics import locks, policies
from analytics.models import Alert
from analytics.monitoring.alert_events import AlertAcknowledged, AlertSnoozed
from analytics.monitoring.alert_people import told_by
from analytics.services.alert_steps import end_alert, payload_of
from history.commands import Already, CommandRef, Outcome, Run, verb
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import clean_text

LONGEST_SNOOZE: Final = timedelta(days=7)


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
    run.record(row.stream, AlertAcknowledged(**payload_of(row)))
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
    run.record(row.stream, AlertSnoozed(**payload_of(row), until=until))
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
    end_alert(run, row, why=Alert.Why.PERSON, comment=comment)
    return Outcome(row)


def _open_one(alert_id: int, actor: Actor) -> Alert:
    row = locks.alert(alert_id)
    policies.ensure_may_answer_alerts(actor, _ids(told_by(row.rule, higher_up=True)))
    if not row.is_open:
        raise RuleViolation("alerts.over", _("This alert is over already."))
    return row


def _ids(people: Iterable[Any]) -> list[int]:
    return [one.pk for one in people]
