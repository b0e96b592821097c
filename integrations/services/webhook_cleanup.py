"""What the webhooks forget, and the renewal of their sealed secrets."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from integrations import locks
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.webhooks import sealing

DONE_KEPT: Final = timedelta(days=14)
ENDED_KEPT: Final = timedelta(days=90)
"""What was given up or discarded can be sent again so long."""

CHUNK: Final = 2_000  # rows per statement: nobody waits long for a lock

logger = logging.getLogger(__name__)


def clean_up(*, at: datetime) -> dict[str, int]:
    """Forget what is out of date; seal secrets with the present key. What waits always stays."""
    done = WebhookDelivery.objects.filter(state=WebhookDelivery.DONE, ended_at__lt=at - DONE_KEPT)
    ended = WebhookDelivery.objects.filter(
        state__in=[WebhookDelivery.DEAD, WebhookDelivery.DISCARDED], ended_at__lt=at - ENDED_KEPT
    )
    return {"deliveries": _forget(done) + _forget(ended), "secrets": _renew_secrets(at)}


def _forget(rows: QuerySet[WebhookDelivery]) -> int:
    total = 0
    while ids := list(rows.order_by("ended_at").values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic():
            # The condition is asked again: one may have been put back meanwhile.
            still = list(rows.filter(pk__in=ids).values_list("pk", flat=True))
            WebhookAttempt.objects.filter(delivery__in=still).delete()
            total += rows.filter(pk__in=still).delete()[0]
        if len(still) < len(ids):
            break
    return total


def _renew_secrets(at: datetime) -> int:
    """Under the present key; former secrets that do not count any more are dropped."""
    renewed = 0
    for endpoint_id in WebhookEndpoint.objects.values_list("pk", flat=True):
        with transaction.atomic():
            renewed += _renew(locks.webhook(endpoint_id), at)
    return renewed


def _renew(endpoint: WebhookEndpoint, at: datetime) -> bool:
    new = {"secret": endpoint.secret, "previous_secret": endpoint.previous_secret}
    if not endpoint.has_previous(at):
        new["previous_secret"] = ""
    for field, stored in new.items():
        if stored and not sealing.is_current(stored):
            try:
                new[field] = sealing.seal(sealing.unseal(stored))
            except sealing.SecretLost:
                logger.error("a secret cannot be read", extra={"webhook_id": endpoint.pk})
    changed = [field for field, value in new.items() if value != getattr(endpoint, field)]
    for field in changed:
        setattr(endpoint, field, new[field])
    if changed:
        endpoint.save(update_fields=changed)
    return bool(changed)
