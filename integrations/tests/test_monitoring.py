"""The numbers of the integrations: queues of webhooks, clients, imports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from analytics.monitoring.sources import read_all
from integrations import monitoring
from integrations.models import ApiClient, ApiKey, DataJob, Import, WebhookDelivery
from integrations.services.clients import add_client
from integrations.services.webhook_messages import replay
from integrations.services.webhooks import pause_webhook, resume_webhook, switch_off_webhook
from integrations.tests.test_webhooks import GONE, OFFICE, added, answered, lined_up
from workshop.lib import clock

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def numbers(at: Any = None) -> dict[str, Any]:
    reading = read_all(at=at or clock.now())
    assert reading.failed == ()
    return reading.numbers


def webhooks(at: Any = None) -> list[Any]:
    names = ("webhook_waiting", "webhook_lag", "webhook_dead", "webhook_paused")
    found = numbers(at)
    return [found[name] for name in names]


def test_what_waits_for_a_webhook_that_runs() -> None:
    endpoint = added().object
    rows = lined_up(3)
    oldest = min(row.created_at for row in rows)
    assert webhooks(oldest + 5 * MINUTE) == [3, 300, 0, 0]
    pause_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    assert webhooks(oldest + 5 * MINUTE) == [0, 0, 0, 1]
    resume_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    assert webhooks(oldest - MINUTE) == [3, 0, 0, 0]
    switch_off_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    assert webhooks() == [0, 0, 0, 0]


def test_a_webhook_stopped_by_its_receiver_stands() -> None:
    added()
    lined_up()
    answered(GONE)
    assert webhooks()[3] == 1


def test_given_up_lately_until_somebody_sends_them_again() -> None:
    endpoint = added().object
    rows = lined_up(3)
    for row, hours in zip(rows, (1, 23, 25), strict=True):
        ended = clock.now() - timedelta(hours=hours)
        WebhookDelivery.objects.filter(pk=row.pk).update(state=WebhookDelivery.DEAD, ended_at=ended)
    assert webhooks()[2] == 2
    replay(delivery_id=rows[0].pk, actor=OFFICE)
    assert webhooks()[2] == 1
    switch_off_webhook(endpoint_id=endpoint.pk, actor=OFFICE)
    assert webhooks()[2] == 0


def test_the_count_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    added()
    lined_up(3)
    monkeypatch.setattr(monitoring, "MOST", 2)
    assert webhooks()[0] == 2


def test_clients_in_all_switched_on_and_seen() -> None:
    for name in ("till", "site", "old"):
        add_client(name=name, scopes=("receipts:read",), actor=OFFICE)
    ApiClient.objects.filter(name="old").update(active=False)
    now = clock.now()
    for number, (name, used) in enumerate((("till", 1), ("till", 2), ("site", 30))):
        client = ApiClient.objects.get(name=name)
        ApiKey.objects.create(
            client=client, prefix=f"p{number}", digest="x", last_used_at=now - used * 60 * MINUTE
        )
    found = numbers(now)
    names = ("api_clients", "api_clients_active", "api_clients_seen")
    assert [found[name] for name in names] == [3, 2, 1]


def test_the_last_import_and_what_is_under_way() -> None:
    now = clock.now()
    common = {"kind": "import", "asked_kind": "user", "asked_label": "A", "channel": "admin"}

    def job(state: str, hours: float) -> DataJob:
        ended = now - timedelta(hours=hours) if state in {"done", "failed"} else None
        row: DataJob = DataJob.objects.create(state=state, ended_at=ended, **common)
        return row

    def run(state: str, hours: float = 0) -> None:
        Import.objects.create(
            subject="receipts",
            file_name="a.xlsx",
            sha256="x",
            check_job=job("done", hours),
            run_job=job(state, hours),
            asked_kind="user",
            asked_label="A",
            expires_at=now,
        )

    assert numbers(now)["last_import_age"] is None
    run("done", 9.5)
    run("failed", 1)
    run("running")
    job("waiting", 0)
    found = numbers(now)
    assert (found["last_import_age"], found["data_jobs_waiting"]) == (9.5, 2)
