"""Alerts: the rules, what has fired, and what is remembered of each number between two readings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from analytics.monitoring.catalogue import SEPARATOR
from analytics.monitoring.catalogue import key as number_key
from analytics.monitoring.default_rules import shown_name
from analytics.monitoring.judging import Comparison, Quiet, Severity, Terms
from history.models import Event
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.models import Kept, KeptQuerySet

MONTH = 31 * 24 * 60
SHORTEST_COOLDOWN = 5


class AlertRule(Kept):
    """When a number is an alert, and who is told. ``key`` is stable; a rule is never deleted.

    Thresholds are in the unit of the metric. Durations are minutes. ``roles`` and
    ``escalate_roles`` are names of access roles.
    """

    key = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    metric = models.CharField(_("number"), max_length=60)
    label = models.CharField(_("of what"), max_length=80, blank=True)
    comparison = models.CharField(_("alert when it is"), max_length=5, choices=Comparison.choices)
    threshold = models.DecimalField(_("threshold"), max_digits=14, decimal_places=3)
    clear_at = models.DecimalField(
        _("over again at"), max_digits=14, decimal_places=3, null=True, blank=True
    )
    lasts_minutes = models.PositiveIntegerField(
        _("after so many minutes"), default=0, validators=[MaxValueValidator(MONTH)]
    )
    severity = models.CharField(
        _("severity"), max_length=8, choices=Severity.choices, default=Severity.WARNING
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True)
    ignores_quiet = models.BooleanField(_("also in quiet hours"), default=False)
    cooldown_minutes = models.PositiveIntegerField(
        _("told again after, minutes"),
        default=24 * 60,
        validators=[MinValueValidator(SHORTEST_COOLDOWN), MaxValueValidator(MONTH)],
    )
    escalate_minutes = models.PositiveIntegerField(
        _("told higher up after, minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(SHORTEST_COOLDOWN), MaxValueValidator(MONTH)],
    )
    escalate_roles = models.JSONField(_("who is told higher up"), default=list, blank=True)
    roles = models.JSONField(_("who is told, by access"), default=list, blank=True)
    employees = models.ManyToManyField(
        Employee, related_name="+", blank=True, verbose_name=_("and these people")
    )
    # Keys of rules: while one of them has an open alert, this one fires not, it only follows.
    unless = models.JSONField(_("not while these are on"), default=list, db_default=[], blank=True)
    by_mail = models.BooleanField(_("also by e-mail"), default=False)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(clear_at__isnull=True)
                | Q(comparison=Comparison.ABOVE, clear_at__lte=F("threshold"))
                | Q(comparison=Comparison.BELOW, clear_at__gte=F("threshold")),
                name="alert_rule_clears_on_the_good_side",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="alert_rule_quiet_hours_whole",
            ),
            models.CheckConstraint(
                condition=Q(ignores_quiet=False) | Q(severity=Severity.CRITICAL),
                name="alert_rule_wakes_when_critical",
            ),
            models.CheckConstraint(
                condition=Q(cooldown_minutes__gte=SHORTEST_COOLDOWN),
                name="alert_rule_has_a_cooldown",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name as it is shown; ``name`` is what was written down."""
        return shown_name(self.key, self.name)

    @property
    def stream(self) -> str:
        return f"settings:alert-rule:{self.pk}"

    @property
    def terms(self) -> Terms:
        """As the state machine sees it."""
        quiet = None
        if self.quiet_from is not None and self.quiet_to is not None and not self.ignores_quiet:
            quiet = Quiet(self.quiet_from, self.quiet_to)
        wait = self.escalate_minutes
        return Terms(
            comparison=self.comparison,
            threshold=self.threshold,
            clear_at=self.clear_at,
            lasts=timedelta(minutes=self.lasts_minutes),
            cooldown=timedelta(minutes=self.cooldown_minutes),
            escalate_after=None if wait is None else timedelta(minutes=wait),
            quiet=quiet,
        )

    def speaks_of(self, key: str) -> bool:
        """Whether a number with this key is judged by the rule as it is now."""
        if self.label:
            return key == number_key(self.metric, self.label)
        return key.partition(SEPARATOR)[0] == self.metric


class AlertQuerySet(KeptQuerySet):
    def open(self) -> Any:
        """Fired, and not over."""
        return self.filter(resolved_at__isnull=True)


class Alert(Kept):
    """A breach that fired. At most one is open for a rule and a number."""

    class Why(models.TextChoices):
        """How an alert ended."""

        BACK = "back", _("the number is back")
        GONE = "gone", _("there is no such number any more")
        RULE = "rule", _("its rule was changed or switched off")
        PERSON = "person", _("closed by hand")

    rule = models.ForeignKey(
        AlertRule, models.PROTECT, related_name="alerts", verbose_name=_("rule")
    )
    key = models.CharField(_("number"), max_length=150)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity.choices)
    comparison = models.CharField(max_length=5, choices=Comparison.choices)
    threshold = models.DecimalField(_("threshold"), max_digits=14, decimal_places=3)
    value = models.DecimalField(_("value"), max_digits=14, decimal_places=3)
    # Newest value while it was open; the one it fired with stands beside it.
    last_value = models.DecimalField(_("value now"), max_digits=14, decimal_places=3)
    fired_at = models.DateTimeField(_("fired at"))
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)
    acknowledged_by = models.CharField(_("acknowledged by"), max_length=150, blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True)
    snoozed_by = models.CharField(_("snoozed by"), max_length=150, blank=True)
    first_told_at = models.DateTimeField(_("first told at"), null=True)
    told_at = models.DateTimeField(_("last told at"), null=True)
    times_told = models.PositiveIntegerField(_("messages"), default=0)
    escalated_at = models.DateTimeField(_("told higher up at"), null=True)
    resolved_at = models.DateTimeField(_("over at"), null=True)
    why = models.CharField(_("how it ended"), max_length=6, choices=Why.choices, blank=True)
    resolved_by = models.CharField(_("closed by"), max_length=150, blank=True)

    objects = AlertQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "key"],
                condition=Q(resolved_at__isnull=True),
                name="alert_open_once",
            ),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, why="")
                | (Q(resolved_at__isnull=False) & ~Q(why="")),
                name="alert_ends_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["fired_at"], name="alert_age")]

    def __str__(self) -> str:
        from analytics.monitoring.alert_words import cause  # the words know the models

        return cause(self)

    @property
    def stream(self) -> str:
        return f"alert:{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class AlertWatch(models.Model):
    """What is remembered of one rule and one number from reading to reading. Technical."""

    rule = models.ForeignKey(AlertRule, models.PROTECT, related_name="watches")
    key = models.CharField(max_length=150)
    since = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    believed = models.BooleanField(default=False)
    owed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("watched number")
        verbose_name_plural = _("watched numbers")
        constraints = [models.UniqueConstraint(fields=["rule", "key"], name="alert_watch_once")]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.key}"


class AlertCheck(models.Model):
    """How far the numbers have been judged: one row, locked by whoever judges. Technical."""

    ONLY = 1

    minutely_at = models.DateTimeField(null=True)
    all_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("check of alerts")
        verbose_name_plural = _("checks of alerts")

    def __str__(self) -> str:
        return f"{self.minutely_at} {self.all_at}"


class AlertMail(models.Model):
    """A message about an alert to one address. Technical: claimed with a lease, tried again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")

    event = models.ForeignKey(Event, models.PROTECT, related_name="+")
    address = models.EmailField(_("e-mail address"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    error = models.CharField(_("error"), max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField()
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created at"))
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        verbose_name = _("e-mail about an alert")
        verbose_name_plural = _("e-mails about alerts")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["event", "address"], name="alert_mail_once")]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["waiting", "sending"]),
                name="alert_mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"{_('E-mail')} {self.pk}"
