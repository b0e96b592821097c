"""Quality control (ОТК): one inspection may last days; readings, water, checklist hang on it."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from receipts.models.catalogue import ChecklistItem
from receipts.models.receipt import Receipt
from staff.models import Employee
from workshop.lib.models import Voidable


class QualityCheck(Voidable):
    """Opened by the first reading or a test run, decided later: passed or returned."""

    class Decision(models.TextChoices):
        PASSED = "passed", _("passed")
        RETURNED = "returned", _("returned")

    class Water(models.TextChoices):
        PASSED = "passed", _("passed")
        FAILED = "failed", _("failed")
        NOT_RESTORED = "not_restored", _("water resistance is not restored")

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="checks", verbose_name=_("receipt")
    )
    opened_at = models.DateTimeField(_("opened at"))
    test_run_until = models.DateTimeField(_("test run until"), null=True, blank=True)
    decision = models.CharField(
        _("decision"), max_length=8, choices=Decision.choices, null=True, blank=True
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        Employee, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    power_reserve_hours = models.DecimalField(
        _("power reserve, h"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    water_bar = models.DecimalField(
        _("water test, bar"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    water_result = models.CharField(
        _("water test"), max_length=12, choices=Water.choices, blank=True
    )

    class Meta:
        verbose_name = _("quality check")
        verbose_name_plural = _("quality checks")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(decision__isnull=True, voided_at__isnull=True),
                name="one_open_check",
            ),
            models.CheckConstraint(
                condition=Q(decision__isnull=True, decided_at__isnull=True)
                | Q(decision__isnull=False, decided_at__isnull=False),
                name="check_decided_with_time",
            ),
        ]
        indexes = [models.Index(fields=["decided_at"], name="check_by_time")]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.get_decision_display() or '…'}"


class Reading(Voidable):
    """A measurement. Units: rate s/d, amplitude degrees, beat error ms."""

    class Stage(models.TextChoices):
        INTAKE = "intake", _("intake")
        QC = "qc", _("quality control")

    class Wind(models.TextChoices):
        FULL = "full", _("full wind")
        AFTER_24H = "24h", _("after 24 h")

    class Position(models.TextChoices):
        DU = "DU", _("DU dial up")
        DD = "DD", _("DD dial down")
        CR = "CR", _("CR crown right")
        CL = "CL", _("CL crown left")
        CU = "CU", _("CU crown up")
        CD = "CD", _("CD crown down")

    RATE_LIMIT = Decimal(999)

    quality_check = models.ForeignKey(
        QualityCheck, models.PROTECT, related_name="readings", verbose_name=_("quality check")
    )
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices, default=Stage.QC)
    wind = models.CharField(_("wind state"), max_length=4, choices=Wind.choices, default=Wind.FULL)
    position = models.CharField(_("position"), max_length=2, choices=Position.choices, blank=True)
    rate = models.DecimalField(
        _("rate, s/d"), max_digits=5, decimal_places=1, null=True, blank=True
    )
    amplitude = models.PositiveSmallIntegerField(_("amplitude, °"), null=True, blank=True)
    beat_error = models.DecimalField(
        _("beat error, ms"), max_digits=4, decimal_places=1, null=True, blank=True
    )
    measured_at = models.DateTimeField(_("measured at"))
    measured_by = models.ForeignKey(
        Employee, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rate__isnull=True) | Q(rate__gte=-999, rate__lte=999),
                name="reading_rate_possible",
            ),
            models.CheckConstraint(
                condition=Q(amplitude__isnull=True) | Q(amplitude__gte=0, amplitude__lte=400),
                name="reading_amplitude_possible",
            ),
            models.CheckConstraint(
                condition=Q(beat_error__isnull=True) | Q(beat_error__gte=0, beat_error__lte=20),
                name="reading_beat_error_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.rate} {self.amplitude} {self.beat_error}"


class ChecklistAnswer(Voidable):
    """The answer to one checklist item in one check; a later answer replaces it (with an event).

    Void: it was taken back, the item is not looked at (again).
    """

    quality_check = models.ForeignKey(QualityCheck, models.PROTECT, related_name="answers")
    item = models.ForeignKey(ChecklistItem, models.PROTECT, related_name="+")
    ok = models.BooleanField(_("in order"))
    # With a default in the database: the column came later, beside running programs.
    void_reason = models.CharField(
        _("reason for voiding"), max_length=500, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("checklist answer")
        verbose_name_plural = _("checklist answers")
        constraints = [
            models.UniqueConstraint(fields=["quality_check", "item"], name="one_answer_per_item")
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.ok}"
