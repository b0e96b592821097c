"""What Prometheus is told of the receipts: how many stand where. One read."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count

from receipts.models import Receipt
from receipts.states import IN_WORKSHOP
from workshop.lib.telemetry import RECEIPTS, Reading


def read() -> Iterator[Reading]:
    """Those in the workshop. Issued ones grow without end, and counting them takes ever longer."""
    rows = Receipt.objects.filter(status__in=IN_WORKSHOP, voided_at__isnull=True).order_by()
    found = dict(rows.values_list("status").annotate(count=Count("pk")))
    for status in sorted(IN_WORKSHOP):
        yield RECEIPTS.of(found.get(status, 0), status.value)
