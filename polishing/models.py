"""Rounds at a polisher, alone or handed over together in a batch."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from receipts.models import Metal, Operation, Receipt
from staff.models import Employee
from workshop.lib.models import Kept, KeptQuerySet, Voidable, VoidableQuerySet


class BatchQuerySet(KeptQuerySet):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def overdue(self, at: datetime) -> Self:
        return self.open().filter(due_at__lt=at)


class PolishingBatch(Kept):
    """Orders handed over together. Closed when every order is back; never by inventing facts."""

    number = models.PositiveIntegerField(_("number"), unique=True)
    polisher = models.ForeignKey(
        Employee, models.PROTECT, related_name="batches", verbose_name=_("polisher")
    )
    opened_at = models.DateTimeField(_("opened at"))
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    flagged_at = models.DateTimeField(_("flagged as expired"), null=True, blank=True)

    objects = BatchQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        verbose_name = _("polishing batch")
        verbose_name_plural = _("polishing batches")
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(_("Batch %(number)s")) % {"number": self.number}

    @property
    def stream(self) -> str:
        return f"batch:{self.pk}"


class OrderQuerySet(VoidableQuerySet):
    def open(self) -> Self:
        """Still at the polisher."""
        return self.valid().filter(returned_at__isnull=True)


class PolishingOrder(Voidable):
    """One round: which parts, at whom, and how it came back. Any number of rounds per receipt."""

    class Result(models.TextChoices):
        DONE = "done", _("done")
        WITHOUT_WORK = "without_work", _("came back without work")

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="polishing_orders", verbose_name=_("receipt")
    )
    batch = models.ForeignKey(
        PolishingBatch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("batch"),
    )
    polisher = models.ForeignKey(
        Employee, models.PROTECT, related_name="polishing_orders", verbose_name=_("polisher")
    )
    case = models.BooleanField(_("case"), default=True)
    bracelet = models.BooleanField(_("bracelet"), default=False)
    metal = models.ForeignKey(
        Metal, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("metal")
    )
    difficult = models.BooleanField(_("difficult"), default=False)
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    allowed_by = models.CharField(_("polishing allowed by"), max_length=150, blank=True)
    sent_at = models.DateTimeField(_("sent at"))
    returned_at = models.DateTimeField(_("returned at"), null=True, blank=True)
    result = models.CharField(
        _("result"), max_length=12, choices=Result.choices, null=True, blank=True
    )
    result_reason = models.CharField(_("reason"), max_length=500, blank=True)
    polished_by = models.ForeignKey(
        Employee,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="polished_orders",
        verbose_name=_("who polished"),
    )
    operation = models.OneToOneField(
        Operation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="polishing_order",
        verbose_name=_("operation"),
    )

    objects = OrderQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        verbose_name = _("polishing order")
        verbose_name_plural = _("polishing orders")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(case=True) | Q(bracelet=True), name="polishing_some_part"
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | Q(returned_at__gte=F("sent_at")),
                name="polishing_back_after_sent",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True, result__isnull=True)
                | Q(returned_at__isnull=False, result__isnull=False),
                name="polishing_result_with_return",
            ),
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(case=True, returned_at__isnull=True, voided_at__isnull=True),
                name="one_open_case_polishing",
            ),
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(bracelet=True, returned_at__isnull=True, voided_at__isnull=True),
                name="one_open_bracelet_polishing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["polisher", "sent_at"],
                condition=Q(returned_at__isnull=True, voided_at__isnull=True),
                name="polishing_open_by_person",
            ),
            models.Index(fields=["returned_at"], name="polishing_by_return"),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} → {self.polisher_id}"

    @property
    def parts(self) -> list[str]:
        """Codes of the parts that went out."""
        return [part for part in ("case", "bracelet") if getattr(self, part)]
