"""Working time of the workshop and service limits, as data."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from workshop.lib.models import CatalogueRow, Kept


class WorkCalendar(Kept):
    """Working time; without an active calendar the workshop works round the clock."""

    name = models.CharField(_("name"), max_length=100)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("work calendar")
        verbose_name_plural = _("work calendars")
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=Q(active=True), name="one_active_calendar"
            )
        ]

    def __str__(self) -> str:
        return self.name


class WorkInterval(Kept):
    """Working hours of a weekday; a break is the gap between two intervals."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    calendar = models.ForeignKey(WorkCalendar, models.PROTECT, related_name="intervals")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    start = models.TimeField(_("from"))
    end = models.TimeField(_("until"))
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["weekday", "start"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="interval_in_order")
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class CalendarDay(Kept):
    """A day that differs: off, working with its own hours (shortened), or with those of another
    weekday (transferred).
    """

    calendar = models.ForeignKey(WorkCalendar, models.PROTECT, related_name="days")
    day = models.DateField(_("day"))
    working = models.BooleanField(_("working"), default=False)
    start = models.TimeField(_("from"), null=True, blank=True)
    end = models.TimeField(_("until"), null=True, blank=True)
    like_weekday = models.PositiveSmallIntegerField(
        _("hours as on"), choices=WorkInterval.Weekday, null=True, blank=True
    )
    note = models.CharField(_("note"), max_length=100, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "day"], name="one_row_per_day"),
            models.CheckConstraint(
                condition=Q(
                    working=False,
                    start__isnull=True,
                    end__isnull=True,
                    like_weekday__isnull=True,
                )
                | Q(
                    working=True,
                    start__isnull=False,
                    end__gt=F("start"),
                    like_weekday__isnull=True,
                )
                | Q(working=True, start__isnull=True, end__isnull=True, like_weekday__lte=6),
                name="special_day_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%d.%m.%Y}"


class ServiceLimit(CatalogueRow):
    """How long a watch may stay where it is before somebody should look."""

    class Unit(models.TextChoices):
        WORKING_DAYS = "working_days", _("working days")
        CALENDAR_DAYS = "calendar_days", _("calendar days")

    amount = models.DecimalField(_("limit"), max_digits=5, decimal_places=1)
    urgent_amount = models.DecimalField(
        _("limit when urgent"), max_digits=5, decimal_places=1, null=True, blank=True
    )
    unit = models.CharField(
        _("unit"), max_length=15, choices=Unit.choices, default=Unit.WORKING_DAYS
    )

    class Meta(CatalogueRow.Meta):
        verbose_name = _("service limit")
        verbose_name_plural = _("service limits")
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="limit_positive")]
