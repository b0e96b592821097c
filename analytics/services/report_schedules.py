"""Who gets which report by itself: schedules and their recipients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from analytics import locks, policies
from analytics.models import Form, ReportRecipient, ReportSchedule
from analytics.reports.events import ScheduleAdded, ScheduleChanged, ScheduleSwitched
from history.commands import CommandRef, Outcome, Run, verb
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation

MOST_RECIPIENTS: Final = 50
MOST_SCHEDULES: Final = 30

Every = ReportSchedule.Every


@dataclass(frozen=True)
class RecipientInput:
    """One person, and how he gets it; an empty address: not by e-mail."""

    employee_id: int
    by_telegram: bool = True
    address: str = ""


@verb("report.add_schedule", "analytics.ReportSchedule")
def add_schedule(
    *,
    every: str,
    form: str,
    recipients: Sequence[RecipientInput],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ReportSchedule]:
    """A report of each closed day, week or month to these people, from the next slot on.

    Managers. Raises NotAllowed, RuleViolation ``reports.unknown_choice``,
    ``reports.too_many_schedules``, and what :func:`_checked` raises of the recipients.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_schedule_reports(actor)
    _ensure_known("every", every, Every.values)
    _ensure_known("form", form, Form.values)
    if ReportSchedule.objects.filter(active=True).count() >= MOST_SCHEDULES:
        raise RuleViolation(
            "reports.too_many_schedules",
            _("At most %(most)s schedules: switch one off first."),
            params={"most": MOST_SCHEDULES},
        )
    people = _checked(recipients)
    row = ReportSchedule.objects.create(every=every, form=form, since=run.at, created_at=run.at)
    _keep(row, recipients)
    run.record(row.stream, ScheduleAdded(every, form, _told(recipients, people)))
    return Outcome(row)


@verb("report.change_schedule", "analytics.ReportSchedule")
def change_schedule(
    *,
    schedule_id: int,
    form: str,
    recipients: Sequence[RecipientInput],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ReportSchedule]:
    """Other recipients or another format. Raises as :func:`add_schedule`, and NotFound."""
    run = Run.of(actor, command, at)
    policies.ensure_may_schedule_reports(actor)
    row = locks.report_schedule(schedule_id)
    _ensure_known("form", form, Form.values)
    people = _checked(recipients)
    old = inputs_of(row)
    new = sorted(recipients, key=lambda one: one.employee_id)
    if row.form == form and old == new:
        return Outcome(row)
    before = _told(old, _people(old))
    changed = ScheduleChanged(row.every, [row.form, form], before, _told(new, people))
    row.form = form
    row.save(update_fields=["form"])
    _keep(row, new)
    run.record(row.stream, changed)
    return Outcome(row)


@verb("report.switch_schedule", "analytics.ReportSchedule")
def switch_schedule(
    *,
    schedule_id: int,
    active: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ReportSchedule]:
    """On or off. What passed while it was off is not made good for. Raises NotAllowed, NotFound."""
    run = Run.of(actor, command, at)
    policies.ensure_may_schedule_reports(actor)
    row = locks.report_schedule(schedule_id)
    if row.active == active:
        return Outcome(row)
    row.active = active
    row.since = run.at if active else row.since
    row.save(update_fields=["active", "since"])
    run.record(row.stream, ScheduleSwitched(row.every, active))
    return Outcome(row)


def inputs_of(row: ReportSchedule) -> list[RecipientInput]:
    """The recipients as they are now, by person."""
    found = row.recipients.order_by("employee").values_list("employee", "by_telegram", "address")
    return [RecipientInput(*values) for values in found]


def _keep(row: ReportSchedule, recipients: Sequence[RecipientInput]) -> None:
    ReportRecipient.objects.filter(schedule=row).delete()
    ReportRecipient.objects.bulk_create(
        ReportRecipient(
            schedule=row,
            employee_id=one.employee_id,
            by_telegram=one.by_telegram,
            address=one.address,
        )
        for one in recipients
    )


def _checked(recipients: Sequence[RecipientInput]) -> dict[int, Employee]:
    """The people behind them. RuleViolation ``reports.no_recipients``,
    ``reports.too_many_recipients``, ``reports.recipient_twice``, ``reports.may_not_receive``,
    ``reports.no_channel``, ``reports.bad_address``, ``reports.mail_not_configured``."""
    if not recipients:
        raise RuleViolation(
            "reports.no_recipients", _("Choose who gets the report."), field="recipients"
        )
    if len(recipients) > MOST_RECIPIENTS:
        raise RuleViolation(
            "reports.too_many_recipients",
            _("At most %(most)s recipients."),
            field="recipients",
            params={"most": MOST_RECIPIENTS},
        )
    if len({one.employee_id for one in recipients}) < len(recipients):
        raise RuleViolation(
            "reports.recipient_twice", _("One person is named twice."), field="recipients"
        )
    people = _people(recipients)
    for one in recipients:
        _check_one(one, people.get(one.employee_id))
    return people


def _check_one(one: RecipientInput, person: Employee | None) -> None:
    if person is None or not policies.may_receive_reports(person):
        raise RuleViolation(
            "reports.may_not_receive",
            _("Reports name people: only active managers and owners may get them."),
            field="recipients",
        )
    if not one.by_telegram and not one.address:
        raise RuleViolation(
            "reports.no_channel", _("Say how each of them gets it."), field="recipients"
        )
    if one.address:
        _check_address(one.address, f"address_{one.employee_id}")


def _check_address(address: str, field: str) -> None:
    if not settings.MAIL_CONFIGURED:
        raise RuleViolation(
            "reports.mail_not_configured",
            _("Mail is not configured (EMAIL_URL): nothing can be sent by e-mail."),
            field=field,
        )
    try:
        validate_email(address)
    except ValidationError:
        raise RuleViolation(
            "reports.bad_address", _("This is no e-mail address."), field=field
        ) from None


def _people(recipients: Sequence[RecipientInput]) -> dict[int, Employee]:
    return Employee.objects.in_bulk([one.employee_id for one in recipients])


def _told(
    recipients: Sequence[RecipientInput], people: Mapping[int, Employee]
) -> list[dict[str, Any]]:
    """For the event: who and how, no address."""
    return [
        {
            "id": one.employee_id,
            "name": str(people[one.employee_id]),
            "telegram": one.by_telegram,
            "mail": bool(one.address),
        }
        for one in sorted(recipients, key=lambda one: one.employee_id)
    ]


def _ensure_known(field: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise RuleViolation("reports.unknown_choice", _("There is no such choice."), field=field)
