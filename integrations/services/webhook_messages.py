"""What people do with single messages of a webhook: test, send again, discard."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_queue as queue
from integrations.services.webhooks import REASON_LENGTH, managed
from integrations.webhooks import nudge
from integrations.webhooks.events import DeliveriesReplayed, DeliveryDiscarded, WebhookTested
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import clean_text


@verb("webhook.test", "integrations.WebhookDelivery")
def send_test(
    *,
    endpoint_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookDelivery]:
    """Send a message of the kind ``webhook.test`` to this endpoint alone; the answer is a delivery.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.webhook_stands``.
    """
    run = Run.of(actor, command, at)
    endpoint = _running(managed(endpoint_id, actor))
    event = run.record(endpoint.stream, WebhookTested(endpoint.place))
    delivery = queue.delivery_of(event, endpoint.pk, run.at)
    delivery.save(force_insert=True)
    transaction.on_commit(nudge.wake, robust=True)
    return Outcome(delivery)


@verb("webhook.replay", "integrations.WebhookDelivery")
def replay(
    *,
    delivery_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookDelivery]:
    """Send one message again, under its own id and from the first attempt; one that waits, now.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.webhook_off``. What is on its way is
    left as it is.
    """
    run = Run.of(actor, command, at)
    endpoint, delivery = _managed_delivery(delivery_id, actor)
    if delivery.state == WebhookDelivery.SENDING:
        return Outcome(delivery)
    _ensure_on(endpoint)
    queue.put_back(WebhookDelivery.objects.filter(pk=delivery.pk), run.at)
    queue.let_go(delivery, run.at)
    payload = DeliveriesReplayed(endpoint.place, 1, delivery.message_id)
    run.record(endpoint.stream, payload)
    transaction.on_commit(nudge.wake, robust=True)
    delivery.refresh_from_db()
    return Outcome(delivery)


@verb("webhook.replay_dead", "integrations.WebhookEndpoint")
def replay_dead(
    *,
    endpoint_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """Send again all that was given up, in order; ``extra["count"]`` says how many.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.webhook_off``.
    """
    run = Run.of(actor, command, at)
    endpoint = managed(endpoint_id, actor)
    _ensure_on(endpoint)
    dead = WebhookDelivery.objects.filter(endpoint=endpoint, state=WebhookDelivery.DEAD)
    count = queue.put_back(dead, run.at)
    if count:
        run.record(endpoint.stream, DeliveriesReplayed(endpoint.place, count))
        transaction.on_commit(nudge.wake, robust=True)
    return Outcome(endpoint, extra={"count": count})


@verb("webhook.discard", "integrations.WebhookDelivery")
def discard(
    *,
    delivery_id: int,
    reason: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookDelivery]:
    """Do not send a message that waits; the next of its receipt is free then.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.delivery_on_its_way`` /
    ``integrations.delivery_over``. A discarded one is left as it is.
    """
    run = Run.of(actor, command, at)
    endpoint, delivery = _managed_delivery(delivery_id, actor)
    if delivery.state == WebhookDelivery.DISCARDED:
        return Outcome(delivery)
    _ensure_waits(delivery)
    delivery.state, delivery.ended_at = WebhookDelivery.DISCARDED, run.at
    delivery.save(update_fields=["state", "ended_at"])
    queue.let_go(delivery, run.at)
    payload = DeliveryDiscarded(
        endpoint.place,
        delivery.message_id,
        delivery.kind,
        clean_text(reason, field="reason", limit=REASON_LENGTH),
    )
    run.record(endpoint.stream, payload)
    transaction.on_commit(nudge.wake, robust=True)
    return Outcome(delivery)


def _managed_delivery(delivery_id: int, actor: Actor) -> tuple[WebhookEndpoint, WebhookDelivery]:
    """With its endpoint locked: nobody else changes the state of a delivery meanwhile."""
    missing = NotFound(
        "integrations.no_such_delivery", _("There is no such message."), field="delivery"
    )
    found = WebhookDelivery.objects.filter(pk=delivery_id).values_list("endpoint_id", flat=True)
    endpoint_id = found.first()
    if endpoint_id is None:
        raise missing
    try:
        endpoint = managed(endpoint_id, actor)
    except NotFound:
        raise missing from None
    delivery = WebhookDelivery.objects.filter(pk=delivery_id).first()
    if delivery is None:
        raise missing
    return endpoint, delivery


def _running(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    if not endpoint.is_running:
        raise RuleViolation(
            "integrations.webhook_stands",
            _("This webhook is paused or switched off: nothing leaves."),
            field="webhook",
        )
    return endpoint


def _ensure_on(endpoint: WebhookEndpoint) -> None:
    if not endpoint.active:
        raise RuleViolation(
            "integrations.webhook_off", _("This webhook is switched off."), field="webhook"
        )


def _ensure_waits(delivery: WebhookDelivery) -> None:
    if delivery.state == WebhookDelivery.SENDING:
        raise RuleViolation(
            "integrations.delivery_on_its_way",
            _("This message is on its way right now."),
            field="delivery",
        )
    if delivery.state != WebhookDelivery.WAITING:
        raise RuleViolation(
            "integrations.delivery_over",
            _("This message does not wait any more."),
            field="delivery",
        )
