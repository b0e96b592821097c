"""Reports as rows: planned for a slot, asked for by people, sent again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from analytics import locks, policies
from analytics.facts import first_day
from analytics.models import (
    Form,
    Report,
    ReportSchedule,
)
from analytics.periods import Kind, Period, period
from analytics.reports.events import ReportAsked, ReportSentAgain
from analytics.services.report_sending import hand_out, recipients_of, wake
from history.commands import CommandRef, Outcome, Run, verb
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation

MOST_WAITING: Final = 20  # that people asked for

Every = ReportSchedule.Every
State = Report.State
CLOSED: Final = {
    Every.DAILY: Kind.YESTERDAY,
    Every.WEEKLY: Kind.PREVIOUS_WEEK,
    Every.MONTHLY: Kind.PREVIOUS_MONTH,
}
"""What a schedule tells of: the day, week or month that had closed at its slot."""


# --- planning -------------------------------------------------------------------------------------


@verb("report.plan", "analytics.Report")
def plan_report(
    *,
    schedule_id: int,
    slot: datetime,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Report]:
    """The report of this slot, to be made; one for each schedule and slot, however often asked."""
    run = Run.of(actor, command, at)
    row = locks.report_schedule(schedule_id)
    known = Report.objects.filter(schedule=row, slot=slot).first()
    if known is not None:
        return Outcome(known)
    closed = period(CLOSED[Every(row.every)], at=slot)
    return Outcome(_new(closed, row.form, run, schedule=row, slot=slot))


def due_schedules(every: str, slot: datetime) -> list[int]:
    """Schedules that want a report of this slot and have none yet."""
    rows = ReportSchedule.objects.filter(every=every, active=True, since__lte=slot)
    rows = rows.exclude(reports__slot=slot).order_by("pk")
    return list(rows.values_list("pk", flat=True))


@verb("report.ask", "analytics.Report")
def ask_report(
    *,
    kind: str,
    first: date | None = None,
    last: date | None = None,
    form: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Report]:
    """A report of any period, made by a worker, kept in the archive; sent to nobody.

    Managers. Raises NotAllowed, RuleViolation ``reports.unknown_choice``,
    ``reports.too_many_waiting``, and what the period raises.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_schedule_reports(actor)
    if form not in Form.values:
        raise RuleViolation("reports.unknown_choice", _("There is no such choice."), field="form")
    waiting = Report.objects.filter(schedule=None, state__in=[State.WAITING, State.MAKING])
    if waiting.count() >= MOST_WAITING:
        raise RuleViolation(
            "reports.too_many_waiting",
            _("%(most)s reports wait already: look again in a few minutes."),
            params={"most": MOST_WAITING},
        )
    beginning = first_day() if kind == Kind.ALL else None
    asked = period(kind, at=run.at, first=first, last=last, beginning=beginning)
    row = _new(asked, form, run)
    run.record(row.stream, ReportAsked(row.pk, row.days))
    return Outcome(row)


def _new(asked: Period, form: str, run: Run, **more: Any) -> Report:
    row = Report.objects.create(
        kind=asked.kind.value,
        first=asked.first,
        after=asked.after,
        form=form,
        language=(get_language() or settings.LANGUAGE_CODE)[:2],
        asked_label=run.actor.label[:150],
        due_at=run.at,
        created_at=run.at,
        **more,
    )
    transaction.on_commit(wake, robust=True)
    return row


@verb("report.try_again", "analytics.Report")
def try_again(
    *,
    report_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Report]:
    """Make a failed report after all. Raises NotAllowed, NotFound, RuleViolation
    ``reports.not_failed``."""
    run = Run.of(actor, command, at)
    policies.ensure_may_schedule_reports(actor)
    row = locks.report(report_id)
    if row.state != State.FAILED:
        raise RuleViolation("reports.not_failed", _("This report has not failed."))
    row.state, row.attempts, row.due_at, row.error = State.WAITING, 0, run.at, ""
    row.save(update_fields=["state", "attempts", "due_at", "error"])
    run.record(row.stream, ReportAsked(row.pk, row.days))
    transaction.on_commit(wake, robust=True)
    return Outcome(row)


@verb("report.send_again", "analytics.Report")
def send_again(
    *,
    report_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Report]:
    """The same files once more, to those whom its schedule names now.

    Raises NotAllowed, NotFound, RuleViolation ``reports.nothing_to_send``,
    ``reports.no_recipients``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_schedule_reports(actor)
    row = locks.report(report_id)
    if row.state != State.READY or row.forgotten_at is not None or row.schedule_id is None:
        raise RuleViolation(
            "reports.nothing_to_send", _("This report has no files, or no recipients.")
        )
    people = recipients_of(row)
    if not people:
        raise RuleViolation(
            "reports.no_recipients", _("Choose who gets the report."), field="recipients"
        )
    run.record(row.stream, hand_out(row, people, run.at, ReportSentAgain))
    return Outcome(row)
