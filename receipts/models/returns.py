"""Returns from quality control and who is responsible, as an inspector recorded it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from receipts.models.catalogue import OperationType, ReturnReason
from receipts.models.quality import QualityCheck
from receipts.models.receipt import Receipt
from receipts.models.work import Operation
from staff.models import Employee
from workshop.lib.models import Kept, Voidable


class ReturnCase(Voidable):
    """The inspector sends the watch back; one assembler of record, shown and changeable."""

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="returns", verbose_name=_("receipt")
    )
    quality_check = models.OneToOneField(
        QualityCheck, models.PROTECT, related_name="return_case", verbose_name=_("quality check")
    )
    returned_at = models.DateTimeField(_("returned at"))
    comment = models.TextField(_("comment"), blank=True, max_length=2000)
    assembler = models.ForeignKey(
        Employee,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assembler of record"),
    )

    class Meta:
        verbose_name = _("return case")
        verbose_name_plural = _("return cases")
        ordering = ["-id"]
        indexes = [models.Index(fields=["returned_at"], name="return_by_time")]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.returned_at:%d.%m.%Y}"


class ReturnItem(Kept):
    """One reason in a return. Name, affected type and rule are frozen from the catalogue."""

    class Responsibility(models.TextChoices):
        PERSON = "person", _("person")
        NOT_OURS = "not_ours", _("not our fault")
        UNDECIDED = "undecided", _("undecided")

    class Cause(models.TextChoices):
        PART = "part", pgettext_lazy("cause", "part")
        CUSTOMER = "customer", _("customer")
        TRANSPORT = "transport", _("transport")
        WEAR = "wear", _("wear")

    return_case = models.ForeignKey(
        ReturnCase, models.PROTECT, related_name="items", verbose_name=_("return case")
    )
    reason = models.ForeignKey(
        ReturnReason, models.PROTECT, related_name="+", verbose_name=_("reason")
    )
    reason_name = models.CharField(_("reason as named then"), max_length=100)
    affects = models.ForeignKey(
        OperationType, models.PROTECT, related_name="+", verbose_name=_("affected operation type")
    )
    affects_name = models.CharField(_("affected type as named then"), max_length=100)
    rule = models.CharField(_("attribution rule"), max_length=12, choices=ReturnReason.Rule.choices)
    responsibility = models.CharField(
        _("responsibility"), max_length=10, choices=Responsibility.choices
    )
    responsible = models.ForeignKey(
        Employee,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="return_items",
        verbose_name=_("responsible"),
    )
    cause = models.CharField(_("cause"), max_length=10, choices=Cause.choices, blank=True)
    operation = models.ForeignKey(
        Operation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="return_items",
        verbose_name=_("operation hit"),
    )
    person_comment = models.TextField(_("comment of the person named"), blank=True, max_length=2000)

    class Meta:
        verbose_name = _("item of a return")
        verbose_name_plural = _("items of returns")
        constraints = [
            models.UniqueConstraint(
                fields=["return_case", "reason"], name="reason_once_per_return"
            ),
            models.CheckConstraint(
                condition=Q(responsibility="person", responsible__isnull=False, cause="")
                | Q(responsibility="not_ours", responsible__isnull=True, operation__isnull=True)
                | Q(
                    responsibility="undecided",
                    responsible__isnull=True,
                    operation__isnull=True,
                    cause="",
                ),
                name="responsibility_consistent",
            ),
        ]
        # What is still to be decided, whatever the number of those that are.
        indexes = [
            models.Index(
                fields=["return_case"],
                condition=Q(responsibility="undecided"),
                name="item_undecided",
            )
        ]

    def __str__(self) -> str:
        return self.reason_name
