"""Alerts by Telegram: what fired and why, with the buttons that answer it; and that it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from analytics.models import Alert, AlertRule
from analytics.monitoring.alert_events import (
    AlertEscalated,
    AlertTold,
    AlertToldOver,
    RuleTested,
)
from analytics.monitoring.alert_people import told_by
from analytics.monitoring.alert_words import cause
from analytics.monitoring.judging import Severity
from botapp.dialogs import b, fmt, lines
from botapp.direct_notices import speaks_for
from botapp.notice_texts import employee_of, reachable
from botapp.notices import Addressed, Notice, NoticeButton, on_event, template
from history.models import Event
from staff.models import Employee
from staff.notice_kinds import NoticeKind
from workshop.lib import clock

SIGNS = {Severity.WARNING.value: "🟠", Severity.CRITICAL.value: "🔴"}
SNOOZE = 60  # minutes


@on_event(AlertTold.kind)
def to_whom_it_is_meant(event: Event) -> Iterator[Addressed]:
    """The first message is left out for whoever a more exact notice tells the same."""
    alert = _alert(event.payload["alert_id"])
    for person in reachable(told_by(alert.rule), event):
        if event.payload["times"] > 1 or not speaks_for(alert, person):
            yield Addressed(person, "alert_on", {"alert_id": alert.pk})


@on_event(AlertEscalated.kind)
def to_those_higher_up(event: Event) -> Iterator[Addressed]:
    yield from _addressed(event, "alert_higher", higher_up=True)


@on_event(AlertToldOver.kind)
def that_it_is_over(event: Event) -> Iterator[Addressed]:
    yield from _addressed(event, "alert_over", higher_up=True)


def _addressed(event: Event, name: str, *, higher_up: bool = False) -> Iterator[Addressed]:
    """Those higher up hear that it is over only when they had heard of it."""
    alert = _alert(event.payload["alert_id"])
    told = higher_up and alert.escalated_at is not None
    for person in reachable(told_by(alert.rule, higher_up=told), event):
        yield Addressed(person, name, {"alert_id": alert.pk})


def _alert(alert_id: int) -> Alert:
    found: Alert = Alert.objects.select_related("rule").get(pk=alert_id)
    return found


@template("alert_on", kind=NoticeKind.ALERT)
def alert_on(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    """Nothing to tell when it was over before the message could leave."""
    alert = _alert(params["alert_id"])
    return Notice(about(alert), buttons(alert)) if alert.is_open else None


@template("alert_higher", kind=NoticeKind.ALERT)
def alert_higher(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    alert = _alert(params["alert_id"])
    if not alert.is_open or alert.acknowledged_at is not None:
        return None
    head = _("Nobody has acknowledged this alert yet.")
    return Notice(lines(head, about(alert)), buttons(alert))


@template("alert_over", kind=NoticeKind.ALERT)
def alert_over(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    """Nothing to tell when it is on again: the next message says so."""
    alert = _alert(params["alert_id"])
    if alert.is_open:
        return None
    text = lines(
        fmt(_("✅ Over: %(name)s"), name=b(alert.rule.title)),
        cause(alert),
        fmt(
            _("From %(begin)s to %(end)s"),
            begin=clock.show(alert.fired_at),
            end=clock.show(alert.resolved_at),
        ),
    )
    return Notice(text)


def about(alert: Alert) -> Any:
    """What fired, why in words, since when, and what people have answered."""
    return lines(
        fmt("%(sign)s %(name)s", sign=SIGNS[alert.severity], name=b(alert.rule.title)),
        cause(alert, newest=alert.is_open),
        fmt(_("Since %(when)s"), when=clock.show(alert.fired_at)),
        *answers(alert),
    )


def answers(alert: Alert) -> list[str]:
    """Who has acknowledged or put it off, and that it is over."""
    told = []
    if alert.acknowledged_at is not None:
        who = {"who": alert.acknowledged_by, "when": clock.show(alert.acknowledged_at)}
        told.append(_("Acknowledged: %(who)s, %(when)s") % who)
    if alert.is_open and alert.snoozed_until is not None and alert.snoozed_until > clock.now():
        who = {"who": alert.snoozed_by, "until": clock.show(alert.snoozed_until)}
        told.append(_("Snoozed until %(until)s: %(who)s") % who)
    if alert.resolved_at is not None:
        why = {"when": clock.show(alert.resolved_at), "why": alert.get_why_display()}
        told.append(_("Over since %(when)s: %(why)s") % why)
    return told


def buttons(alert: Alert) -> tuple[tuple[NoticeButton, ...], ...]:
    """The answers that are possible now."""
    if not alert.is_open:
        return ()
    first = []
    if alert.acknowledged_at is None:
        first.append(NoticeButton(_("✅ Acknowledge"), "alert_seen", alert.pk))
        first.append(NoticeButton(_("⏰ In an hour"), "alert_later", alert.pk))
    rows = (tuple(first), (NoticeButton(_("Open the alert"), "alert", alert.pk),))
    return tuple(row for row in rows if row)


# --- trying a rule out ----------------------------------------------------------------------------


@on_event(RuleTested.kind)
def to_whoever_tries(event: Event) -> Iterator[Addressed]:
    """To himself alone: he has asked for it."""
    person = employee_of(event.payload["employee"])
    if person is not None and person.active and person.telegram_id is not None:
        yield Addressed(person, "alert_test", {"event_id": event.pk})


@template("alert_test")
def alert_test(params: Mapping[str, Any], employee: Employee | None) -> Notice:
    told = Event.objects.get(pk=params["event_id"]).payload
    rule = AlertRule.objects.get(pk=told["rule_id"])
    return Notice(
        lines(
            fmt(_("🧪 Test of the alert rule: %(name)s"), name=b(rule.title)),
            told["says"],
            _("Nothing has fired. Only you get this message."),
        )
    )
