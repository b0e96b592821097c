"""What came of things, in words: refusals, notices, calls of receivers, leadership."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from botapp.deliverer import _outcome
from botapp.delivery import Result
from history.jobs.scheduler import LeadingScheduler
from history.relay import relay_outbox
from integrations.limits import counter
from integrations.services.webhooks import add_webhook
from integrations.tests.receiver import Receiver, receiving
from integrations.webhooks.background import Background
from receipts.services.registration import register_receipt
from tests.api.callers import make_caller
from tests.faults.setup import wait_until
from tests.metrics.scrape import samples, values
from workshop.celery import app
from workshop.lib import scraping
from workshop.lib.actor import system_actor

OFFICE = system_actor("office")


def told(name: str) -> dict[tuple[str, ...], float]:
    return values(samples(scraping.own()), name)


@pytest.mark.django_db
def test_a_program_that_asks_too_often(settings: Any) -> None:
    counter.cache_clear()
    settings.API_RATE = 2
    shop = make_caller()
    statuses = [shop.get("/receipts/").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert told("limiter_refusals_total") == {("api_client",): 2}
    counter.cache_clear()


@pytest.mark.parametrize(
    ("result", "word"),
    [
        ({"message_id": 5}, "sent"),
        ({"retry": timedelta(seconds=5), "counted": False}, "too_many"),
        ({"retry": timedelta(seconds=5)}, "network"),
        ({"unreachable": True}, "unreachable"),
        ({}, "refused"),
    ],
)
def test_what_became_of_a_notice(result: dict[str, Any], word: str) -> None:
    ready: Any = None
    assert _outcome(Result(ready, **result)) == word


@pytest.fixture
def receiver(transactional_db: None, settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_ALLOW_HTTP = True
    with receiving() as one:
        yield one


@pytest.mark.sqlite
def test_calls_of_receivers(receiver: Receiver) -> None:
    receiver.reply = lambda _request: (503, {}, b"")
    add_webhook(url=receiver.url, kinds=["receipt.*"], actor=OFFICE)
    register_receipt(number="1", actor=OFFICE)
    relay_outbox()
    background = Background()
    background.start()
    receiver.next()
    wait_until(lambda: told("webhook_attempts_total"), 20)
    background.stop()
    background.join()
    assert told("webhook_attempts_total") == {("5xx",): 1}
    assert told("webhook_duration_seconds_count")[()] >= 1


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_who_leads_says_so() -> None:
    scheduler = LeadingScheduler(app=app, lazy=True)
    scheduler._finalize.cancel()  # at the end of the process it would write down once more
    assert scheduler._leads()
    assert told("scheduler_leads") == {(): 1}
    scheduler._step_down()
    assert told("scheduler_leads") == {(): 0}
