"""Bodies that are wrong: each is refused by name and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from receipts.models import DeadlineCause
from tests.api.callers import Caller
from tests.api.snapshot import touched
from tests.cast import Cast, make_receipt
from tests.domain.snapshot import everything

pytestmark = pytest.mark.django_db


def bare(shop: Caller, url: str, kind: str, headers: dict[str, str] | None = None) -> Any:
    """A POST without a body."""
    declared = {"Content-Type": kind} if kind else {}
    return shop.http.generic("POST", url, headers={**declared, **(headers or {})})


class TestBadInput:
    @pytest.mark.parametrize(
        ("verb", "body", "field"),
        [
            ("assign", {}, "master_id"),
            ("assign", {"master_id": None}, "master_id"),
            ("assign", {"master_id": "x"}, "master_id"),
            ("assign", {"master_id": 1.5}, "master_id"),
            ("assign", {"master_id": True}, "master_id"),
            ("assign", {"master_id": 10**30}, "master_id"),
            ("assign", {"master_id": -1}, "master_id"),
            ("assign", {"master_id": 1, "colour": "red"}, "colour"),
            ("comments", {"text": {"a": 1}}, "text"),
            ("comments", {"text": 5}, "text"),
            ("comments", {"text": ""}, "text"),
            ("deadline", {"deadline": "9999-12-31T23:59:59+14:00"}, "deadline"),
            ("deadline", {"deadline": "0001-01-01T00:00:00+14:00"}, "deadline"),
            ("deadline", {"deadline": "soon"}, "deadline"),
            ("deadline", {"deadline": 5}, "deadline"),
            ("hold", {"reason_id": 1, "expected_on": "2026-13-01"}, "expected_on"),
            ("operations", {"works": []}, "works"),
            ("operations", {"works": "x"}, "works"),
            ("operations", {"works": [{"type_id": 1}]}, "works"),
            ("operations", {"works": [{}] * 51}, "works"),
            ("readings", {"rate": "NaN"}, "rate"),
            ("readings", {"rate": "1e400"}, "rate"),
            ("readings", {"amplitude": 10**20}, "amplitude"),
            ("measurements", {"checklist": {"x": True}}, "checklist"),
            ("facts", {"links_count": -1}, "links_count"),
            ("facts", {"declared_value": "1" * 40}, "declared_value"),
        ],
    )
    def test_it_names_the_field_and_changes_nothing(
        self, shop: Caller, cast: Cast, verb: str, body: dict[str, Any], field: str
    ) -> None:
        receipt = make_receipt(cast)
        before = everything()
        answer = shop.post(f"/receipts/{receipt.pk}/{verb}/", body)
        told = answer.json()
        wrong = (answer.status_code, told["code"])
        assert wrong in {(400, "request.invalid"), (422, "api.out_of_range")}, told
        assert list(told["field_errors"]) == [field]
        assert not touched(before)

    @pytest.mark.parametrize(
        "raw",
        [
            b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"text": "\\u0000"}',
            b'{"text": "\\ud800"}', b'{"a":' * 30 + b"1" + b"}" * 30, b"[" * 100_000,
            b'{"text": "' + b"x" * 3_000_000 + b'"}',
        ],
        ids=[
            "empty", "cut", "list", "null", "text", "binary", "nul", "surrogate", "nested",
            "deep", "huge",
        ],
    )  # fmt: skip
    def test_bodies_that_cannot_be_read(self, shop: Caller, cast: Cast, raw: bytes) -> None:
        receipt = make_receipt(cast)
        url = f"/api/v1/receipts/{receipt.pk}/comments/"
        answer = shop.http.post(url, raw, content_type="application/json")
        assert 400 <= answer.status_code < 500, answer.content
        assert answer.json()["code"].startswith("request.")
        receipt.refresh_from_db()
        assert receipt.version == 1

    @pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data"])
    def test_other_content(self, shop: Caller, cast: Cast, kind: str) -> None:
        url = f"/api/v1/receipts/{make_receipt(cast).pk}/submit/"
        assert shop.http.post(url, b"<x/>", content_type=kind).status_code == 415

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
    def test_other_content_without_a_body(self, shop: Caller, cast: Cast, kind: str) -> None:
        receipt = make_receipt(cast)
        url = f"/api/v1/receipts/{receipt.pk}/submit/"
        answer = bare(shop, url, kind)
        assert answer.status_code == 415
        assert answer.json()["code"] == "request.unsupported_media_type"
        receipt.refresh_from_db()
        assert receipt.version == 1

    @pytest.mark.parametrize("kind", ["", "application/json", "application/json; charset=utf-8"])
    def test_nothing_is_the_empty_object(self, shop: Caller, cast: Cast, kind: str) -> None:
        url = f"/api/v1/receipts/{make_receipt(cast).pk}"
        lacking = bare(shop, f"{url}/assign/", kind)
        assert (lacking.status_code, list(lacking.json()["field_errors"])) == (400, ["master_id"])
        assert bare(shop, f"{url}/submit/", kind).status_code == 200

    def test_a_body_without_its_length(self, shop: Caller, cast: Cast) -> None:
        """It would be read as nothing, and the comment would be lost without a word."""
        receipt = make_receipt(cast)
        url = f"/api/v1/receipts/{receipt.pk}/submit/"
        pieces = {"Transfer-Encoding": "chunked"}
        answer = bare(shop, url, "application/json", headers=pieces)
        assert (answer.status_code, answer.json()["code"]) == (411, "request.length_required")
        receipt.refresh_from_db()
        assert receipt.version == 1

    def test_unknown_rows(self, shop: Caller, cast: Cast) -> None:
        url = f"/receipts/{make_receipt(cast).pk}"
        assert shop.post(f"{url}/assign/", {"master_id": 999_999}).status_code == 404
        assert shop.post(f"{url}/hold/", {"reason_id": 999_999}).status_code == 404
        cause = {"deadline": None, "cause_id": 999_999}
        assert shop.post(f"{url}/deadline/", cause).status_code in {200, 404}
        assert DeadlineCause.objects.exists()


class TestUnknownNames:
    @pytest.mark.parametrize(
        ("path", "body", "where"),
        [
            ("/receipts/", {"number": "1", "facts": {"complain": "stops"}}, ["facts", "complain"]),
            ("/receipts/", {"number": "1", "watch": {"brnd": "Omega"}}, ["watch", "brnd"]),
            (
                "/receipts/1/operations/",
                {"works": [{"type_id": 1, "employee_id": 1, "typ": 1}]},
                ["works", "0", "typ"],
            ),
        ],
    )
    def test_deep_in_the_body(self, shop: Caller, path: str, body: Any, where: list[str]) -> None:
        before = everything()
        answer = shop.post(path, body)
        assert answer.status_code == 400
        told = answer.json()["field_errors"]
        for name in where:
            told = told[name]
        assert told[0]["code"] == "unknown"
        assert not touched(before)

    def test_told_together_with_what_is_wrong(self, shop: Caller) -> None:
        answer = shop.post("/receipts/", {"number": 5, "nmber": "1"})
        assert set(answer.json()["field_errors"]) == {"number", "nmber"}
