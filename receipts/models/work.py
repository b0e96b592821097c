"""Who has the watch, what was done to it, why it waits."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from receipts.models.catalogue import HoldReason, OperationType, WaiverReason
from receipts.models.receipt import Receipt
from receipts.states import Status
from staff.models import Employee
from workshop.lib.models import Voidable


class Assignment(Voidable):
    """The watch is handed to a master: open from assign until another, decline, pass, issue."""

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="assignments", verbose_name=_("receipt")
    )
    master = models.ForeignKey(
        Employee, models.PROTECT, related_name="assignments", verbose_name=_("master")
    )
    purpose = models.ForeignKey(
        OperationType,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("purpose"),
    )
    assigned_at = models.DateTimeField(_("assigned at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    declined_at = models.DateTimeField(_("declined at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(ended_at__isnull=True, voided_at__isnull=True),
                name="one_open_assignment",
            )
        ]
        indexes = [
            models.Index(
                fields=["master"],
                condition=Q(ended_at__isnull=True, voided_at__isnull=True),
                name="assignment_open_by_master",
            )
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} → {self.master_id}"


class Operation(Voidable):
    """One piece of work (работа)."""

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="operations", verbose_name=_("receipt")
    )
    type = models.ForeignKey(
        OperationType, models.PROTECT, related_name="operations", verbose_name=_("operation type")
    )
    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="operations", verbose_name=_("performer")
    )
    performed_at = models.DateTimeField(_("performed at"))
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    rework_of = models.ForeignKey(
        "receipts.ReturnCase",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reworks",
        verbose_name=_("rework after the return"),
    )
    by_polishing = models.BooleanField(_("recorded by polishing"), default=False, editable=False)

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        ordering = ["-performed_at", "-id"]
        indexes = [
            models.Index(fields=["employee", "performed_at"], name="operation_by_person"),
            models.Index(fields=["performed_at"], name="operation_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.employee}"


class Waiver(Voidable):
    """A required work that this receipt does not need, with the reason."""

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="waivers", verbose_name=_("receipt")
    )
    type = models.ForeignKey(
        OperationType, models.PROTECT, related_name="+", verbose_name=_("operation type")
    )
    reason = models.ForeignKey(
        WaiverReason, models.PROTECT, related_name="+", verbose_name=_("reason")
    )
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    waived_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        constraints = [
            models.UniqueConstraint(
                fields=["receipt", "type"],
                condition=Q(voided_at__isnull=True),
                name="one_waiver_per_type",
            )
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.type_id}"


class Hold(Voidable):
    """The watch waits."""

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="holds", verbose_name=_("receipt")
    )
    reason = models.ForeignKey(
        HoldReason, models.PROTECT, related_name="+", verbose_name=_("reason")
    )
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    started_at = models.DateTimeField(_("since"))
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    ask_again_on = models.DateField(_("ask again on"), null=True, blank=True)
    status_before = models.CharField(
        _("status before"), max_length=16, choices=Status.choices, editable=False
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(ended_at__isnull=True, voided_at__isnull=True),
                name="one_open_hold",
            )
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.reason_id}"
