"""Messages really leave: signed, in order, past slow receivers, again after kills."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from history.models import Event
from history.relay import relay_outbox
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_queue
from integrations.services.webhook_results import record
from integrations.services.webhooks import add_webhook, rotate_secret, switch_off_webhook
from integrations.tests.receiver import OK, Receiver, Reply, Request, receiving
from integrations.webhooks import nudge, sealing, signing
from integrations.webhooks.background import Background
from integrations.webhooks.transport import Answer
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.registration import register_receipt
from workshop.lib import clock
from workshop.lib.actor import system_actor

OFFICE = system_actor("office")


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_ALLOW_HTTP = True


@pytest.fixture
def receiver(transactional_db: None) -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def dispatching(receiver: Receiver) -> Iterator[None]:
    """The thread of a worker, for the length of a test."""
    background = Background()
    background.start()
    yield
    background.stop()
    background.join()


def endpoint(receiver: Receiver, path: str = "/", **values: Any) -> WebhookEndpoint:
    kinds = values.pop("kinds", ["receipt.*"])
    url = receiver.url + path
    return add_webhook(url=url, kinds=kinds, actor=OFFICE, **values).object


def registered(*numbers: str) -> list[Receipt]:
    found = [register_receipt(number=number, actor=OFFICE).object for number in numbers]
    relay_outbox()
    return found


def settled(condition: Callable[[], bool]) -> None:
    """What was answered is written down a moment later."""
    waiter = threading.Event()
    for _try in range(400):
        if condition():
            return
        waiter.wait(0.05)
    raise AssertionError("it did not happen in time")


def all_done() -> bool:
    return not WebhookDelivery.objects.exclude(state=WebhookDelivery.DONE).exists()


def test_a_message_is_what_the_specification_says(receiver: Receiver, dispatching: None) -> None:
    one = endpoint(receiver)
    former = sealing.unseal(one.secret)
    present = rotate_secret(endpoint_id=one.pk, actor=OFFICE).shown_once["secret"]
    (receipt,) = registered("W-Ёж-1")
    request = receiver.next()
    for secret in (former, present):
        assert Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(signing.new_secret()).verify(request.body, request.headers)
    event = Event.objects.get(stream=f"receipt:{receipt.pk}")
    message = json.loads(request.body)
    assert message["type"] == event.kind
    assert message["timestamp"] == clock.iso(event.occurred_at)
    assert message["data"]["payload"] == event.payload
    assert message["data"]["receipt_id"] == receipt.pk
    assert request.headers["content-type"] == "application/json"
    settled(all_done)
    assert WebhookEndpoint.objects.get().last_success_at is not None


def test_each_attempt_sends_the_same_bytes(
    receiver: Receiver, dispatching: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = endpoint(receiver)
    replies: Iterator[Reply] = iter([(500, {}, "Ёж\x00 ".encode() * 900), OK])
    receiver.reply = lambda _request: next(replies)
    registered("W-1")
    first = receiver.next()
    settled(lambda: WebhookAttempt.objects.count() == 1)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == (WebhookDelivery.WAITING, 1)
    genuine = clock.now
    monkeypatch.setattr(clock, "now", lambda: genuine() + timedelta(seconds=7))
    nudge.wake()
    second = receiver.next()
    settled(all_done)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 6
    secret = sealing.unseal(one.secret)
    failed, done = WebhookAttempt.objects.all()
    assert (failed.status, failed.error, len(failed.answer)) == (500, "", 1000)
    assert failed.answer.startswith("Ёж ")
    assert (done.status, done.answer) == (204, "")
    assert Webhook(secret).verify(first.body, first.headers)


def test_a_hanging_receiver_holds_up_nobody_else(receiver: Receiver, dispatching: None) -> None:
    """Eight of its messages hang, of each receipt one; all those of the other one arrive."""
    released = threading.Event()
    order: list[tuple[str, int]] = []
    hanging: list[Request] = []

    def reply(request: Request) -> Reply:
        if request.path == "/slow":
            hanging.append(request)
            released.wait(30)
        data = json.loads(request.body)["data"]
        order.append((f"{request.path} {data['stream']}", data["sequence"]))
        return OK

    receiver.reply = reply
    slow, quick = endpoint(receiver, "/slow", timeout=30), endpoint(receiver, "/quick")
    receipts = registered(*(f"W-{number}" for number in range(12)))
    for receipt in receipts:
        change_deadline(
            receipt_id=receipt.pk, deadline=clock.now() + timedelta(days=9), actor=OFFICE
        )
    relay_outbox()
    mine = WebhookDelivery.objects.filter(endpoint=quick)
    settled(lambda: mine.filter(state=WebhookDelivery.DONE).count() == 24)
    others = WebhookDelivery.objects.filter(endpoint=slow)
    assert Counter(others.values_list("state", flat=True)) == {"sending": 8, "waiting": 16}
    settled(lambda: len(hanging) == webhook_queue.WIDTH)
    released.set()
    settled(all_done)
    assert receiver.most["/slow"] == webhook_queue.WIDTH
    for line in {name for name, _sequence in order}:
        sequences = [sequence for name, sequence in order if name == line]
        assert sequences == sorted(sequences)
    assert len(order) == 48


def test_what_a_killed_process_was_sending_is_free_at_once(receiver: Receiver) -> None:
    """One of another machine is waited for until its claim has run out."""
    endpoint(receiver)
    registered("W-1", "W-2")
    code = "from workshop.lib.process import own_name; print(own_name())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (first,) = webhook_queue.claim(ended.stdout.strip(), most=1).found
    (second,) = webhook_queue.claim("another-machine/b/1/7-7").found
    assert not webhook_queue.claim("here").found
    assert webhook_queue.free_lapsed() == 1
    (again,) = webhook_queue.claim("here").found
    assert (again.pk, again.message_id, again.body) == (first.pk, first.message_id, first.body)
    # The dead one's answer comes late: only the attempt is noted.
    assert not record(first, Answer(status=200), 0.0)
    assert record(again, Answer(status=200), 0.0)
    assert WebhookAttempt.objects.filter(delivery=first.pk).count() == 2
    assert WebhookDelivery.objects.get(pk=second.pk).state == WebhookDelivery.SENDING
    # Its endpoint is switched off, and it never answers: not "being sent" for ever.
    switch_off_webhook(endpoint_id=second.endpoint_id, actor=OFFICE)
    mine = WebhookDelivery.objects.filter(pk=second.pk)
    webhook_queue.free_lapsed()
    assert mine.get().state == WebhookDelivery.SENDING
    mine.update(lease_until=clock.now() - timedelta(minutes=1))
    webhook_queue.free_lapsed()
    assert mine.get().state == WebhookDelivery.DEAD


def test_a_receiver_that_asks_to_wait_is_left_alone(receiver: Receiver) -> None:
    one = endpoint(receiver)
    registered("W-1", "W-2")
    first, _second = webhook_queue.claim("here").found
    record(first, Answer(status=429, retry_after=120), 0.0)
    one.refresh_from_db()
    now = clock.now()
    assert one.closed_until is not None
    assert timedelta(seconds=110) < one.closed_until - now <= timedelta(seconds=120)
    registered("W-3")
    assert not webhook_queue.claim("here").found
    moment = webhook_queue.next_due(now)
    assert moment is not None
    assert moment <= one.closed_until


def test_days_of_failures_pause_it_and_say_so_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = endpoint(receiver)
    registered(*(f"W-{number}" for number in range(9)))
    genuine, passed = clock.now, timedelta()
    monkeypatch.setattr(clock, "now", lambda: genuine() + passed)
    for days in (0, 3, 5):
        passed = timedelta(days=days, minutes=days)
        for claimed in webhook_queue.claim("here").found:
            record(claimed, Answer(error="connect"), 1.0)
    one.refresh_from_db()
    assert (one.is_running, one.stopped_why) == (False, WebhookEndpoint.FAILING)
    event = Event.objects.get(kind="webhook.paused")
    assert event.payload["since"] == clock.iso(one.failing_since)
    assert not webhook_queue.claim("here").found
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"waiting"}
