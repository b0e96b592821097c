"""Verbs: each through the API, once per key, about the version that was meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from history.models import Command, Event
from integrations import scopes
from receipts.models import (
    HoldReason,
    Operation,
    QualityCheck,
    Receipt,
    RefusalReason,
    ReturnItem,
    WaiverReason,
)
from receipts.states import Status
from tests.api.callers import Caller, make_returned
from tests.api.snapshot import touched
from tests.cast import (
    Cast,
    make_in_work,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from tests.domain.snapshot import everything
from workshop.lib import clock

pytestmark = pytest.mark.django_db
Make = Callable[..., Receipt]


def some(model: Any) -> int:
    return int(model.objects.active().first().pk)


def on_hold(cast: Cast) -> Receipt:
    from receipts.services.flow import hold

    receipt = make_in_work(cast)
    return hold(receipt_id=receipt.pk, reason_id=some(HoldReason), actor=cast.actor("igor")).object


def refused(cast: Cast) -> Receipt:
    from receipts.services.flow import refuse

    receipt = make_receipt(cast)
    return refuse(
        receipt_id=receipt.pk, reason_id=some(RefusalReason), actor=cast.actor("igor")
    ).object


# path, receipt, body, event, status after
VERBS: list[tuple[str, Make, Callable[[Cast], dict[str, Any]], str, str]] = [
    ("facts", make_receipt, lambda _: {"place": "A-7"}, "receipt.facts_changed", "received"),
    ("urgent", make_receipt, lambda _: {"urgent": True}, "receipt.urgency_changed", "received"),
    ("comments", make_receipt, lambda _: {"text": "hello"}, "receipt.comment_added", "received"),
    (
        "renumber", make_receipt, lambda _: {"number": "N-9", "reason": "typo"},
        "receipt.renumbered", "received",
    ),
    ("void", make_receipt, lambda _: {"reason": "mistake"}, "receipt.voided", "received"),
    (
        "deadline", make_receipt,
        lambda _: {"deadline": clock.iso(clock.now() + timedelta(days=2))},
        "receipt.deadline_changed", "received",
    ),
    (
        "assign", make_receipt, lambda cast: {"master_id": cast.maxim.pk},
        "receipt.assigned", "in_work",
    ),
    ("hold", make_in_work, lambda _: {"reason_id": some(HoldReason)}, "receipt.held", "on_hold"),
    ("resume", on_hold, lambda _: {}, "receipt.resumed", "in_work"),
    ("submit", make_in_work, lambda _: {}, "receipt.submitted", "quality_control"),
    ("pass", make_submitted, lambda _: {}, "receipt.passed", "ready"),
    (
        "pass", make_in_work,
        lambda _: {"waivers": [{"type_id": type_id("assembly"), "reason_id": some(WaiverReason)}]},
        "receipt.passed", "ready",
    ),
    (
        "return", make_submitted,
        lambda cast: {
            "items": [
                {
                    "reason_id": reason_id("dirt_inside"),
                    "responsibility": "person",
                    "responsible_id": cast.maxim.pk,
                }
            ],
            "assembler_id": cast.maxim.pk,
            "comment": "dust",
        },
        "receipt.returned", "returned",
    ),
    (
        "rework", make_ready, lambda cast: {"master_id": cast.mark.pk, "reason": "a wish"},
        "receipt.rework_ordered", "in_work",
    ),
    (
        "refuse", make_receipt, lambda _: {"reason_id": some(RefusalReason)},
        "receipt.refused", "refused",
    ),
    ("reopen", refused, lambda _: {"reason": "agreed"}, "receipt.reopened", "received"),
    ("issue", make_ready, lambda _: {"as_taken_in": True}, "receipt.issued", "issued"),
    (
        "void-decision", make_in_work, lambda _: {"reason": "wrong press"},
        "receipt.decision_voided", "received",
    ),
    (
        "operations", make_in_work,
        lambda cast: {"works": [{"type_id": type_id("assembly"), "employee_id": cast.maxim.pk}]},
        "receipt.work_recorded", "in_work",
    ),
    (
        "waivers", make_in_work,
        lambda _: {"type_id": type_id("assembly"), "reason_id": some(WaiverReason)},
        "receipt.work_waived", "in_work",
    ),
    ("test-run", make_submitted, lambda _: {"hours": 24}, "receipt.test_run_started", None),
    (
        "readings", make_submitted,
        lambda _: {"position": "DU", "rate": "4.0", "amplitude": 285, "beat_error": "0.2"},
        "receipt.reading_added", None,
    ),
    ("measurements", make_submitted, lambda _: {"water_bar": "5"}, "receipt.check_measured", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "make", "body", "kind", "status"), VERBS, ids=[f"{v[0]}-{v[3]}" for v in VERBS]
)
class TestEachVerb:
    def test_it_does_what_it_says_and_stands_in_the_history(
        self, shop: Caller, cast: Cast, path: str, make: Make, body: Any, kind: str, status: Any
    ) -> None:
        receipt = make(cast)
        answer = shop.once("key-1", f"/receipts/{receipt.pk}/{path}/", body(cast))
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert told["already"] is None
        assert told["result"]["status"] == (status or receipt.status)
        assert answer["ETag"] == f'"v{told["result"]["version"]}"'
        event = Event.objects.filter(stream=receipt.stream).order_by("-sequence").first()
        assert event is not None
        assert event.kind == kind
        assert (event.channel, event.actor_kind, event.actor_id) == (
            "api",
            "client",
            shop.client.pk,
        )
        assert event.actor_label == "shop"
        assert event.correlation_id

    def test_again_under_its_key_it_is_a_replay(
        self, shop: Caller, cast: Cast, path: str, make: Make, body: Any, kind: str, status: Any
    ) -> None:
        receipt, sent = make(cast), body(cast)
        url = f"/receipts/{receipt.pk}/{path}/"
        first = shop.once("key-1", url, sent)
        events = Event.objects.count()
        again = shop.once("key-1", url, sent)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert again["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first
        assert Event.objects.count() == events

    def test_about_another_version_it_is_refused(
        self, shop: Caller, cast: Cast, path: str, make: Make, body: Any, kind: str, status: Any
    ) -> None:
        receipt = make(cast)
        sent, before = body(cast), everything()
        url = f"/receipts/{receipt.pk}/{path}/"
        answer = shop.post(url, sent, headers={"If-Match": '"v77"'})
        assert (answer.status_code, answer.json()["code"]) == (409, "receipts.changed_meanwhile")
        assert not touched(before)
        same = shop.post(url, sent, headers={"If-Match": f'"v{receipt.version}"'})
        assert same.status_code == 200, same.content

    def test_a_reader_may_not(
        self, caller: Any, cast: Cast, path: str, make: Make, body: Any, kind: str, status: Any
    ) -> None:
        reader = caller("reader", held=(scopes.RECEIPTS_READ,))
        receipt = make(cast)
        answer = reader.post(f"/receipts/{receipt.pk}/{path}/", body(cast))
        assert (answer.status_code, answer.json()["code"]) == (403, "api.scope_missing")

    def test_nothing_is_there(
        self, shop: Caller, cast: Cast, path: str, make: Make, body: Any, kind: str, status: Any
    ) -> None:
        answer = shop.post(f"/receipts/987654/{path}/", body(cast))
        assert answer.status_code == 404


class TestRegister:
    def test_only_the_number_is_needed(self, shop: Caller) -> None:
        answer = shop.post("/receipts/", {"number": " № a-1 "})
        assert answer.status_code == 201
        row = answer.json()["result"]
        assert (row["number"], row["status"], row["version"]) == ("a-1", "received", 1)

    def test_with_everything(self, shop: Caller) -> None:
        body = {
            "number": "A-2",
            "deadline": clock.iso(clock.now() + timedelta(days=3)),
            "urgent": True,
            "facts": {"complaint": "стоит", "links_count": 3, "agreed_price": "12500.00"},
            "customer": {"name": "Иванов", "phone": "8 916 123-45-67"},
            "watch": {"brand": "Omega", "serial": "123"},
        }
        row = shop.post("/receipts/", body).json()["result"]
        assert (row["watch"]["brand"], row["agreed_price"]) == ("Omega", "12500.00")
        assert row["customer_id"]
        again = shop.post(
            "/receipts/",
            {"number": "A-3", "customer_id": row["customer_id"], "watch_id": row["watch"]["id"]},
        )
        assert again.json()["result"]["watch"] == row["watch"]

    def test_a_known_number_names_its_receipt(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast, "A-4")
        answer = shop.post("/receipts/", {"number": "а-4"})  # Cyrillic
        body = answer.json()
        assert (answer.status_code, body["existing_id"]) == (409, receipt.pk)
        assert body["field_errors"]["number"][0]["code"] == body["code"]

    def test_adding_a_customer_is_a_scope_of_its_own(self, caller: Any) -> None:
        writer = caller("writer", held=(scopes.RECEIPTS_WRITE,))
        customer = {"name": "Иванов", "phone": "+79161234567"}
        answer = writer.post("/receipts/", {"number": "A-7", "customer": customer})
        assert (answer.status_code, answer.json()["code"]) == (403, "api.scope_missing")
        assert not Receipt.objects.exists()
        answer = writer.post("/receipts/", {"number": "A-7"})
        assert answer.status_code == 201, answer.json()

    def test_no_personal_data_in_events_and_commands(self, shop: Caller) -> None:
        customer = {"name": "Иванов-Тайный", "phone": "+79161234567", "note": "secretnote"}
        shop.once("k", "/receipts/", {"number": "A-5", "customer": customer})
        kept = [str(event.payload) for event in Event.objects.all()]
        kept += [str(command.result) for command in Command.objects.all()]
        assert not any(
            word in text for text in kept for word in ("Тайный", "9161234567", "secretnote")
        )


class TestKeys:
    def test_another_body_under_the_same_key(self, shop: Caller, cast: Cast) -> None:
        url = f"/receipts/{make_receipt(cast).pk}/comments/"
        assert shop.once("key", url, {"text": "one"}).status_code == 200
        before = everything()
        answer = shop.once("key", url, {"text": "two"})
        assert (answer.status_code, answer.json()["code"]) == (422, "command.key_reused")
        assert not touched(before)

    def test_another_verb_under_the_same_key(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast)
        shop.once("key", f"/receipts/{receipt.pk}/comments/", {"text": "one"})
        answer = shop.once("key", f"/receipts/{receipt.pk}/urgent/", {"urgent": True})
        assert answer.status_code == 422

    def test_keys_of_two_programs_do_not_meet(self, shop: Caller, caller: Any, cast: Cast) -> None:
        url = f"/receipts/{make_receipt(cast).pk}/comments/"
        other = caller("other", employee_id=cast.igor.pk)
        assert shop.once("key", url, {"text": "one"}).status_code == 200
        assert other.once("key", url, {"text": "two"}).status_code == 200

    def test_a_refused_request_may_be_repeated(self, shop: Caller, cast: Cast) -> None:
        url = f"/receipts/{make_in_work(cast).pk}/pass/"
        assert shop.once("key", url).status_code == 422
        assert not Command.objects.filter(key="key").exists()

    def test_a_replay_shows_the_receipt_as_it_is_now(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast)
        url = f"/receipts/{receipt.pk}/urgent/"
        shop.once("key", url, {"urgent": True})
        shop.post(f"/receipts/{receipt.pk}/submit/")
        again = shop.once("key", url, {"urgent": True})
        assert again.json()["result"]["status"] == Status.QUALITY_CONTROL

    def test_a_replay_asks_for_no_version(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast)
        headers = {"Idempotency-Key": "key", "If-Match": '"v1"'}
        url = f"/receipts/{receipt.pk}/submit/"
        assert shop.post(url, headers=headers).status_code == 200
        assert shop.post(url, headers=headers)["Idempotent-Replayed"] == "true"

    @pytest.mark.parametrize("key", ["", "x" * 129, "with blank", "ключ"])
    def test_keys_of_another_form(self, shop: Caller, cast: Cast, key: str) -> None:
        answer = shop.once(key, f"/receipts/{make_receipt(cast).pk}/submit/")
        assert (answer.status_code, list(answer.json()["field_errors"])) == (
            400,
            ["Idempotency-Key"],
        )

    @pytest.mark.parametrize("tag", ["", "v1", '"1"', '"v-1"', '"v99999999999"', "x", '""'])
    def test_versions_of_another_form(self, shop: Caller, cast: Cast, tag: str) -> None:
        url = f"/receipts/{make_receipt(cast).pk}/submit/"
        before = everything()
        assert shop.post(url, headers={"If-Match": tag}).status_code == (409 if '"' in tag else 400)
        assert not touched(before)

    def test_one_of_several_versions_is_enough(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast)
        url = f"/receipts/{receipt.pk}/submit/"
        for tags, status in (('"v7", "x"', 409), ('"v7" "v1"', 400), ('"v1",', 400)):
            assert shop.post(url, headers={"If-Match": tags}).status_code == status
        own = f'"a,b" ,\t"v{receipt.version}"'
        assert shop.post(url, headers={"If-Match": own}).status_code == 200


class TestAlready:
    def test_who_was_faster_is_told(self, shop: Caller, cast: Cast) -> None:
        receipt = make_submitted(cast)
        answer = shop.post(f"/receipts/{receipt.pk}/submit/")
        assert answer.status_code == 200
        assert answer.json()["already"]["who"] == cast.igor.short_name
        receipt.refresh_from_db()
        assert answer.json()["result"]["version"] == receipt.version

    def test_what_is_impossible_lists_what_is_possible(self, shop: Caller, cast: Cast) -> None:
        answer = shop.post(f"/receipts/{make_receipt(cast).pk}/issue/", {"as_taken_in": True})
        body = answer.json()
        assert (answer.status_code, body["code"]) == (409, "receipts.impossible_now")
        assert "assign" in body["allowed"]

    def test_a_warning(self, shop: Caller, cast: Cast) -> None:
        url = f"/receipts/{make_in_work(cast).pk}/operations/"
        work = {"type_id": type_id("assembly"), "employee_id": cast.igor.pk}
        assert shop.post(url, {"works": [work]}).json()["warnings"] == ["employee.skill_missing"]


class TestInspector:
    @pytest.mark.parametrize("verb", ["pass", "return"])
    def test_verbs_that_name_an_inspector_need_one(
        self, caller: Any, cast: Cast, verb: str
    ) -> None:
        unbound = caller("unbound", held=(scopes.RECEIPTS_WRITE,))
        receipt = make_submitted(cast)
        body = {"items": [{"reason_id": reason_id("dirt_inside")}]} if verb == "return" else {}
        answer = unbound.post(f"/receipts/{receipt.pk}/{verb}/", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "api.employee_missing")

    def test_the_check_is_decided_by_the_employee_behind(self, shop: Caller, cast: Cast) -> None:
        receipt = make_submitted(cast)
        shop.post(f"/receipts/{receipt.pk}/pass/")
        assert QualityCheck.objects.get(receipt=receipt).decided_by == cast.igor

    def test_managing_needs_a_scope(self, caller: Any, cast: Cast) -> None:
        writer = caller("writer", held=(scopes.RECEIPTS_WRITE,), employee_id=cast.igor.pk)
        answer = writer.post(f"/receipts/{make_receipt(cast).pk}/void/", {"reason": "x"})
        assert answer.status_code == 403

    def test_the_responsible_is_changed(self, shop: Caller, cast: Cast) -> None:
        receipt = make_returned(cast)
        item = ReturnItem.objects.get(return_case__receipt=receipt)
        url = f"/receipts/{receipt.pk}/return-items/{item.pk}/responsible/"
        body = {"responsibility": "not_ours", "cause": "wear", "reason": "old part"}
        assert shop.post(url, body).status_code == 200
        item.refresh_from_db()
        assert (item.responsibility, item.cause) == ("not_ours", "wear")

    def test_a_work_is_voided(self, shop: Caller, cast: Cast) -> None:
        receipt = make_worked(cast)
        work = Operation.objects.get(receipt=receipt)
        url = f"/receipts/{receipt.pk}/operations/{work.pk}/void/"
        assert shop.post(url, {"reason": "wrong person"}).status_code == 200
        work.refresh_from_db()
        assert work.is_void
