"""People of the workshop, their access, and how they are invited."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff import roles
from workshop.lib import clock
from workshop.lib.models import Kept, KeptQuerySet


class EmployeeQuerySet(KeptQuerySet):
    def active(self) -> Self:
        return self.filter(active=True)

    def with_role(self, *names: str) -> Self:
        """People who hold at least one of the roles."""
        condition = Q()
        for name in names:
            condition |= Q(**{f"is_{name}": True})
        return self.filter(condition)

    def present(self, day: date) -> Self:
        """Not marked absent on ``day``."""
        return self.exclude(absent_from__lte=day, absent_until__gte=day)


class Employee(Kept):
    """A person. Roles say what he may do in the system; skills (receipts) what he can work on."""

    full_name = models.CharField(_("full name"), max_length=150)
    short_name = models.CharField(_("short name"), max_length=60)
    is_inspector = models.BooleanField(roles.LABELS[roles.INSPECTOR], default=False)
    is_manager = models.BooleanField(roles.LABELS[roles.MANAGER], default=False)
    is_master = models.BooleanField(roles.LABELS[roles.MASTER], default=False)
    is_polisher = models.BooleanField(roles.LABELS[roles.POLISHER], default=False)
    is_owner = models.BooleanField(roles.LABELS[roles.OWNER], default=False)
    telegram_id = models.BigIntegerField("Telegram id", unique=True, null=True, blank=True)
    telegram_username = models.CharField("Telegram username", max_length=64, blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    active = models.BooleanField(_("active"), default=True)
    # Values of staff.notice_kinds; the services check them.
    muted_notices = models.JSONField(_("muted notices"), default=list, db_default=[], blank=True)
    absent_from = models.DateField(_("absent from"), null=True, blank=True)
    absent_until = models.DateField(_("absent until"), null=True, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="employee",
        verbose_name=_("office account"),
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    objects = EmployeeQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["full_name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(absent_from__isnull=True, absent_until__isnull=True)
                | Q(
                    absent_from__isnull=False,
                    absent_until__isnull=False,
                    absent_until__gte=models.F("absent_from"),
                ),
                name="employee_absence_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.short_name

    @property
    def stream(self) -> str:
        return f"employee:{self.pk}"

    @property
    def roles(self) -> frozenset[str]:
        """The names of the access roles held."""
        return frozenset(name for name in roles.ALL if getattr(self, f"is_{name}"))

    def is_absent(self, day: date) -> bool:
        return bool(
            self.absent_from and self.absent_until and self.absent_from <= day <= self.absent_until
        )


class Invite(Kept):
    """A one-time link that binds a Telegram account to an employee; only its hash is kept."""

    employee = models.ForeignKey(Employee, models.PROTECT, related_name="invites")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invite")
        verbose_name_plural = _("invites")

    def __str__(self) -> str:
        return f"invite {self.pk}"

    def is_open(self, at: datetime) -> bool:
        return self.used_at is None and self.revoked_at is None and at < self.expires_at


class AccessRefusal(models.Model):
    """Refusals counted per subject, so that at most one event an hour is written about each.

    ``subject`` is ``telegram:<id>`` of a stranger or ``user:<name>`` of an office account.
    Technical: the events are the record.
    """

    subject = models.CharField(max_length=160, unique=True)
    told_at = models.DateTimeField()
    untold = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("refused access")
        verbose_name_plural = _("refused accesses")

    def __str__(self) -> str:
        return f"{self.subject}: {self.untold}"


class BotName(models.Model):
    """The bot's user name as the messenger told it at the last start; one row. Technical."""

    username = models.CharField(max_length=64)
    told_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("name of the bot")
        verbose_name_plural = _("names of the bot")

    def __str__(self) -> str:
        return self.username


class WorkGroup(Kept):
    """The Telegram group that gets a card for each assignment; one row, empty while none is linked.

    A business setting: ``staff.services.work_group`` writes it with its events.
    """

    STREAM = "settings:work_group"

    chat_id = models.BigIntegerField(null=True)
    title = models.CharField(_("title"), max_length=255, blank=True)
    linked_at = models.DateTimeField(_("linked at"), null=True)

    class Meta:
        verbose_name = _("work group")
        verbose_name_plural = _("work group")

    def __str__(self) -> str:
        return self.title or str(_("no group is linked"))

    @property
    def stream(self) -> str:
        return self.STREAM


def employee_of(user: Any) -> Employee | None:
    """The employee linked to an office account, or None."""
    return Employee.objects.filter(user_id=user.pk).first() if user.pk else None
