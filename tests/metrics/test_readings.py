"""What stands in the database is told rightly, and by as many queries however much there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from botapp import inbox
from botapp.models import InboundUpdate, OutgoingMessage
from botapp.transport.port import Arrived
from history import lease
from history.jobs.declaring import declared_jobs
from history.jobs.running import run_due
from history.models import Job
from history.relay import relay_outbox
from integrations.models import DataJob, WebhookDelivery
from integrations.services.webhooks import add_webhook, pause_webhook
from receipts.services.facts import add_comment
from tests.cast import Cast, make_cast, make_in_work, make_receipt
from workshop.lib import clock, scraping
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
OFFICE = system_actor("office")


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def read() -> dict[tuple[str, ...], float]:
    """All readings by name (without the common beginning) and labels."""
    return {
        (one.gauge.name.removeprefix("repassage_"), *one.labels): one.value
        for one in scraping.look()
    }


def test_receipts_stand_where_they_stand(cast: Cast) -> None:
    before = read()
    make_receipt(cast)
    make_in_work(cast)
    make_in_work(cast)
    now = read()
    assert now[("receipts", "received")] == before[("receipts", "received")] + 1
    assert now[("receipts", "in_work")] == before[("receipts", "in_work")] + 2
    assert ("receipts", "issued") not in now  # they grow without end


def test_events_wait_until_they_are_passed_on(cast: Cast) -> None:
    relay_outbox()
    receipt = make_receipt(cast)
    add_comment(receipt_id=receipt.pk, text="later", actor=cast.actor("igor"))
    with time_machine.travel(clock.now() + timedelta(minutes=7), tick=False):
        now = read()
        assert now[("queue_depth", "outbox")] > 1
        assert now[("queue_oldest_age_seconds", "outbox")] == pytest.approx(420, abs=5)
        relay_outbox()
        now = read()
    assert now[("queue_depth", "outbox")] == now[("queue_oldest_age_seconds", "outbox")] == 0


def test_updates_wait_until_they_are_done() -> None:
    inbox.store(1, [Arrived(n, 5, 5, "{}") for n in range(1, 4)])
    InboundUpdate.objects.filter(update_id=1).update(state=InboundUpdate.FAILED)
    now = read()
    assert now[("queue_depth", "inbox")] == 2
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        assert read()[("queue_oldest_age_seconds", "inbox")] >= 3_600


def test_a_notice_that_is_to_come_later_does_not_wait(cast: Cast) -> None:
    make_in_work(cast)
    relay_outbox()
    rows = OutgoingMessage.objects.all()
    assert rows.update(due_at=clock.now() + timedelta(minutes=5))
    assert read()[("queue_depth", "notices")] == 0
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        assert read()[("queue_depth", "notices")] == rows.count()
        assert 50 < read()[("queue_oldest_age_seconds", "notices")] < 70


def test_messages_to_a_paused_receiver_wait_rightly(cast: Cast) -> None:
    endpoint: Any = add_webhook(
        url="https://erp.example.org/hook", kinds=["receipt.*"], actor=OFFICE
    ).object
    make_receipt(cast)
    relay_outbox()
    assert WebhookDelivery.objects.exists()
    assert read()[("queue_depth", "webhooks")] == WebhookDelivery.objects.count()
    pause_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    assert read()[("queue_depth", "webhooks")] == 0
    WebhookDelivery.objects.update(state=WebhookDelivery.DEAD)
    assert read()[("messages_given_up", "webhooks")] == WebhookDelivery.objects.count()


def test_long_work_waits_for_a_worker() -> None:
    DataJob.objects.create(kind="export", subject="receipts", asked_kind="user", asked_label="A")
    assert read()[("queue_depth", "data_jobs")] == 1


def test_signs_of_life_by_program() -> None:
    lease.beat("runbot", "here/1-1")
    lease.beat("telegram-polling:4711", "here/1-1")
    lease.beat("telegram-polling:4712", "here/2-2")
    ages = {key[1]: value for key, value in read().items() if key[0] == "heartbeat_age_seconds"}
    assert set(ages) == {"runbot", "telegram-polling"}  # the number of a bot is not told
    assert all(0 <= age < 30 for age in ages.values())


def test_a_job_that_is_not_run_is_overdue() -> None:
    """From the first slot that was missed, however often there was another one since."""
    name = "history.sweep_outbox"  # every five seconds
    declared = declared_jobs()[name]
    run_due(declared)
    assert read()[("job_overdue_seconds", name)] <= 5
    with time_machine.travel(clock.now() + timedelta(minutes=20)):
        assert read()[("job_overdue_seconds", name)] > 1_100
        Job.objects.filter(name=name).update(running_until=clock.now() + timedelta(minutes=1))
        assert read()[("job_overdue_seconds", name)] == 0  # it is being run
    Job.objects.filter(name=name).update(failures=3)
    assert read()[("job_failures_in_a_row", name)] == 3


def test_as_many_queries_however_much_there_is(cast: Cast) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        scraping.look()
    add_webhook(url="https://erp.example.org/hook", kinds=["*"], actor=OFFICE)
    for _ in range(12):
        make_in_work(cast)
    relay_outbox()
    inbox.store(1, [Arrived(n, n, n, "{}") for n in range(1, 40)])
    with CaptureQueriesContext(connection) as many:
        scraping.look()
    assert len(many) == len(few) <= 20
