"""Reads of webhooks: whose they are, how many messages wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from integrations.models import WebhookDelivery, WebhookEndpoint
from workshop.lib.actor import KIND_CLIENT, Actor


def webhooks_of(actor: Actor) -> QuerySet[WebhookEndpoint]:
    """Those that the actor may see: a program its own, the office all of them."""
    rows = WebhookEndpoint.objects.all()
    return rows.filter(client_id=actor.id) if actor.kind == KIND_CLIENT else rows


def webhook_deliveries_of(actor: Actor) -> QuerySet[WebhookDelivery]:
    """Messages to the webhooks that the actor may see."""
    rows = WebhookDelivery.objects.all()
    return rows.filter(endpoint__client_id=actor.id) if actor.kind == KIND_CLIENT else rows


def with_queue(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Webhooks, each with the numbers of its messages that wait and that were given up."""
    return rows.annotate(
        waiting=_number_in(WebhookDelivery.OPEN), dead=_number_in([WebhookDelivery.DEAD])
    )


def _number_in(states: Iterable[str]) -> Coalesce:
    """Of its messages in these states, for which there is a partial index."""
    rows = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), state__in=list(states))
    counted = rows.order_by().values("endpoint").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)
