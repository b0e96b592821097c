"""Webhooks as people manage them: each verb, its event, its refusals, and no secret anywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from history.models import Event
from history.relay import relay_outbox
from integrations import scopes
from integrations.actors import client_actor
from integrations.models import ApiClient, WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_cleanup, webhook_queue, webhook_results
from integrations.services.clients import add_client
from integrations.services.webhook_messages import discard, replay, replay_dead, send_test
from integrations.services.webhooks import (
    add_webhook,
    change_webhook,
    pause_webhook,
    resume_webhook,
    rotate_secret,
    switch_off_webhook,
    switch_on_webhook,
)
from integrations.webhooks import sealing
from integrations.webhooks.transport import Answer
from receipts.services.registration import register_receipt
from workshop.lib import clock
from workshop.lib.actor import API, Actor, Channel, system_actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation, WorkshopError

OFFICE = system_actor("office")
URL = "https://receiver.example.com/hooks/very-secret-path?token=abc"


@pytest.fixture
def endpoint(db: None) -> WebhookEndpoint:
    return added().object


def added(**values: Any) -> Any:
    return add_webhook(**{"url": URL, "kinds": ["receipt.*"], "actor": OFFICE, **values})


def program(*names: str) -> Actor:
    client = add_client(name=f"till {len(names)}", scopes=names, actor=OFFICE).object
    return client_actor(client, Channel(API))


def lined_up(count: int = 1) -> list[WebhookDelivery]:
    for number in range(count):
        register_receipt(number=f"W-{number}", actor=OFFICE)
    relay_outbox()
    return list(WebhookDelivery.objects.order_by("pk"))


def answered(answer: Answer, *, times: int = 1) -> None:
    """The next due messages get this answer."""
    for _time in range(times):
        for claimed in webhook_queue.claim("test").found:
            webhook_results.record(claimed, answer, 0.0)


OK, DOWN, GONE = Answer(status=204), Answer(status=500, text="oh"), Answer(status=410)


def test_the_secret_is_shown_once_and_kept_encrypted(db: None) -> None:
    outcome = added(description="till")
    secret = outcome.shown_once["secret"]
    row = WebhookEndpoint.objects.get()
    assert secret.startswith("whsec_")
    assert secret not in str(WebhookEndpoint.objects.values())
    assert sealing.unseal(row.secret) == secret
    event = Event.objects.get(kind="webhook.added")
    assert event.stream == row.stream
    assert event.payload == {
        "place": "https://receiver.example.com/…",
        "kinds": ["receipt.*"],
        "client": "",
    }
    everything = str(list(Event.objects.values()))
    assert "very-secret-path" not in everything
    assert secret not in everything


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"kinds": []}, "integrations.kinds_missing", "kinds"),
        ({"kinds": ["receipt.pased"]}, "integrations.unknown_kind", "kinds"),
        ({"kinds": ["receipt"]}, "integrations.unknown_kind", "kinds"),
        ({"kinds": ["webhook.*"]}, "integrations.unknown_kind", "kinds"),
        ({"timeout": 0}, "integrations.timeout_out_of_range", "timeout"),
        ({"timeout": 31}, "integrations.timeout_out_of_range", "timeout"),
        ({"url": "http://receiver.example.com/"}, "webhooks.https_only", "url"),
        ({"url": "https://127.0.0.1/"}, "webhooks.address_refused", "url"),
        ({"client_id": 999}, "integrations.no_such_client", "client"),
    ],
)
def test_what_cannot_be_added(db: None, values: Any, code: str, field: str) -> None:
    with pytest.raises(WorkshopError) as refusal:
        added(**values)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not WebhookEndpoint.objects.exists()
    assert not Event.objects.filter(kind__startswith="webhook.").exists()


def test_a_change_is_told_with_old_and_new(endpoint: WebhookEndpoint) -> None:
    values = {"url": "https://other.example.com/", "kinds": ["*"], "timeout": 10}
    change_webhook(endpoint_id=endpoint.pk, values=values, actor=OFFICE)
    event = Event.objects.get(kind="webhook.changed")
    assert event.payload["changes"] == {
        "url": ["https://receiver.example.com/…", "https://other.example.com"],
        "kinds": ["receipt.*", "*"],
    }
    with pytest.raises(RuleViolation):
        change_webhook(endpoint_id=endpoint.pk, values={"timeout": 99}, actor=OFFICE)
    assert Event.objects.filter(kind="webhook.changed").count() == 1


def test_for_a_day_both_secrets_sign(endpoint: WebhookEndpoint, time_machine: Any) -> None:
    former = sealing.unseal(endpoint.secret)
    outcome = rotate_secret(endpoint_id=endpoint.pk, actor=OFFICE)
    assert Event.objects.get(kind="webhook.secret_rotated").payload["overlap_hours"] == 24
    lined_up()
    (claimed,) = webhook_queue.claim("test").found
    assert claimed.secrets == (outcome.shown_once["secret"], former)
    webhook_results.record(claimed, DOWN, 0.0)
    time_machine.move_to(clock.now() + timedelta(hours=24, seconds=1), tick=False)
    (claimed,) = webhook_queue.claim("test").found
    assert claimed.secrets == (outcome.shown_once["secret"],)
    assert webhook_cleanup.clean_up(at=clock.now())["secrets"] == 1
    assert WebhookEndpoint.objects.get().previous_secret == ""


def test_a_new_key_of_the_settings_seals_anew(endpoint: WebhookEndpoint, settings: Any) -> None:
    secret = sealing.unseal(endpoint.secret)
    settings.WEBHOOK_SECRET_KEY = "a key of its own, long enough for it"
    with pytest.raises(sealing.SecretLost):
        sealing.unseal(endpoint.secret)
    settings.WEBHOOK_SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    assert webhook_cleanup.clean_up(at=clock.now())["secrets"] == 1
    settings.WEBHOOK_SECRET_KEY_FALLBACKS = []
    endpoint.refresh_from_db()
    assert sealing.unseal(endpoint.secret) == secret


def test_paused_lines_up_and_off_does_not(endpoint: WebhookEndpoint) -> None:
    pause_webhook(endpoint_id=endpoint.pk, reason="moving", actor=OFFICE)
    assert pause_webhook(endpoint_id=endpoint.pk, actor=OFFICE).already is not None
    (waiting,) = lined_up()
    assert not webhook_queue.claim("test").found
    with pytest.raises(RuleViolation) as refusal:
        send_test(endpoint_id=endpoint.pk, actor=OFFICE)
    assert refusal.value.code == "integrations.webhook_stands"
    resume_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    answered(DOWN)
    switch_off_webhook(endpoint_id=endpoint.pk, reason="sold", actor=OFFICE)
    waiting.refresh_from_db()
    assert waiting.state == WebhookDelivery.DISCARDED
    register_receipt(number="W-after", actor=OFFICE)
    relay_outbox()
    assert WebhookDelivery.objects.count() == 1
    for service in (pause_webhook, resume_webhook, send_test, replay_dead):
        with pytest.raises(RuleViolation):
            service(endpoint_id=endpoint.pk, actor=OFFICE)
    switch_on_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    kinds = Event.objects.filter(stream=endpoint.stream).values_list("kind", flat=True)
    assert [kind.removeprefix("webhook.") for kind in kinds.order_by("sequence")] == [
        "added",
        "paused",
        "resumed",
        "switched_off",
        "switched_on",
    ]


def test_a_test_message_goes_to_its_own_endpoint_alone(endpoint: WebhookEndpoint) -> None:
    other = added(kinds=["*"]).object
    delivery = send_test(endpoint_id=endpoint.pk, actor=OFFICE).object
    relay_outbox()
    sent = WebhookDelivery.objects.filter(kind__startswith="webhook.")
    assert [row.pk for row in sent] == [delivery.pk]
    assert not WebhookDelivery.objects.filter(endpoint=other, kind="webhook.test").exists()


def test_given_up_and_sent_again(endpoint: WebhookEndpoint, time_machine: Any) -> None:
    first, second = lined_up(2)
    answered(GONE)
    for row in (first, second):
        row.refresh_from_db()
    # Both left together; the second one's 410 came when nothing was to be sent any more.
    assert {first.state, second.state} == {WebhookDelivery.DEAD}
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.stopped_why) == (False, WebhookEndpoint.GONE)
    assert Event.objects.filter(kind="webhook.switched_off").count() == 1
    switch_on_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    assert replay_dead(endpoint_id=endpoint.pk, actor=OFFICE).extra == {"count": 2}
    answered(OK)
    body, message = first.body, first.message_id
    first.refresh_from_db()
    assert (first.state, first.attempts) == (WebhookDelivery.DONE, 1)
    replay(delivery_id=first.pk, actor=OFFICE)
    (again,) = webhook_queue.claim("test").found
    assert (again.body, again.message_id) == (body, message)


def test_a_discarded_message_frees_the_next_of_its_receipt(endpoint: WebhookEndpoint) -> None:
    from receipts.services.deadlines import change_deadline

    (first,) = lined_up()
    receipt_id = int(first.stream.partition(":")[2])
    answered(DOWN)
    change_deadline(receipt_id=receipt_id, deadline=clock.now() + timedelta(days=9), actor=OFFICE)
    relay_outbox()
    answered(DOWN)
    assert not webhook_queue.claim("test").found
    replay(delivery_id=first.pk, actor=OFFICE)
    answered(DOWN)
    discard(delivery_id=first.pk, reason="a mistake", actor=OFFICE)
    assert Event.objects.get(kind="webhook.discarded").payload["reason"] == "a mistake"
    (claimed,) = webhook_queue.claim("test").found
    assert claimed.pk != first.pk
    with pytest.raises(RuleViolation) as refusal:
        discard(delivery_id=claimed.pk, actor=OFFICE)
    assert refusal.value.code == "integrations.delivery_on_its_way"


def test_a_program_has_its_own_and_no_other(endpoint: WebhookEndpoint) -> None:
    till = program(scopes.WEBHOOKS_MANAGE, scopes.HISTORY_READ)
    with pytest.raises(NotAllowed):
        added(actor=program(scopes.WEBHOOKS_MANAGE))
    with pytest.raises(NotAllowed):
        added(actor=program(scopes.RECEIPTS_MANAGE, scopes.HISTORY_READ, scopes.RECEIPTS_READ))
    with pytest.raises(NotFound):
        pause_webhook(endpoint_id=endpoint.pk, actor=till)
    own = added(actor=till, client_id=999).object
    assert own.client_id == till.id
    assert len(lined_up()) == 2
    # It loses the right to read the history: nothing lines up for it any more.
    ApiClient.objects.filter(pk=till.id).update(scopes=[scopes.WEBHOOKS_MANAGE])
    register_receipt(number="W-later", actor=OFFICE)
    relay_outbox()
    assert own.deliveries.count() == 1
    ApiClient.objects.filter(pk=till.id).update(active=False)
    assert {one.endpoint_id for one in webhook_queue.claim("test").found} == {endpoint.pk}


def test_silent_events_are_told_to_nobody(endpoint: WebhookEndpoint) -> None:
    register_receipt(number="W-silent", actor=system_actor("import", silent=True))
    assert relay_outbox() == 1  # of the endpoint itself
    assert not WebhookDelivery.objects.exists()


def test_what_is_over_is_forgotten_and_what_waits_stays(
    endpoint: WebhookEndpoint, time_machine: Any
) -> None:
    lined_up(3)
    answered(OK)
    lined = WebhookDelivery.objects.order_by("pk")
    WebhookDelivery.objects.filter(pk=lined[1].pk).update(state=WebhookDelivery.DEAD)
    replay(delivery_id=lined[2].pk, actor=OFFICE)
    now = clock.now()
    assert webhook_cleanup.clean_up(at=now + timedelta(days=15))["deliveries"] == 1
    assert webhook_cleanup.clean_up(at=now + timedelta(days=91))["deliveries"] == 1
    assert [row.state for row in WebhookDelivery.objects.all()] == [WebhookDelivery.WAITING]
