"""What questions about whole receipts need, derived from their rows and events.

Written by ``analytics.receipt_facts.services`` alone; everything here can be thrown away and
derived again. Durations are whole seconds between moments cut to whole seconds, so that the
parts of a time add up to it exactly.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from receipts.models import HoldReason, OperationType, Receipt
from receipts.states import Status


class ReceiptFact(models.Model):
    """One receipt as the numbers see it: every moment is the last one, and None when the watch has
    left that state again. Ready is what was not refused; issued is also what was refused before.

    ``last_at``: the latest moment that went into this row; a question about an earlier moment
    derives the receipt anew.
    """

    receipt = models.OneToOneField(Receipt, models.PROTECT, primary_key=True, related_name="fact")
    received_at = models.DateTimeField()
    void = models.BooleanField(default=False)
    refused_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    ready_seconds = models.BigIntegerField(null=True)
    ready_working = models.BigIntegerField(null=True)
    issued_at = models.DateTimeField(null=True)
    issued_seconds = models.BigIntegerField(null=True)
    issued_working = models.BigIntegerField(null=True)
    first_deadline = models.DateTimeField(null=True)
    deadline = models.DateTimeField(null=True)
    first_check_at = models.DateTimeField(null=True)
    first_passed = models.BooleanField(null=True)
    returns = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("fact of a receipt")
        verbose_name_plural = _("facts of receipts")
        indexes = [
            models.Index(fields=["received_at"], name="fact_by_received"),
            models.Index(fields=["ready_at"], name="fact_by_ready"),
            models.Index(fields=["issued_at"], name="fact_by_issued"),
            models.Index(fields=["refused_at"], name="fact_by_refused"),
            models.Index(fields=["first_deadline"], name="fact_by_first_deadline"),
            models.Index(fields=["deadline"], name="fact_by_deadline"),
            models.Index(fields=["first_check_at"], name="fact_by_first_check"),
            models.Index(fields=["last_at"], name="fact_by_last"),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id}"


class StatusTime(models.Model):
    """How long a watch that is ready spent in one status before, all stays there together.

    A hold has a row for each of its reasons. The rows of a receipt add up to ``ready_seconds`` and
    ``ready_working``. A watch that is not ready has none: no question asks before it is.
    """

    fact = models.ForeignKey(ReceiptFact, models.PROTECT, related_name="status_times")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=Status.choices)
    hold_reason = models.ForeignKey(HoldReason, models.PROTECT, null=True, related_name="+")
    seconds = models.BigIntegerField()
    working = models.BigIntegerField()

    class Meta:
        verbose_name = _("time in a status")
        verbose_name_plural = _("times in statuses")
        constraints = [
            models.UniqueConstraint(fields=["fact", "number"], name="status_time_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.fact_id} {self.status}"


class FirstCheckType(models.Model):
    """A type of work that stood on the receipt at its first check; ``hit``: it came back."""

    fact = models.ForeignKey(ReceiptFact, models.PROTECT, related_name="first_check_types")
    type = models.ForeignKey(OperationType, models.PROTECT, related_name="+")
    hit = models.BooleanField()

    class Meta:
        verbose_name = _("type of work at the first check")
        verbose_name_plural = _("types of work at the first check")
        constraints = [
            models.UniqueConstraint(fields=["fact", "type"], name="first_check_type_once"),
        ]

    def __str__(self) -> str:
        return f"{self.fact_id} {self.type_id}"


class FactsProgress(models.Model):
    """How far the facts reach. One row; every receipt up to ``position`` has had its row.

    ``calendar`` is the work calendar as text. When it changes, working time is measured again,
    receipt by receipt: up to ``measured`` that is done (None: there is nothing to do).
    """

    ONLY = 1
    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    position = models.BigIntegerField(default=0)
    calendar = models.TextField(blank=True)
    measured = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("progress of the facts")
        verbose_name_plural = _("progress of the facts")

    def __str__(self) -> str:
        return str(self.position)
