"""The receipt (квитанция): one watch, one visit."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from receipts.models.catalogue import OperationType
from receipts.models.people import Customer, Watch
from receipts.states import IN_WORKSHOP, URGENT_LIST, Status
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.models import Kept, Voidable, VoidableQuerySet


def new_token() -> str:
    """An unguessable token for links and labels (96 bits, fits a Telegram deep link)."""
    return next(new_tokens(1))


def new_tokens(number: int) -> Iterator[str]:
    """So many of them, asked of the system at once: that is most of what one costs."""
    told = urlsafe_b64encode(os.urandom(12 * number)).decode()
    return (told[at : at + 16] for at in range(0, 16 * number, 16))


# What the urgent list holds, in the bot and in the office.
IN_URGENT_LIST: Final = Q(status__in=URGENT_LIST) & (Q(urgent=True) | Q(deadline__isnull=False))
FIRE: Final = "🔥"


class ReceiptQuerySet(VoidableQuerySet):
    def in_workshop(self) -> Self:
        """Everything that is physically here."""
        return self.valid().filter(status__in=IN_WORKSHOP)

    def urgent_list(self) -> Self:
        """Flag or deadline, not finished; flag first, then overdue and nearest deadline."""
        return (
            self.valid()
            .filter(IN_URGENT_LIST)
            .order_by("-urgent", F("deadline").asc(nulls_last=True), "id")
        )

    def overdue(self, at: datetime) -> Self:
        return self.valid().filter(status__in=URGENT_LIST, deadline__lt=at)


class Receipt(Voidable):
    """Only the number is ever required. Status and the fields marked below are projections."""

    class VisitKind(models.TextChoices):
        NEW = "new", _("new")
        WARRANTY = "warranty", _("warranty")
        PAID_AGAIN = "paid_again", _("paid again")
        NOT_CONFIRMED = "not_confirmed", _("not confirmed")

    # projections of events (receipts/projection.py)
    number = models.CharField(_("number"), max_length=32)
    number_key = models.CharField(max_length=32, editable=False)
    similar_key = models.CharField(max_length=32, editable=False, db_index=True)
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.RECEIVED
    )
    status_since = models.DateTimeField(_("status since"))
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    deadline = models.DateTimeField(_("deadline"), null=True, blank=True)
    first_promise = models.DateTimeField(_("first promise"), null=True, blank=True)
    deadline_version = models.PositiveIntegerField(default=0, editable=False)
    deadline_changes = models.PositiveIntegerField(_("deadline changes"), default=0)
    urgent = models.BooleanField(_("urgent"), default=False)
    master = models.ForeignKey(
        Employee,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
        verbose_name=_("current master"),
    )
    received_at = models.DateTimeField(_("received at"))
    label_outdated = models.BooleanField(_("label must be reprinted"), default=False)

    # facts of the visit, all optional
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
        verbose_name=_("customer"),
    )
    watch = models.ForeignKey(
        Watch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
        verbose_name=_("watch"),
    )
    complaint = models.TextField(_("complaint"), blank=True, max_length=2000)
    condition = models.TextField(_("condition at intake"), blank=True, max_length=2000)
    completeness = models.TextField(_("completeness"), blank=True, max_length=1000)
    links_count = models.PositiveSmallIntegerField(_("bracelet links"), null=True, blank=True)
    description = models.CharField(_("neutral description"), max_length=300, blank=True)
    declared_value = models.DecimalField(
        _("declared value, RUB"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    agreed_price = models.DecimalField(
        _("agreed price, RUB"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    prepayment = models.DecimalField(
        _("prepayment, RUB"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    agreed_works = models.ManyToManyField(
        OperationType, blank=True, related_name="+", verbose_name=_("agreed works")
    )
    do_not_polish = models.BooleanField(_("do not polish"), default=False)
    place = models.CharField(_("place"), max_length=60, blank=True)
    repeats = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="repeated_by",
        verbose_name=_("repeats the visit"),
    )
    visit_kind = models.CharField(
        _("kind of visit"), max_length=16, choices=VisitKind.choices, default=VisitKind.NEW
    )
    public_token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    public_token_revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    label_token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)

    # hand-over to the customer
    issued_at = models.DateTimeField(_("issued at"), null=True, blank=True, editable=False)
    received_by = models.CharField(_("received by"), max_length=150, blank=True)
    issue_difference = models.TextField(_("difference at hand-over"), blank=True, max_length=1000)

    objects = ReceiptQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["number_key"],
                condition=Q(voided_at__isnull=True),
                name="receipt_number_unique",
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(Status.values)), name="receipt_status_known"
            ),
            models.CheckConstraint(condition=~Q(number_key=""), name="receipt_number_given"),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="receipt_by_status"),
            models.Index(
                fields=["deadline"],
                condition=Q(deadline__isnull=False, voided_at__isnull=True),
                name="receipt_by_deadline",
            ),
            models.Index(fields=["-received_at"], name="receipt_by_received"),
        ]

    def __str__(self) -> str:
        return f"№{self.number}"

    @property
    def stream(self) -> str:
        return f"receipt:{self.id}"

    @property
    def fire(self) -> str:
        """The mark before the number of a receipt that somebody flagged as urgent, in every door.

        It stays with the number whatever became of the watch; a near deadline alone lights none.
        """
        return FIRE if self.urgent else ""

    def is_overdue(self, at: datetime) -> bool:
        """Past its deadline while it still has to be finished."""
        return bool(self.deadline and self.deadline < at and self.status in URGENT_LIST)


class ReceiptNumber(Kept):
    """Earlier numbers of a renumbered receipt: they stay findable."""

    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="earlier_numbers")
    number = models.CharField(_("number"), max_length=32)
    number_key = models.CharField(max_length=32, db_index=True)
    until = models.DateTimeField(_("valid until"), default=clock.now)

    class Meta:
        verbose_name = _("earlier number")
        verbose_name_plural = _("earlier numbers")

    def __str__(self) -> str:
        return self.number


class DetachedPart(Kept):
    """A part that is not with the watch. Written only by receipts' services."""

    class Part(models.TextChoices):
        MOVEMENT = "movement", _("movement")
        CASE = "case", _("case")
        BRACELET = "bracelet", _("bracelet")

    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="detached_parts")
    part = models.CharField(_("part"), max_length=10, choices=Part.choices)
    holder = models.ForeignKey(
        Employee, models.PROTECT, related_name="held_parts", verbose_name=_("holder")
    )
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("detached part")
        verbose_name_plural = _("detached parts")
        constraints = [
            models.UniqueConstraint(
                fields=["receipt", "part"],
                condition=Q(until__isnull=True),
                name="part_detached_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.part}"


class Photo(Voidable):
    """Evidence. The file is served only through a permission check; voiding removes the file."""

    class Stage(models.TextChoices):
        INTAKE = "intake", _("intake")
        WORK = "work", _("in work")
        QC = "qc", _("quality control")
        ISSUE = "issue", _("hand-over")

    class State(models.TextChoices):
        PENDING = "pending", _("loading")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="photos", verbose_name=_("receipt")
    )
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PENDING)
    file = models.FileField(_("file"), upload_to="photos/%Y/%m", blank=True)
    content_hash = models.CharField(_("hash of the content"), max_length=64, blank=True)
    width = models.PositiveIntegerField(_("width, px"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height, px"), null=True, blank=True)
    source = models.CharField(max_length=250, blank=True, editable=False)
    error = models.CharField(_("error"), max_length=200, blank=True)
    taken_by = models.ForeignKey(
        Employee, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    taken_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ["-id"]
        # Looked at every second by the bot, which loads the files.
        indexes = [
            models.Index(fields=["id"], condition=Q(state="pending"), name="photo_to_load"),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.get_stage_display()}"
