"""Planned notices about deadlines, what people answered to them, and stays told to be too long."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from history.models import Event
from receipts.models.receipt import Receipt
from staff.models import Employee
from workshop.lib.models import Kept


class Reminder(Kept):
    """One notice of one deadline version; ``kind`` of a daily one carries its day."""

    class Fate(models.TextChoices):
        PLANNED = "planned", _("planned")
        FIRED = "fired", _("fired")
        CANCELLED = "cancelled", _("cancelled")
        MISSED = "missed", _("missed")

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="reminders", verbose_name=_("receipt")
    )
    deadline_version = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=30)
    due_at = models.DateTimeField(_("due at"))
    fate = models.CharField(_("fate"), max_length=10, choices=Fate.choices, default=Fate.PLANNED)
    fate_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    # The event that told it, together with all others of that slot.
    event = models.ForeignKey(
        Event, models.PROTECT, null=True, blank=True, related_name="reminders", editable=False
    )

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["receipt", "deadline_version", "kind"], name="reminder_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(fate="planned"), name="reminder_due")
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.kind}"


class ReminderAnswer(Kept):
    """What one person answered to a digest: noted, or tell me again later.

    About one receipt of it, or (without) about the whole of it. A later answer replaces it.
    """

    class Kind(models.TextChoices):
        NOTED = "noted", _("noted")
        SNOOZED = "snoozed", _("later")

    employee = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    event = models.ForeignKey(Event, models.PROTECT, related_name="reminder_answers")
    receipt = models.ForeignKey(Receipt, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(_("answer"), max_length=8, choices=Kind.choices)
    answered_at = models.DateTimeField(_("when"))
    until = models.DateTimeField(_("again at"), null=True, blank=True)
    told_at = models.DateTimeField(_("told again at"), null=True, blank=True)

    class Meta:
        verbose_name = _("answer to a reminder")
        verbose_name_plural = _("answers to reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "employee", "receipt"],
                condition=Q(receipt__isnull=False),
                name="reminder_answer_to_one",
            ),
            models.UniqueConstraint(
                fields=["event", "employee"],
                condition=Q(receipt__isnull=True),
                name="reminder_answer_to_all",
            ),
            models.CheckConstraint(
                condition=Q(kind="noted", until__isnull=True)
                | Q(kind="snoozed", until__isnull=False),
                name="reminder_answer_with_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["until"],
                condition=Q(kind="snoozed", told_at__isnull=True),
                name="reminder_answer_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.employee_id} {self.kind}"


class Overstay(Kept):
    """A stay of a watch that was told to be over its limit: each stay once (``since`` names it)."""

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="overstays", verbose_name=_("receipt")
    )
    limit = models.CharField(_("limit"), max_length=50)
    since = models.DateTimeField(_("since"))
    told_at = models.DateTimeField(_("told at"))
    event = models.ForeignKey(Event, models.PROTECT, related_name="overstays", editable=False)

    class Meta:
        verbose_name = _("stay over its limit")
        verbose_name_plural = _("stays over their limit")
        constraints = [
            models.UniqueConstraint(fields=["receipt", "limit", "since"], name="overstay_told_once")
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.limit}"
