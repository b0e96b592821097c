"""Row locks of polishing: after the receipt, before the streams."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from polishing.models import PolishingBatch, PolishingOrder
from workshop.lib.errors import NotFound


def order(order_id: int) -> PolishingOrder:
    """The locked order (its receipt is locked before); NotFound ``polishing.no_such_order``."""
    row = (
        PolishingOrder.objects.select_for_update(of=("self",))
        .select_related("polisher", "metal", "batch", "operation")
        .filter(pk=order_id)
        .first()
    )
    if row is None:
        raise NotFound(
            "polishing.no_such_order", _("There is no such polishing order."), field="order"
        )
    return row


def batch(batch_id: int) -> PolishingBatch:
    """The locked batch; NotFound ``polishing.no_such_batch``."""
    row = (
        PolishingBatch.objects.select_for_update(of=("self",))
        .select_related("polisher")
        .filter(pk=batch_id)
        .first()
    )
    if row is None:
        raise NotFound("polishing.no_such_batch", _("There is no such batch."), field="batch")
    return row
