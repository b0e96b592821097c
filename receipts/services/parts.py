"""Parts that are not with the watch: written here alone, polishing calls these."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from receipts.models import DetachedPart, Receipt
from staff.models import Employee
from workshop.lib.errors import Duplicate, RuleViolation


def detach_parts(receipt: Receipt, parts: Iterable[str], holder: Employee, since: datetime) -> None:
    """Note that ``parts`` are at ``holder``; Duplicate ``receipts.part_away`` if one already is."""
    for part in parts:
        try:
            with transaction.atomic():
                DetachedPart.objects.create(receipt=receipt, part=part, holder=holder, since=since)
        except IntegrityError:
            away = DetachedPart.objects.filter(receipt=receipt, part=part, until__isnull=True)
            raise Duplicate(
                "receipts.part_away",
                _("%(number)s: this part is already away: %(part)s."),
                existing_id=away.values_list("pk", flat=True).first(),
                field="parts",
                params={
                    "number": str(receipt),
                    "part": DetachedPart.Part(part).label,
                },
            ) from None


def rejoin_parts(receipt: Receipt, parts: Iterable[str], at: datetime) -> None:
    """Note that ``parts`` are with the watch again."""
    rows = DetachedPart.objects.filter(receipt=receipt, part__in=list(parts), until__isnull=True)
    rows.update(until=at)


def hand_on_parts(receipt: Receipt, parts: Iterable[str], holder: Employee, at: datetime) -> None:
    """Note that ``parts`` which are away lie at another person from now on."""
    parts = list(parts)
    rejoin_parts(receipt, parts, at)
    detach_parts(receipt, parts, holder, at)


def correct_since(receipt: Receipt, parts: Iterable[str], since: datetime) -> None:
    """The parts are away since another moment than was noted."""
    rows = DetachedPart.objects.filter(receipt=receipt, part__in=list(parts), until__isnull=True)
    rows.update(since=since)


def ensure_complete(receipt: Receipt) -> None:
    """No part away: RuleViolation ``receipts.part_detached`` names what is where."""
    away = list(
        DetachedPart.objects.filter(receipt=receipt, until__isnull=True).select_related("holder")
    )
    if away:
        told = ", ".join(f"{row.get_part_display()}: {row.holder}" for row in away)
        raise RuleViolation(
            "receipts.part_detached",
            _("Not with the watch: %(parts)s. Take it back first."),
            field="parts",
            params={"parts": told},
        )
