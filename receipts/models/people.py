"""Customers and watches: optional facts around a receipt."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from receipts.models.catalogue import Metal
from workshop.lib import clock
from workshop.lib.models import Kept


class Customer(Kept):
    """A customer. The phone is a hint, not an identity: two people may share one.

    Personal data never enters events, commands or logs; ``erased_at`` marks blanked fields.
    """

    name = models.CharField(_("name"), max_length=150, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True, db_index=True)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    telegram_id = models.BigIntegerField("Telegram id", null=True, blank=True)
    consent_at = models.DateTimeField(_("consent given"), null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, verbose_name=_("merged into")
    )
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["-id"]

    def __str__(self) -> str:
        if self.erased_at:
            return str(_("erased customer %(id)s")) % {"id": self.pk}
        return self.name or self.phone or str(self.pk)

    @property
    def stream(self) -> str:
        return f"customer:{self.id}"


class Watch(Kept):
    """One physical watch over its life. Its serial may come again and is then offered."""

    brand = models.CharField(_("brand"), max_length=80, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    serial = models.CharField(_("serial number"), max_length=60, blank=True)
    serial_key = models.CharField(max_length=60, blank=True, db_index=True, editable=False)
    movement_number = models.CharField(_("movement number"), max_length=60, blank=True)
    movement_key = models.CharField(max_length=60, blank=True, db_index=True, editable=False)
    calibre = models.CharField(_("calibre"), max_length=60, blank=True)
    metal = models.ForeignKey(
        Metal, models.PROTECT, null=True, blank=True, verbose_name=_("case metal")
    )
    water_resistance_bar = models.DecimalField(
        _("water resistance, bar"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("watch")
        verbose_name_plural = _("watches")
        ordering = ["-id"]

    def __str__(self) -> str:
        return " ".join(part for part in (self.brand, self.model, self.serial) if part) or str(
            self.pk
        )

    @property
    def stream(self) -> str:
        return f"watch:{self.id}"
