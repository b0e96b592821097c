"""Webhooks in the office: from the form to a delivery, and what is done when a receiver fails."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history.models import Event
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.services.webhook_queue import delivery_of
from tests.cast import Cast, make_receipt
from tests.office.forms import errors, press, shown
from workshop.lib import clock

pytestmark = pytest.mark.django_db
ADD = "/admin/integrations/webhookendpoint/add/"
LIST = "/admin/integrations/webhookendpoint/"
MESSAGES = "/admin/integrations/webhookdelivery/"
URL = "https://erp.example.com/hooks/k7Qz?token=9Xv2"


def verb(row: WebhookEndpoint | WebhookDelivery, slug: str) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_verb", args=[row.pk, slug])


def page(row: WebhookEndpoint | WebhookDelivery) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk])


def secret_of(answer: HttpResponse) -> str:
    found = re.search(r'office-secret">([^<]+)<', answer.content.decode())
    assert found is not None
    return found[1]


def typed(office: Client, address: str, **values: object) -> HttpResponse:
    """:func:`press` for a form that has a field ``url``."""
    data = shown(office, address) | values
    answer: HttpResponse = office.post(address, data)
    return answer


def lay(erp: WebhookEndpoint, count: int, state: str = WebhookDelivery.WAITING) -> None:
    """Messages about receipts, each tried once in vain."""
    known = WebhookDelivery.objects.values("event_id")
    events = Event.objects.filter(stream__startswith="receipt:").exclude(pk__in=known)[:count]
    for event in events:
        row = delivery_of(event, erp.pk, clock.now())
        row.state, row.attempts = state, 1
        row.save()
        WebhookAttempt.objects.create(
            delivery=row, status=503, milliseconds=12, answer="<b>busy</b>"
        )


@pytest.fixture
def erp(manager: Client, cast: Cast) -> WebhookEndpoint:
    answer = typed(
        manager, ADD, url=URL, description="ERP", groups=["receipt.*"], singles=["batch.closed"]
    )
    assert secret_of(answer).startswith("whsec_")
    return WebhookEndpoint.objects.get()


def test_added_changed_and_the_secret_is_seen_once(manager: Client, erp: WebhookEndpoint) -> None:
    assert (erp.url, erp.kinds, erp.timeout) == (URL, ["receipt.*", "batch.closed"], 10)
    assert Event.objects.filter(kind="webhook.added", channel="admin").count() == 1
    seen = shown(manager, verb(erp, "change"))
    assert (seen["url"], seen["groups"], seen["singles"]) == (URL, ["receipt.*"], ["batch.closed"])
    press(manager, verb(erp, "change"), timeout="5", groups=["*"], singles=[])
    erp.refresh_from_db()
    assert (erp.kinds, erp.timeout, erp.url) == (["*"], 5, URL)
    answer = press(manager, verb(erp, "rotate"), overlap_hours="24")
    assert "no-store" in answer["Cache-Control"]
    assert secret_of(answer) not in manager.get(page(erp)).content.decode()
    erp.refresh_from_db()
    assert erp.has_previous(clock.now())


def test_what_a_program_asked_for_is_kept(manager: Client, erp: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.update(kinds=["receipt.*", "receipt.passed", "gone.kind"])
    seen = shown(manager, verb(erp, "change"))
    assert seen["singles"] == ["receipt.passed", "gone.kind"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": "http://erp.example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://erp.example.com/\x00"}, "url"),
        ({"url": ""}, "url"),
        ({"groups": [], "singles": []}, "groups"),
        ({"singles": ["receipt.nothing"]}, "singles"),
        ({"timeout": "31"}, "timeout"),
        ({"description": "x" * 201}, "description"),
        ({"client": "9"}, "client"),
    ],
)
def test_bad_values_stay_on_the_form(
    manager: Client, values: dict[str, object], field: str
) -> None:
    answer = typed(manager, ADD, **{"url": URL, "groups": ["*"]} | values)
    assert list(errors(answer)) == [field]
    assert WebhookEndpoint.objects.count() == 0


def test_paused_resumed_off_and_on(manager: Client, erp: WebhookEndpoint) -> None:
    lay_one = "Уже сделано"
    for slug, running in (("pause", False), ("resume", True), ("off", False), ("on", True)):
        offered = manager.get(page(erp)).content.decode()
        assert verb(erp, slug) in offered
        assert press(manager, verb(erp, slug)).status_code == 302
        erp.refresh_from_db()
        assert erp.is_running is running
    again = press(manager, verb(erp, "on"))
    assert lay_one in manager.get(again["Location"]).content.decode()


def test_a_test_message_waits_for_the_dispatcher(manager: Client, erp: WebhookEndpoint) -> None:
    press(manager, verb(erp, "test"))
    row = WebhookDelivery.objects.get()
    assert (row.kind, row.state) == ("webhook.test", WebhookDelivery.WAITING)
    assert page(row) in manager.get(page(erp)).content.decode()


def test_given_up_and_sent_again(manager: Client, erp: WebhookEndpoint, cast: Cast) -> None:
    for number in range(3):
        make_receipt(cast, f"№ {number}")
    lay(erp, 3, WebhookDelivery.DEAD)
    row = WebhookDelivery.objects.earliest("pk")
    told = manager.get(page(row)).content.decode()
    assert "&lt;b&gt;busy" in told
    assert "503" in told
    press(manager, verb(row, "replay"))
    row.refresh_from_db()
    assert (row.state, row.attempts) == (WebhookDelivery.WAITING, 0)
    press(manager, verb(row, "discard"), reason="not needed")
    row.refresh_from_db()
    assert row.state == WebhookDelivery.DISCARDED
    press(manager, verb(erp, "replay"))
    assert WebhookDelivery.objects.filter(state=WebhookDelivery.WAITING).count() == 2
    assert "replay" not in str(manager.get(page(erp)).context["buttons"])


def test_lists_cost_the_same_for_many_rows(
    manager: Client, erp: WebhookEndpoint, cast: Cast
) -> None:
    counts = []
    for number in range(30):
        make_receipt(cast, f"№ {number}")
    for extra in (3, 25):
        lay(erp, extra)
        found = []
        for address in (LIST, MESSAGES, page(erp), f"{MESSAGES}?endpoint={erp.pk}"):
            manager.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert manager.get(address).status_code == 200
            found.append(len(queries))
        counts.append(found)
    assert counts[0] == counts[1], counts
    assert max(counts[0]) <= 20
    listed = manager.get(MESSAGES, {"state__exact": WebhookDelivery.DEAD})
    assert listed.context["cl"].result_count == 0
    assert manager.get(MESSAGES, {"endpoint": "9" * 30}).status_code == 200


def test_the_owner_sees_no_secret_path_and_does_nothing(
    owner: Client, manager: Client, erp: WebhookEndpoint
) -> None:
    press(manager, verb(erp, "test"))
    row = WebhookDelivery.objects.get()
    told = owner.get(page(erp)).content.decode()
    assert "https://erp.example.com/…" in told
    assert "9Xv2" not in told
    assert URL in manager.get(page(erp)).content.decode().replace("&amp;", "&")
    for slug in ("change", "test", "pause", "resume", "replay", "rotate", "off", "on"):
        assert owner.get(verb(erp, slug)).status_code == 403
        assert owner.post(verb(erp, slug)).status_code == 403
    for slug in ("replay", "discard"):
        assert owner.post(verb(row, slug)).status_code == 403
    assert owner.get(ADD).status_code == 403
    assert owner.get(page(row)).status_code == 200
