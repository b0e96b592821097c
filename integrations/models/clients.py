"""Who may use the API: clients, their keys, and tokens for signing up."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations import scopes
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.models import Kept


class ApiClient(Kept):
    """A program that talks to the API. What it does stands in the history under its name."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    # Verbs that record who inspected need a person behind the program.
    employee = models.ForeignKey(
        Employee,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="api_clients",
        verbose_name=_("employee"),
    )
    # Networks as "10.0.0.0/8"; empty = from anywhere.
    networks = models.JSONField(_("allowed addresses"), default=list, blank=True)
    rate = models.PositiveIntegerField(_("requests a minute"), null=True, blank=True)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def stream(self) -> str:
        return f"integration:client:{self.pk}"

    def scope_groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """(group, [(scope, what it allows), …]) in words."""
        return scopes.grouped(self.scopes)


class ApiKey(Kept):
    """One key of a client; only a keyed hash of its secret is kept."""

    client = models.ForeignKey(ApiClient, models.PROTECT, related_name="keys")
    prefix = models.CharField(_("prefix"), max_length=8, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    # To the minute: a write for every request would cost more than the request.
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_valid(self, at: datetime) -> bool:
        ended = self.expires_at is not None and self.expires_at <= at
        return self.revoked_at is None and not ended


class RegistrationToken(Kept):
    """Lets one person sign up for the numbers of the API, once; only its hash is kept."""

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    username = models.CharField(_("user name"), max_length=50, blank=True)

    class Meta:
        verbose_name = _("registration token")
        verbose_name_plural = _("registration tokens")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | ~Q(username=""),
                name="registration_token_used_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"token {self.pk}"

    def is_open(self, at: datetime) -> bool:
        return self.used_at is None and self.revoked_at is None and at < self.expires_at


class RateWindow(models.Model):
    """Requests of one client in its present window. Technical: without Redis only."""

    key = models.CharField(max_length=120, primary_key=True)
    began = models.BigIntegerField()  # seconds since 1970
    used = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("counted requests")
        verbose_name_plural = _("counted requests")

    def __str__(self) -> str:
        return f"{self.key}: {self.used}"
