"""Customers, watches, people, catalogues: verbs on rows, their scopes, their ETags."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from history.models import Event
from integrations import scopes
from receipts.models import Customer, HoldReason, OperationType, Receipt, Watch
from staff.models import Employee
from tests.api.callers import Caller
from tests.cast import Cast, make_receipt, type_id
from workshop.lib import clock

pytestmark = pytest.mark.django_db


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


class TestCustomers:
    def test_added_changed_merged_erased(self, shop: Caller, cast: Cast) -> None:
        made = shop.once("c1", "/customers/", {"name": "Иванов", "phone": "8 916 123-45-67"})
        assert made.status_code == 201
        row = made.json()["result"]
        assert (row["phone"], shop.get(f"/customers/{row['id']}/").json()) == ("+79161234567", row)
        assert shop.once("c1", "/customers/", {"name": "Иванов"})["Idempotent-Replayed"] == "true"
        assert Customer.objects.count() == 1

        changed = shop.post(f"/customers/{row['id']}/change/", {"note": "постоянный"})
        assert changed.json()["result"]["note"] == "постоянный"
        receipt = make_receipt(cast)
        attached = shop.post(f"/receipts/{receipt.pk}/attach/", {"customer": {"name": "И. Иванов"}})
        other = attached.json()["result"]["customer_id"]
        merged = shop.post(f"/customers/{row['id']}/merge/", {"merged_id": other})
        assert merged.json()["result"]["id"] == row["id"]
        assert Receipt.objects.get(pk=receipt.pk).customer_id == row["id"]
        refused(
            shop.post(f"/customers/{other}/change/", {"note": "x"}), 422, "receipts.customer_merged"
        )
        erased = shop.post(f"/customers/{row['id']}/erase/").json()["result"]
        assert (erased["name"], erased["phone"], bool(erased["erased_at"])) == ("", "", True)

    def test_a_manager_is_needed_to_merge(self, caller: Any) -> None:
        writer = caller("writer", held=(scopes.CUSTOMERS_WRITE,))
        made = [
            writer.post("/customers/", {"name": name}).json()["result"]["id"] for name in ("A", "B")
        ]
        body = {"merged_id": made[1]}
        refused(writer.post(f"/customers/{made[0]}/merge/", body), 403, "api.scope_missing")
        manager = caller("manager", held=(scopes.RECEIPTS_MANAGE,))
        refused(manager.post(f"/customers/{made[0]}/merge/", body), 403, "api.scope_missing")

    def test_an_old_etag_changes_nothing(self, shop: Caller) -> None:
        made = shop.post("/customers/", {"name": "A"})
        path = f"/customers/{made.json()['result']['id']}/"
        assert shop.get(path)["ETag"] == made["ETag"]
        first = shop.post(f"{path}change/", {"name": "B"}, headers={"If-Match": made["ETag"]})
        assert first.status_code == 200
        late = shop.post(f"{path}change/", {"name": "C"}, headers={"If-Match": made["ETag"]})
        refused(late, 409, "api.changed_meanwhile")
        assert shop.get(path).json()["name"] == "B"
        fresh = {"If-Match": first["ETag"]}
        assert shop.post(f"{path}change/", {"name": "C"}, headers=fresh).status_code == 200

    @pytest.mark.parametrize("what", ["customers", "watches", "employees", "metals", "jobs"])
    def test_one_that_is_not_there(self, shop: Caller, what: str) -> None:
        verb, body = {
            "employees": ("absence", {"absent_until": None}),
            "jobs": ("run", {}),
        }.get(what, ("change", {}))
        for headers in ({}, {"If-Match": '"x"'}):
            answer = shop.post(f"/{what}/999999/{verb}/", body, headers=headers)
            assert answer.status_code == 404, answer.content


class TestWatches:
    def test_added_and_corrected(self, shop: Caller) -> None:
        made = shop.post("/watches/", {"brand": "Omega", "serial": "48 921 077"})
        assert made.status_code == 201
        path = f"/watches/{made.json()['result']['id']}/"
        changed = shop.post(f"{path}change/", {"model": "Seamaster", "water_resistance_bar": "30"})
        assert changed.json()["result"]["model"] == "Seamaster"
        assert shop.get(path).json() == changed.json()["result"]
        assert Watch.objects.count() == 1

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 422),
            ({"brand": "x" * 81}, 422),
            ({"colour": "red"}, 400),
            ({"metal_id": 999999}, 404),
            ({"water_resistance_bar": "1e400"}, 400),
            ({"brand": None}, 400),
        ],
    )
    def test_refusals_add_nothing(self, shop: Caller, body: Any, status: int) -> None:
        assert shop.post("/watches/", body).status_code == status
        assert not Watch.objects.exists()


class TestPeople:
    def test_a_master_from_the_first_day_to_the_last(self, shop: Caller) -> None:
        body = {"full_name": "Сидоров Пётр", "roles": ["master"]}
        made = shop.once("e1", "/employees/", body)
        assert made.status_code == 201
        row = made.json()["result"]
        assert (row["name"], row["is_master"]) == ("Сидоров П.", True)
        path = f"/employees/{row['id']}/"
        day = clock.local(clock.now()).date() + timedelta(days=9)
        absent = shop.post(f"{path}absence/", {"absent_until": str(day)})
        assert absent.json()["result"]["absent_until"] == str(day)
        skills = shop.post(f"{path}skills/", {"type_ids": [type_id("assembly")]})
        assert skills.status_code == 200
        assert OperationType.objects.get(code="assembly").performers.filter(pk=row["id"]).exists()
        muted = shop.post(f"{path}notices/", {"kinds": ["assignment"], "muted": True})
        assert muted.json()["result"]["muted_notices"] == ["assignment"]
        assert (
            shop.post(f"{path}language/", {"language": "en"}).json()["result"]["language"] == "en"
        )
        renamed = shop.post(f"{path}rename/", {"full_name": "Сидоров Пётр Ильич"})
        assert renamed.json()["result"]["full_name"] == "Сидоров Пётр Ильич"
        gone = shop.post(f"{path}active/", {"active": False})
        assert gone.json()["result"]["active"] is False
        again = shop.post(f"{path}active/", {"active": False})
        assert again.json()["already"]["who"] == "shop"
        assert Event.objects.filter(stream=f"employee:{row['id']}", channel="api").count() == 7

    def test_who_is_no_master_needs_a_scope_of_its_own(self, caller: Any, cast: Cast) -> None:
        """Also for a client that is a manager by a scope for something else."""
        writer = caller("w", held=(scopes.STAFF_WRITE, scopes.RECEIPTS_MANAGE))
        body = {"full_name": "Новый Начальник", "roles": ["manager"]}
        refused(writer.post("/employees/", body), 403, "staff.managers_only")
        path = f"/employees/{cast.igor.pk}/"
        refused(writer.post(f"{path}active/", {"active": False}), 403, "staff.managers_only")
        leader = caller("l", held=(scopes.STAFF_WRITE, scopes.STAFF_MANAGE))
        assert leader.post("/employees/", body).status_code == 201
        assert not Employee.objects.filter(pk=cast.igor.pk, active=False).exists()

    def test_nobody_switches_himself_off(self, shop: Caller, cast: Cast) -> None:
        answer = shop.post(f"/employees/{cast.igor.pk}/active/", {"active": False})
        refused(answer, 403, "staff.not_yourself")


class TestCatalogues:
    def test_added_changed_switched_off(self, shop: Caller) -> None:
        body = {"code": "parts-abroad", "name": "Деталь из-за границы", "is_incident": True}
        made = shop.once("h1", "/hold-reasons/", body)
        assert made.status_code == 201
        row = made.json()["result"]
        assert row["is_incident"] is True
        path = f"/hold-reasons/{row['id']}/"
        assert shop.get(path).json() == row
        off = shop.post(f"{path}change/", {"active": False}, headers={"If-Match": made["ETag"]})
        assert off.json()["result"]["active"] is False
        assert HoldReason.objects.get(code="parts-abroad").is_incident

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/metals/", {"code": "steel2"}, 400),
            ("/metals/", {"code": "no good!", "name": "x"}, 400),
            ("/metals/", {"code": "steel", "name": "Сталь"}, 422),
            ("/metals/", {"code": "m", "name": "x", "order": 2**31}, 400),
            ("/return-reasons/", {"code": "r", "name": "x", "affects_id": 999999}, 422),
            ("/service-limits/", {"code": "l", "name": "x", "amount": "0"}, 422),
            ("/service-limits/", {"code": "l", "name": "x", "amount": "NaN"}, 400),
        ],
    )
    def test_refusals(self, shop: Caller, path: str, body: Any, status: int) -> None:
        count = Event.objects.count()
        answer = shop.post(path, body)
        assert answer.status_code == status, answer.content
        assert Event.objects.count() == count

    def test_needs_its_scope(self, caller: Any) -> None:
        writer = caller("w", held=(scopes.RECEIPTS_WRITE, scopes.RECEIPTS_MANAGE))
        refused(writer.post("/metals/", {"code": "a", "name": "b"}), 403, "api.scope_missing")
