"""What monitoring keeps: all numbers of a slot together, and what closed days came to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Snapshot(models.Model):
    """All numbers of one moment (``analytics.monitoring.catalogue``), kept for 30 days.

    One per slot, whoever took it; without a slot a person asked for it, or the newest one did not
    hold any more. Not to be confused with ``analytics.snapshots``, which is one look at the
    database. Never changed after it was taken.
    """

    slot = models.DateTimeField(_("slot"), null=True, unique=True)
    taken_at = models.DateTimeField(_("taken at"))
    duration_ms = models.PositiveIntegerField(_("duration, ms"))
    schema = models.PositiveSmallIntegerField(_("version of the numbers"))
    build = models.CharField(_("build"), max_length=64, blank=True)
    # Key of the catalogue → number or null.
    numbers = models.JSONField(_("numbers"), default=dict)
    # Names of the sources that raised.
    failed = models.JSONField(_("sources that failed"), default=list)

    class Meta:
        verbose_name = _("snapshot of the numbers")
        verbose_name_plural = _("snapshots of the numbers")
        ordering = ["-taken_at", "-id"]
        indexes = [models.Index(fields=["-taken_at", "-id"], name="snapshot_newest")]

    def __str__(self) -> str:
        return f"snapshot {self.taken_at:%Y-%m-%d %H:%M}"


class DailyNumber(models.Model):
    """What one number came to on one workshop day, from the snapshots of that day."""

    day = models.DateField(_("day"))
    key = models.CharField(_("metric"), max_length=120)
    lowest = models.DecimalField(_("lowest"), max_digits=20, decimal_places=3)
    highest = models.DecimalField(_("highest"), max_digits=20, decimal_places=3)
    total = models.DecimalField(_("sum"), max_digits=24, decimal_places=3)
    last = models.DecimalField(_("last"), max_digits=20, decimal_places=3)
    count = models.PositiveIntegerField(_("snapshots"))

    class Meta:
        verbose_name = _("number of a day")
        verbose_name_plural = _("numbers of days")
        ordering = ["day", "key"]
        constraints = [
            models.UniqueConstraint(fields=["key", "day"], name="daily_number_once"),
            models.CheckConstraint(condition=Q(count__gt=0), name="daily_number_of_something"),
        ]
        indexes = [models.Index(fields=["day"], name="daily_number_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.key}"
