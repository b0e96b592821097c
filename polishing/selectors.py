"""Reads of polishing: who has what, earlier rounds of a watch, defaults for the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from polishing.models import PolishingOrder
from receipts.models import Metal, Receipt
from staff.models import Employee


@dataclass(frozen=True)
class Load:
    """What a polisher has now: open orders, difficult ones, the oldest."""

    polisher: Employee
    open: int
    difficult: int
    oldest: datetime | None


def loads() -> list[Load]:
    """Every active polisher with what is open at him, in one query."""
    is_open = Q(
        polishing_orders__returned_at__isnull=True, polishing_orders__voided_at__isnull=True
    )
    rows = (
        Employee.objects.active()
        .filter(is_polisher=True)
        .annotate(
            open_count=Count("polishing_orders", filter=is_open),
            difficult_count=Count(
                "polishing_orders", filter=is_open & Q(polishing_orders__difficult=True)
            ),
            oldest=Min("polishing_orders__sent_at", filter=is_open),
        )
    )
    return [Load(row, row.open_count, row.difficult_count, row.oldest) for row in rows]


def open_orders(
    *, polisher_id: int | None = None, batch_id: int | None = None
) -> QuerySet[PolishingOrder]:
    """Orders still out, oldest first."""
    rows = PolishingOrder.objects.open().select_related("receipt", "polisher", "metal")
    if polisher_id is not None:
        rows = rows.filter(polisher_id=polisher_id)
    if batch_id is not None:
        rows = rows.filter(batch_id=batch_id)
    return rows.order_by("sent_at", "id")


def earlier_rounds(receipt: Receipt) -> QuerySet[PolishingOrder]:
    """Rounds of this watch over all its visits, latest first."""
    rows = PolishingOrder.objects.valid().select_related("polisher", "receipt", "metal")
    same = Q(receipt=receipt)
    if receipt.watch_id:
        same |= Q(receipt__watch_id=receipt.watch_id)
    return rows.filter(same).order_by("-sent_at")


def default_metal(receipt: Receipt) -> Metal | None:
    """The watch's metal, or that of its last round."""
    if receipt.watch is not None and receipt.watch.metal is not None:
        return receipt.watch.metal
    last = earlier_rounds(receipt).filter(metal__isnull=False).first()
    return last.metal if last else None
