"""Webhooks through the API: a program's own receivers, their messages, sending again."""

from __future__ import annotations

from typing import Any

import pytest

from history.models import Event
from integrations import scopes
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.services.webhook_queue import delivery_of
from integrations.services.webhooks import add_webhook
from tests.api.callers import SYSTEM, Caller
from tests.cast import Cast, make_receipt
from workshop.lib import clock

pytestmark = pytest.mark.django_db
URL = "https://erp.example.com/hook"
NEW = {"url": URL, "kinds": ["receipt.*"], "description": "ERP"}


@pytest.fixture
def erp(shop: Caller) -> int:
    answer = shop.post("/webhooks/", NEW)
    assert answer.status_code == 201, answer.content
    found: int = answer.json()["result"]["id"]
    return found


def lay(pk: int, cast: Cast, state: str, number: str = "№ 5") -> int:
    event = Event.objects.get(stream=make_receipt(cast, number).stream, sequence=1)
    row = delivery_of(event, pk, clock.now())
    row.state, row.attempts = state, 1
    row.save()
    WebhookAttempt.objects.create(delivery=row, status=500, milliseconds=7, answer="oops")
    return row.pk


def test_added_once_and_the_secret_is_in_the_first_answer_alone(shop: Caller) -> None:
    first = shop.once("w", "/webhooks/", NEW)
    again = shop.once("w", "/webhooks/", NEW)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["secret"].startswith("whsec_")
    assert "secret" not in again.json()
    assert again["Idempotent-Replayed"] == "true"
    row = WebhookEndpoint.objects.get()
    assert (row.client_id, row.kinds, row.timeout) == (shop.client.pk, ["receipt.*"], 10)
    shown = shop.get(f"/webhooks/{row.pk}/", expand="standing")
    assert shown.json()["standing"] == {
        "running": True,
        "last_success_at": None,
        "failing_since": None,
        "closed_until": None,
        "waiting": 0,
        "dead": 0,
    }
    assert "secret" not in shown.content.decode()
    assert [one["id"] for one in shop.get("/webhooks/").json()["results"]] == [row.pk]
    added = Event.objects.get(kind="webhook.added")
    assert (added.channel, added.actor_label, URL in str(added.payload)) == ("api", "shop", False)


@pytest.mark.parametrize(
    ("values", "status", "field"),
    [
        ({"url": "https://169.254.169.254/"}, 422, "url"),
        ({"url": "http://erp.example.com/"}, 422, "url"),
        ({"url": ""}, 400, "url"),
        ({"kinds": []}, 400, "kinds"),
        ({"kinds": ["receipt.nothing"]}, 422, "kinds"),
        ({"kinds": "receipt.*"}, 400, "kinds"),
        ({"timeout": 31}, 422, "timeout"),
        ({"timeout": 10**30}, 422, "timeout"),
        ({"description": "x" * 201}, 422, "description"),
        ({"description": 5}, 400, "description"),
        ({"secret": "mine"}, 400, "secret"),
    ],
)
def test_what_is_refused_is_refused_at_its_field(
    shop: Caller, values: dict[str, Any], status: int, field: str
) -> None:
    answer = shop.post("/webhooks/", NEW | values)
    assert (answer.status_code, list(answer.json()["field_errors"])) == (status, [field])
    assert not WebhookEndpoint.objects.exists()


def test_changed_if_it_is_as_it_was_read(shop: Caller, erp: int) -> None:
    tag = shop.get(f"/webhooks/{erp}/")["ETag"]
    path = f"/webhooks/{erp}/change/"
    done = shop.post(path, {"kinds": ["*"]}, headers={"If-Match": tag})
    assert done.json()["result"]["kinds"] == ["*"]
    assert done["ETag"] == shop.get(f"/webhooks/{erp}/")["ETag"]
    stale = shop.post(path, {"kinds": ["batch.*"]}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (409, "api.changed_meanwhile")
    assert shop.post(path, {"url": "https://10.1.1.1/"}).status_code == 422
    assert WebhookEndpoint.objects.get().kinds == ["*"]


def test_paused_resumed_off_on_and_another_secret(shop: Caller, erp: int) -> None:
    def run(verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = shop.post(f"/webhooks/{erp}/{verb}/", body)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    assert run("pause", {"reason": "moving"})["result"]["paused_at"]
    assert run("pause")["already"]["who"] == "shop"
    assert shop.post(f"/webhooks/{erp}/test/").json()["code"] == "integrations.webhook_stands"
    assert run("resume")["result"]["paused_at"] is None
    turned = run("rotate-secret", {"overlap_hours": 2})
    assert turned["secret"].startswith("whsec_")
    assert turned["result"]["previous_until"]
    assert run("switch-off")["result"]["active"] is False
    assert shop.post(f"/webhooks/{erp}/pause/").json()["code"] == "integrations.webhook_off"
    assert run("switch-on")["result"]["active"] is True


def test_a_test_message(shop: Caller, erp: int) -> None:
    made = shop.once("t", f"/webhooks/{erp}/test/")
    assert made.status_code == 201
    row = made.json()["result"]
    assert (row["kind"], row["webhook_id"], row["state"]) == ("webhook.test", erp, "waiting")
    assert shop.once("t", f"/webhooks/{erp}/test/").json()["result"]["id"] == row["id"]
    assert WebhookDelivery.objects.count() == 1


def test_messages_with_their_attempts_and_again(shop: Caller, erp: int, cast: Cast) -> None:
    dead = lay(erp, cast, WebhookDelivery.DEAD)
    listed = shop.get("/webhooks/deliveries/", state="dead", expand="tries,body", webhook=erp)
    (row,) = listed.json()["results"]
    assert row["id"] == dead
    (made,) = row["tries"]
    assert (made["status"], made["milliseconds"], made["answer"]) == (500, 7, "oops")
    assert '"type":"receipt.registered"' in row["body"]
    receipt = int(row["stream"].removeprefix("receipt:"))
    assert shop.get("/webhooks/deliveries/", receipt=receipt + 1).json()["results"] == []
    again = shop.post(f"/webhooks/deliveries/{dead}/replay/")
    assert (again.json()["result"]["state"], again.json()["result"]["attempts"]) == ("waiting", 0)
    tag = again["ETag"]
    path = f"/webhooks/deliveries/{dead}/discard/"
    assert shop.post(path, headers={"If-Match": '"old"'}).status_code == 409
    gone = shop.post(path, {"reason": "not needed"}, headers={"If-Match": tag})
    assert gone.json()["result"]["state"] == "discarded"
    lay(erp, cast, WebhookDelivery.DEAD, "№ 6")
    lay(erp, cast, WebhookDelivery.DEAD, "№ 7")
    all_of_them = shop.post(f"/webhooks/{erp}/replay-dead/")
    assert all_of_them.json()["result"]["count"] == 2
    assert shop.get(f"/webhooks/{erp}/", expand="standing").json()["standing"]["waiting"] == 2


def test_pages_of_messages(shop: Caller, erp: int, cast: Cast) -> None:
    made = [lay(erp, cast, WebhookDelivery.DONE, f"№ {number}") for number in range(3)]
    page = shop.get("/webhooks/deliveries/", limit=2).json()
    rest = shop.get("/webhooks/deliveries/", limit=2, cursor=page["next_cursor"]).json()
    ids = [row["id"] for row in page["results"] + rest["results"]]
    assert ids == sorted(made, reverse=True)


def test_kinds_in_words(shop: Caller) -> None:
    told = shop.get("/webhooks/kinds/", headers={"Accept-Language": "ru"}).json()["results"]
    words = {one["name"]: one["words"] for one in told}
    assert words["receipt.passed"] == "ОТК пройден"
    assert not any(name.startswith("webhook.") for name in words)


def test_a_foreign_one_does_not_exist(shop: Caller, caller: Any, erp: int, cast: Cast) -> None:
    of_office = add_webhook(url=URL, kinds=["*"], actor=SYSTEM).object.pk
    other = caller("other")
    row = lay(erp, cast, WebhookDelivery.DEAD)
    assert other.get("/webhooks/").json()["results"] == []
    assert other.get("/webhooks/deliveries/").json()["results"] == []
    for path in (f"/webhooks/{erp}/", f"/webhooks/{of_office}/", f"/webhooks/deliveries/{row}/"):
        assert other.get(path).status_code == 404
    verbs = ("change", "pause", "resume", "rotate-secret", "test", "replay-dead", "switch-off")
    for pk in (erp, of_office, 10**6):
        for verb in verbs:
            for headers in ({}, {"If-Match": '"x"'}):
                answer = other.post(f"/webhooks/{pk}/{verb}/", headers=headers)
                assert answer.status_code == 404, (pk, verb)
    for verb in ("replay", "discard"):
        assert other.post(f"/webhooks/deliveries/{row}/{verb}/").status_code == 404
    assert not Event.objects.filter(actor_label="other", kind__startswith="webhook.").exists()


def test_scopes(caller: Any, shop: Caller, erp: int) -> None:
    reader = caller("reader", held=(scopes.HISTORY_READ, scopes.RECEIPTS_READ))
    for path in ("/webhooks/", "/webhooks/kinds/", "/webhooks/deliveries/", f"/webhooks/{erp}/"):
        assert reader.get(path).status_code == 403
    # What it would be sent is the history: who may not read that has no webhooks.
    blind = caller("blind", held=(scopes.WEBHOOKS_MANAGE,))
    assert blind.post("/webhooks/", NEW).status_code == 403
