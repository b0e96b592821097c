"""Planned notices about a deadline; fired by a later stage, planned with the deadline itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from receipts.models.receipt import Receipt
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
