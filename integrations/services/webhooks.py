"""Webhooks: added, changed, given another secret, paused, resumed, switched off and on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from history.selectors import already
from integrations import locks, policies
from integrations.models import ApiClient, WebhookDelivery, WebhookEndpoint
from integrations.models.webhooks import LONGEST_TIMEOUT
from integrations.webhooks import kinds as event_kinds
from integrations.webhooks import nudge, sealing, signing
from integrations.webhooks.addresses import ensure_url_allowed
from integrations.webhooks.events import (
    SecretRotated,
    WebhookAdded,
    WebhookChanged,
    WebhookPaused,
    WebhookResumed,
    WebhookSwitchedOff,
    WebhookSwitchedOn,
)
from workshop.lib import clock
from workshop.lib.actor import KIND_CLIENT, Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import clean_text

MOST: Final = 100
"""Active ones of a workshop: each event is compared with all of them."""

DESCRIPTION_LENGTH: Final = 200
REASON_LENGTH: Final = 200
TIMEOUT: Final = 10  # seconds
OVERLAP: Final = 24  # hours
LONGEST_OVERLAP: Final = 24 * 7


@verb("webhook.add", "integrations.WebhookEndpoint")
def add_webhook(
    *,
    url: str,
    kinds: Collection[str],
    description: str = "",
    timeout: int = TIMEOUT,
    client_id: int | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """A receiver of events; from now on they line up for it. ``timeout`` in seconds.

    Its secret comes in ``shown_once["secret"]``: a replay is without it. A program adds its own
    only. Raises NotAllowed, NotFound, RuleViolation of the address (field ``url``),
    ``integrations.unknown_kind``, ``integrations.timeout_out_of_range``,
    ``integrations.too_many_webhooks``.
    """
    run = Run.of(actor, command, at)
    client = _client(actor.id if actor.kind == KIND_CLIENT else client_id)
    policies.ensure_may_manage_webhooks(actor, client)
    _ensure_room()
    ensure_url_allowed(url)
    secret = signing.new_secret()
    endpoint = WebhookEndpoint.objects.create(
        url=url,
        kinds=event_kinds.checked(kinds),
        description=clean_text(description, field="description", limit=DESCRIPTION_LENGTH),
        timeout=_timeout(timeout),
        client=client,
        secret=sealing.seal(secret),
        created_at=run.at,
    )
    payload = WebhookAdded(endpoint.place, endpoint.kinds, client.name if client else "")
    run.record(endpoint.stream, payload)
    return Outcome(endpoint, shown_once={"secret": secret})


@verb("webhook.change", "integrations.WebhookEndpoint")
def change_webhook(
    *,
    endpoint_id: int,
    values: dict[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """Change url, kinds, description or timeout; what waits already goes to the new address.

    Only fields named in ``values`` are touched. Raises as :func:`add_webhook`.
    """
    run = Run.of(actor, command, at)
    endpoint = managed(endpoint_id, actor)
    before = endpoint.place
    changes: dict[str, list[str]] = {}
    for field, value in _checked(values).items():
        old = getattr(endpoint, field)
        if old != value:
            setattr(endpoint, field, value)
            told = [before, endpoint.place] if field == "url" else [_words(old), _words(value)]
            changes[field] = told
    if changes:
        endpoint.save(update_fields=list(changes))
        run.record(endpoint.stream, WebhookChanged(endpoint.place, changes))
        transaction.on_commit(nudge.wake, robust=True)
    return Outcome(endpoint)


@verb("webhook.rotate_secret", "integrations.WebhookEndpoint")
def rotate_secret(
    *,
    endpoint_id: int,
    overlap_hours: int = OVERLAP,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """A new secret in ``shown_once["secret"]``; for ``overlap_hours`` both sign each message.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.overlap_out_of_range``.
    """
    run = Run.of(actor, command, at)
    endpoint = managed(endpoint_id, actor)
    if not 0 <= overlap_hours <= LONGEST_OVERLAP:
        raise RuleViolation(
            "integrations.overlap_out_of_range",
            _("From 0 to %(most)s hours."),
            field="overlap_hours",
            params={"most": LONGEST_OVERLAP},
        )
    secret = signing.new_secret()
    endpoint.previous_secret = endpoint.secret if overlap_hours else ""
    endpoint.previous_until = run.at + timedelta(hours=overlap_hours) if overlap_hours else None
    endpoint.secret = sealing.seal(secret)
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    run.record(endpoint.stream, SecretRotated(endpoint.place, overlap_hours))
    return Outcome(endpoint, shown_once={"secret": secret})


@verb("webhook.pause", "integrations.WebhookEndpoint")
def pause_webhook(
    *,
    endpoint_id: int,
    reason: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """Nothing leaves until it is resumed; events line up meanwhile.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.webhook_off``. A paused one is
    "already done".
    """
    run = Run.of(actor, command, at)
    endpoint = _switched_on(managed(endpoint_id, actor))
    if endpoint.paused_at is not None:
        return Outcome(endpoint, already=already(endpoint.stream, WebhookPaused.kind))
    reason = clean_text(reason, field="reason", limit=REASON_LENGTH)
    _pause(endpoint, run.at, WebhookEndpoint.BY_HAND)
    run.record(endpoint.stream, WebhookPaused(endpoint.place, reason=reason))
    return Outcome(endpoint)


@verb("webhook.resume", "integrations.WebhookEndpoint")
def resume_webhook(
    *,
    endpoint_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """Go on: what waits leaves at once, in order. A running one is left as it is.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.webhook_off``.
    """
    run = Run.of(actor, command, at)
    endpoint = _switched_on(managed(endpoint_id, actor))
    if endpoint.paused_at is None:
        return Outcome(endpoint, already=already(endpoint.stream, WebhookResumed.kind))
    _start(endpoint)
    waiting = _open(endpoint)
    waiting.filter(state=WebhookDelivery.WAITING).update(next_attempt_at=run.at)
    run.record(endpoint.stream, WebhookResumed(endpoint.place, waiting.count()))
    transaction.on_commit(nudge.wake, robust=True)
    return Outcome(endpoint)


@verb("webhook.switch_off", "integrations.WebhookEndpoint")
def switch_off_webhook(
    *,
    endpoint_id: int,
    reason: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """No further event lines up, and what waits is discarded. It is kept, with its history.

    Raises NotAllowed, NotFound. One that is off is "already done".
    """
    run = Run.of(actor, command, at)
    endpoint = managed(endpoint_id, actor)
    if not endpoint.active:
        return Outcome(endpoint, already=already(endpoint.stream, WebhookSwitchedOff.kind))
    reason = clean_text(reason, field="reason", limit=REASON_LENGTH)
    _switch_off(run, endpoint, WebhookEndpoint.BY_HAND, reason)
    return Outcome(endpoint)


@verb("webhook.switch_on", "integrations.WebhookEndpoint")
def switch_on_webhook(
    *,
    endpoint_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WebhookEndpoint]:
    """Events line up again from now on; what was given up can be sent again.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.too_many_webhooks`` and those of the
    address. One that is on is left as it is.
    """
    run = Run.of(actor, command, at)
    endpoint = managed(endpoint_id, actor)
    if endpoint.active:
        return Outcome(endpoint, already=already(endpoint.stream, WebhookSwitchedOn.kind))
    _ensure_room()
    ensure_url_allowed(endpoint.url)
    # What the relay lined up at the moment it was switched off.
    _open(endpoint).filter(state=WebhookDelivery.WAITING).update(
        state=WebhookDelivery.DISCARDED, ended_at=run.at
    )
    endpoint.active = True
    _start(endpoint)
    run.record(endpoint.stream, WebhookSwitchedOn(endpoint.place))
    return Outcome(endpoint)


# --- what the dispatcher decides ----------------------------------------------------------------


@verb("webhook.pause_failing", "integrations.WebhookEndpoint")
def pause_failing(
    *, endpoint_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[WebhookEndpoint]:
    """Nothing but failures for days: pause it and tell the managers, once."""
    run = Run.of(actor, command, at)
    endpoint = locks.webhook(endpoint_id)
    since = endpoint.failing_since
    if since is not None and endpoint.is_running:
        _pause(endpoint, run.at, WebhookEndpoint.FAILING)
        run.record(endpoint.stream, WebhookPaused(endpoint.place, since=clock.iso(since)))
    return Outcome(endpoint)


@verb("webhook.receiver_gone", "integrations.WebhookEndpoint")
def receiver_gone(
    *, endpoint_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[WebhookEndpoint]:
    """The receiver answered 410: switch it off and tell the managers, once."""
    run = Run.of(actor, command, at)
    endpoint = locks.webhook(endpoint_id)
    if endpoint.active:
        _switch_off(run, endpoint, WebhookEndpoint.GONE, "")
    return Outcome(endpoint)


# --- parts --------------------------------------------------------------------------------------


def managed(endpoint_id: int, actor: Actor) -> WebhookEndpoint:
    """The locked endpoint, if the actor may manage it; of a program's view others do not exist."""
    endpoint = locks.webhook(endpoint_id)
    if actor.kind == KIND_CLIENT and not policies.may_see_webhook(actor, endpoint.client):
        raise NotFound(
            "integrations.no_such_webhook", _("There is no such webhook."), field="webhook"
        )
    policies.ensure_may_manage_webhooks(actor, endpoint.client)
    return endpoint


def _pause(endpoint: WebhookEndpoint, at: datetime, why: str) -> None:
    endpoint.paused_at, endpoint.stopped_why = at, why
    endpoint.save(update_fields=["paused_at", "stopped_why"])


def _start(endpoint: WebhookEndpoint) -> None:
    """A new beginning: former failures do not count any more."""
    endpoint.paused_at = endpoint.failing_since = endpoint.closed_until = None
    endpoint.stopped_why = ""
    fields = ["active", "paused_at", "failing_since", "closed_until", "stopped_why"]
    endpoint.save(update_fields=fields)


def _switch_off(run: Run, endpoint: WebhookEndpoint, why: str, reason: str) -> None:
    endpoint.active, endpoint.paused_at, endpoint.stopped_why = False, None, why
    endpoint.save(update_fields=["active", "paused_at", "stopped_why"])
    gone = why == WebhookEndpoint.GONE
    # What is on its way this moment ends by itself.
    count = (
        _open(endpoint)
        .filter(state=WebhookDelivery.WAITING)
        .update(state=WebhookDelivery.DEAD if gone else WebhookDelivery.DISCARDED, ended_at=run.at)
    )
    run.record(endpoint.stream, WebhookSwitchedOff(endpoint.place, why, count, reason))


def _open(endpoint: WebhookEndpoint) -> Any:
    return WebhookDelivery.objects.filter(endpoint=endpoint, state__in=WebhookDelivery.OPEN)


def _switched_on(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    if not endpoint.active:
        raise RuleViolation(
            "integrations.webhook_off", _("This webhook is switched off."), field="webhook"
        )
    return endpoint


def _ensure_room() -> None:
    if WebhookEndpoint.objects.filter(active=True).count() >= MOST:
        raise RuleViolation(
            "integrations.too_many_webhooks",
            _("At most %(most)s webhooks: switch one off first."),
            params={"most": MOST},
        )


def _client(client_id: int | None) -> ApiClient | None:
    if client_id is None:
        return None
    found: ApiClient | None = ApiClient.objects.filter(pk=client_id, active=True).first()
    if found is None:
        raise NotFound(
            "integrations.no_such_client", _("There is no such API client."), field="client"
        )
    return found


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The new values by field of the model, each of them valid."""
    checks: dict[str, Any] = {
        "url": _url,
        "kinds": event_kinds.checked,
        "description": lambda text: clean_text(text, field="description", limit=DESCRIPTION_LENGTH),
        "timeout": _timeout,
    }
    unknown = set(values) - set(checks)
    if unknown:
        raise TypeError(f"no fields of a webhook: {', '.join(sorted(unknown))}")
    return {field: checks[field](value) for field, value in values.items()}


def _url(url: str) -> str:
    ensure_url_allowed(url)
    return url


def _timeout(seconds: int) -> int:
    if not 1 <= seconds <= LONGEST_TIMEOUT:
        raise RuleViolation(
            "integrations.timeout_out_of_range",
            _("From 1 to %(most)s seconds."),
            field="timeout",
            params={"most": LONGEST_TIMEOUT},
        )
    return seconds


def _words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
