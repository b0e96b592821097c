"""Reports: who gets which by itself, what was made, and what became of each message."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.periods import DAY, Kind, Period
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.models import Kept


class Form(models.TextChoices):
    """What file a report is."""

    XLSX = "xlsx", "Excel"
    PDF = "pdf", "PDF"
    BOTH = "both", _("Excel and PDF")

    @property
    def files(self) -> tuple[str, ...]:
        return ("xlsx", "pdf") if self == Form.BOTH else (self.value,)


class ReportSchedule(Kept):
    """A report that people get by itself about each closed day, week or month."""

    class Every(models.TextChoices):
        DAILY = "daily", _("each day")
        WEEKLY = "weekly", _("each week")
        MONTHLY = "monthly", _("each month")

    every = models.CharField(_("how often"), max_length=8, choices=Every.choices)
    form = models.CharField(_("format"), max_length=4, choices=Form.choices, default=Form.XLSX)
    active = models.BooleanField(_("active"), default=True)
    # Slots before it are not made good for: nobody asked for a report then.
    since = models.DateTimeField(_("since"), default=clock.now)
    created_at = models.DateTimeField(_("created at"), default=clock.now)

    class Meta:
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        ordering = ["every", "id"]

    def __str__(self) -> str:
        return f"{_('Report')} {self.get_every_display()}"

    @property
    def stream(self) -> str:
        return f"reportschedule:{self.pk}"


class ReportRecipient(models.Model):
    """One person of a schedule. The address is kept here alone and goes with the row."""

    schedule = models.ForeignKey(ReportSchedule, models.PROTECT, related_name="recipients")
    employee = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    by_telegram = models.BooleanField(_("by Telegram"), default=True)
    address = models.EmailField(_("e-mail address"), blank=True)

    class Meta:
        verbose_name = _("recipient of a report")
        verbose_name_plural = _("recipients of reports")
        constraints = [
            models.UniqueConstraint(fields=["schedule", "employee"], name="report_recipient_once"),
            models.CheckConstraint(
                condition=Q(by_telegram=True) | ~Q(address=""), name="report_recipient_reachable"
            ),
        ]

    def __str__(self) -> str:
        return str(self.employee)


class Report(Kept):
    """A report of one period: made once, kept with its files, told to its recipients.

    The claim is one conditional UPDATE of this row; whoever makes it writes down files, messages
    and the event in one transaction that the claim has to survive.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        MAKING = "making", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    schedule = models.ForeignKey(
        ReportSchedule,
        models.PROTECT,
        null=True,
        related_name="reports",
        verbose_name=_("schedule"),
    )
    # The moment of the schedule that it stands for; a report by hand has none.
    slot = models.DateTimeField(_("slot"), null=True)
    kind = models.CharField(_("period"), max_length=16)
    first = models.DateField(_("first day"))
    after = models.DateField()
    form = models.CharField(_("format"), max_length=4, choices=Form.choices)
    language = models.CharField(_("language"), max_length=5, default=settings.LANGUAGE_CODE)
    asked_label = models.CharField(_("who"), max_length=150)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    error = models.CharField(_("error"), max_length=200, blank=True)
    # The few numbers that the messages tell, as they are in the files; no names.
    summary = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(default=clock.now)
    token = models.CharField(max_length=32, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    made_at = models.DateTimeField(_("made at"), null=True)
    rounds = models.PositiveSmallIntegerField(_("how often sent"), default=0)
    forgotten_at = models.DateTimeField(_("files removed at"), null=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "slot"], name="report_once_per_slot")
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["waiting", "making"]),
                name="report_to_make",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(forgotten_at__isnull=True),
                name="report_with_files",
            ),
        ]

    def __str__(self) -> str:
        return f"{_('Report')} {self.days}"

    @property
    def stream(self) -> str:
        return f"report:{self.pk}"

    @property
    def period(self) -> Period:
        return Period(Kind(self.kind), self.first, self.after)

    @property
    def days(self) -> str:
        last = self.after - DAY
        one = self.first == last
        return f"{self.first:%d.%m.%Y}" if one else f"{self.first:%d.%m.%Y} – {last:%d.%m.%Y}"


class ReportFile(models.Model):
    """One file of a report: its language and form. Removed from the disk when it is old."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="files")
    language = models.CharField(_("language"), max_length=5)
    form = models.CharField(_("format"), max_length=4)
    file = models.FileField(_("file"), max_length=200, blank=True)
    name = models.CharField(_("file name"), max_length=150)
    size = models.PositiveIntegerField(_("bytes"))

    class Meta:
        verbose_name = _("file of a report")
        verbose_name_plural = _("files of reports")
        constraints = [
            models.UniqueConstraint(fields=["report", "language", "form"], name="report_file_once")
        ]

    def __str__(self) -> str:
        return self.name


class ReportMail(models.Model):
    """A report to one person by e-mail. Technical: a claim with a lease, tried again when it fails.

    The address is forgotten together with the files.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")
        UNSENT = "unsent", _("not needed")

    report = models.ForeignKey(Report, models.PROTECT, related_name="mails")
    employee = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    address = models.EmailField(_("e-mail address"), blank=True)
    # 1 for the first time, more when somebody had it sent again.
    round = models.PositiveSmallIntegerField(_("time"), default=1)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    error = models.CharField(_("error"), max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(default=clock.now)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    possible_duplicate = models.BooleanField(_("possibly a repeat"), default=False)

    class Meta:
        verbose_name = _("e-mail with a report")
        verbose_name_plural = _("e-mails with reports")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["report", "employee", "round"], name="report_mail_once")
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["waiting", "sending"]),
                name="report_mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"{_('E-mail')} {self.pk}"
