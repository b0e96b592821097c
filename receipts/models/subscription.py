"""Customers who want to be told by the bot."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from receipts.models.receipt import Receipt
from workshop.lib import clock
from workshop.lib.models import Kept, KeptQuerySet


class SubscriptionQuerySet(KeptQuerySet):
    def live(self) -> SubscriptionQuerySet:
        """Those who still want to be told."""
        return self.filter(ended_at__isnull=True)


class Subscription(Kept):
    """Somebody who opened the customer's link in Telegram. The account is kept no longer than
    the subscription: it is blanked when that ends.
    """

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="subscriptions", verbose_name=_("receipt")
    )
    telegram_id = models.BigIntegerField("Telegram id", null=True, db_index=True)
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    created_at = models.DateTimeField(_("subscribed at"), default=clock.now)
    ended_at = models.DateTimeField(_("ended at"), null=True)

    objects = SubscriptionQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        verbose_name = _("subscription of a customer")
        verbose_name_plural = _("subscriptions of customers")
        constraints = [
            models.UniqueConstraint(
                fields=["receipt", "telegram_id"],
                condition=Q(ended_at__isnull=True),
                name="subscribed_once",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, telegram_id__isnull=False)
                | Q(ended_at__isnull=False, telegram_id__isnull=True),
                name="subscriber_forgotten_at_the_end",
            ),
        ]

    def __str__(self) -> str:
        return f"subscription {self.pk}"

    @property
    def stream(self) -> str:
        return f"subscription:{self.pk}"
