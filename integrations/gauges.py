"""What Prometheus is told of the integrations: webhooks and long jobs that wait. Bounded reads."""

from __future__ import annotations

from collections.abc import Iterator

from history.gauges import MOST, queue
from integrations.models import DataJob, WebhookDelivery
from integrations.services.webhook_queue import running
from workshop.lib import clock
from workshop.lib.telemetry import GIVEN_UP, Reading


def read() -> Iterator[Reading]:
    """Messages that could leave now: those of paused receivers, and later tries, wait rightly."""
    now = clock.now()
    due = WebhookDelivery.objects.filter(
        endpoint__in=running(now), state__in=WebhookDelivery.OPEN, next_attempt_at__lte=now
    )
    yield from queue("webhooks", due, "next_attempt_at", at=now)
    dead = WebhookDelivery.objects.filter(state=WebhookDelivery.DEAD)
    yield GIVEN_UP.of(dead.order_by()[:MOST].count(), "webhooks")
    asked = DataJob.objects.filter(state=DataJob.State.WAITING)
    yield from queue("data_jobs", asked, "created_at", at=now)
