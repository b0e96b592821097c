"""Webhooks: who is told of events, what is on its way to him, and every attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from history.models import Event
from integrations.models.clients import ApiClient
from workshop.lib import clock
from workshop.lib.models import Kept

LONGEST_TIMEOUT: Final = 30  # seconds


class WebhookEndpoint(Kept):
    """A receiver of events. Its secrets are kept encrypted (``integrations.webhooks.sealing``).

    Paused: events still line up, nothing leaves. Not active: nothing lines up any more.
    """

    BY_HAND, FAILING, GONE = "by_hand", "failing", "gone"
    REASONS = (
        (BY_HAND, _("by hand")),
        (FAILING, _("nothing but failures for days")),
        (GONE, _("the receiver wants no more (410)")),
    )

    url = models.CharField(_("address"), max_length=500)
    # "receipt.passed", "receipt.*", "*"
    kinds = models.JSONField(_("kinds of events"), default=list)
    description = models.CharField(_("description"), max_length=200, blank=True)
    timeout = models.PositiveSmallIntegerField(_("waits for an answer, s"), default=10)
    # A program's own: it manages this one, and is told while it may read the history.
    client = models.ForeignKey(
        ApiClient,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="webhooks",
        verbose_name=_("API client"),
    )
    active = models.BooleanField(_("active"), default=True)
    secret = models.TextField()
    previous_secret = models.TextField(blank=True)
    previous_until = models.DateTimeField(_("former secret valid until"), null=True, blank=True)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    # Why it is paused or not active.
    stopped_why = models.CharField(_("why it stands"), max_length=8, choices=REASONS, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    # To the minute: a write for every delivery would make them queue for this row.
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    # The receiver asked to be left alone until then (429, 503).
    closed_until = models.DateTimeField(_("asked to wait until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.description or self.place

    @property
    def stream(self) -> str:
        return f"integration:webhook:{self.pk}"

    @property
    def place(self) -> str:
        """Scheme and host: paths and queries of such addresses are often secrets."""
        parts = urlsplit(self.url)
        rest = "/…" if parts.path.strip("/") or parts.query else ""
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{rest}"

    @property
    def is_running(self) -> bool:
        return self.active and self.paused_at is None

    def has_previous(self, at: datetime) -> bool:
        """Does the former secret still count?"""
        return bool(self.previous_secret) and (
            self.previous_until is not None and at < self.previous_until
        )


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint. Technical: forgotten some time after its end.

    ``body`` is kept as it was made, so that every attempt sends the same bytes.
    """

    WAITING, SENDING, DONE, DEAD, DISCARDED = "waiting", "sending", "done", "dead", "discarded"
    STATES = (
        (WAITING, _("waiting")),
        (SENDING, _("being sent")),
        (DONE, _("delivered")),
        (DEAD, _("given up")),
        (DISCARDED, _("discarded")),
    )
    OPEN = (WAITING, SENDING)

    # Without indexes of their own: those below begin with them.
    event = models.ForeignKey(
        Event,
        models.PROTECT,
        related_name="webhook_deliveries",
        db_index=False,
        verbose_name=_("event"),
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        models.PROTECT,
        related_name="deliveries",
        db_index=False,
        verbose_name=_("webhook"),
    )
    kind = models.CharField(_("kind"), max_length=60)
    # Of one stream (a receipt) they leave one after the other, in the order of its events.
    stream = models.CharField(_("stream"), max_length=80)
    message_id = models.CharField(_("message"), max_length=40)
    body = models.TextField(_("message text"))
    state = models.CharField(_("state"), max_length=9, choices=STATES, default=WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=clock.now)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    owner = models.CharField(max_length=100, blank=True)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="webhook_delivery_once")
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                condition=Q(state__in=["waiting", "sending"]),
                name="webhook_delivery_due",
            ),
            models.Index(
                fields=["endpoint", "stream", "event"],
                condition=Q(state__in=["waiting", "sending"]),
                name="webhook_delivery_order",
            ),
            models.Index(
                fields=["owner"], condition=Q(state="sending"), name="webhook_delivery_claimed"
            ),
            models.Index(
                fields=["endpoint", "id"], condition=Q(state="dead"), name="webhook_delivery_dead"
            ),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_newest"),
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False),
                name="webhook_delivery_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"

    @property
    def is_over(self) -> bool:
        return self.state not in self.OPEN


class WebhookAttempt(models.Model):
    """One call of a receiver and what came of it; ``error`` is a code, empty for a success."""

    delivery = models.ForeignKey(
        WebhookDelivery, models.PROTECT, related_name="tries", verbose_name=_("delivery")
    )
    at = models.DateTimeField(_("when"), default=clock.now)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    milliseconds = models.PositiveIntegerField(_("duration, ms"), default=0)
    answer = models.TextField(_("answer"), blank=True)
    error = models.CharField(_("error"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.status or self.error}"
