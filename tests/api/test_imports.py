"""Imports over the API: a file is brought, asked after, mapped, cancelled, its result fetched."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from integrations import data_jobs, scopes
from integrations.models import Import
from integrations.tests.tables import as_csv, as_xlsx
from receipts.models import Receipt
from tests.api.callers import BASE, Caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
ROWS = [["Номер", "Срок"], ["А-1", "25.12.2026"], ["А-2", "потом"]]


def bring(caller: Caller, content: bytes, *, key: str = "", **form: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    file = SimpleUploadedFile("квитанции.csv", content)
    sent = {"subject": "receipts", "file": file, **form}
    return caller.http.post(f"{BASE}/imports/", sent, headers=headers)


def test_from_the_file_to_the_result(shop: Caller) -> None:
    made = bring(shop, as_csv(ROWS), key="i1")
    assert made.status_code == 201, made.content
    row = made.json()["result"]
    assert (row["table"]["rows"], row["check_job"]["state"]) == (2, "waiting")
    again = bring(shop, as_csv(ROWS), key="i1")
    assert (again["Idempotent-Replayed"], again.json()["result"]["id"]) == ("true", row["id"])
    assert bring(shop, as_csv(ROWS[:2]), key="i1").status_code == 422
    data_jobs.run_waiting()
    path = f"/imports/{row['id']}/"
    checked = shop.get(path, expand="problems").json()
    assert checked["check_job"]["result"] == {"created": 1, "error": 1}
    assert [(one["row"], one["column"]) for one in checked["problems"]] == [(3, "deadline")]
    assert Receipt.objects.count() == 0
    assert shop.post(f"{path}start/").json()["result"]["run_job"]["state"] == "waiting"
    assert shop.post(f"{path}start/").json()["code"] == "imports.busy"
    data_jobs.run_waiting()
    assert Receipt.objects.count() == 1
    result = b"".join(shop.get(f"{path}result/").streaming_content)  # type: ignore[attr-defined]
    assert "потом" in result.decode("utf-8-sig")
    assert [one["id"] for one in shop.get("/imports/").json()["results"]] == [row["id"]]


def test_a_mapping_that_is_none_is_told_at_its_field(shop: Caller) -> None:
    deep = '{"a":' * 3000 + "1" + "}" * 3000
    for wrong in (deep, "nonsense", "[1]", "null", '{"number": "x"}', '{"number": -1}'):
        answer = bring(shop, as_csv(ROWS), mapping=wrong)
        assert answer.status_code == 400, (wrong[:20], answer.content)
        assert "mapping" not in answer.json()["field_errors"]["mapping"], wrong[:20]
    assert not Import.objects.exists()


def test_mapping_and_cancelling(shop: Caller) -> None:
    rows = [["a", "b"], ["x", "К-1"]]
    refused = bring(shop, as_xlsx(rows))
    assert (refused.status_code, refused.json()["code"]) == (422, "imports.mapping")
    assert Import.objects.count() == 0
    row = bring(shop, as_xlsx(rows), then="wait").json()["result"]
    path = f"/imports/{row['id']}/"
    for wrong in ({"number": 5}, {"nothing": 1}, {"number": "x"}, {"number": -1}, [1]):
        assert shop.post(f"{path}mapping/", {"mapping": wrong}).status_code in {400, 422}
    mapped = shop.post(f"{path}mapping/", {"mapping": {"number": 1, "brand": None}})
    assert mapped.json()["result"]["mapping"] == {"number": 1}
    sent = json.dumps({"number": 1, "brand": 0})
    row = bring(shop, as_xlsx(rows), mapping=sent, then="import").json()["result"]
    assert shop.post(f"/imports/{row['id']}/cancel/").json()["result"]["run_job"]["state"] == (
        "cancelled"
    )
    data_jobs.run_waiting()
    assert Receipt.objects.count() == 0


def test_templates_are_filled_in_and_come_back(shop: Caller, cast: Any) -> None:
    for subject in ("receipts", "customers", "employees"):
        answer = shop.get(f"/imports/templates/{subject}/")
        content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        # As it came there is nothing to import: the example stands on a sheet of its own.
        assert bring(shop, content, subject=subject).json()["code"] == "imports.no_rows"
        book = openpyxl.load_workbook(io.BytesIO(content))
        for cells in book.worksheets[1].iter_rows(min_row=2, values_only=True):
            book.worksheets[0].append(cells)
        filled = io.BytesIO()
        book.save(filled)
        made = bring(shop, filled.getvalue(), subject=subject)
        assert made.status_code == 201, made.content
        data_jobs.run_waiting()
        row = shop.get(f"/imports/{made.json()['result']['id']}/", expand="problems").json()
        assert row["check_job"]["result"] == {"created": 1}, row["problems"]
    assert shop.get("/imports/templates/nothing/").status_code == 404


def test_who_may(shop: Caller, caller: Callable[..., Caller]) -> None:
    row = bring(shop, as_csv(ROWS)).json()["result"]
    other = caller("other")
    assert other.get("/imports/").json()["results"] == []
    for path in (f"/imports/{row['id']}/", f"/imports/{row['id']}/result/"):
        assert other.get(path).status_code == 404
    assert other.post(f"/imports/{row['id']}/start/").status_code == 404
    poor = caller("poor", held=(scopes.RECEIPTS_WRITE,))
    assert bring(poor, as_csv(ROWS)).status_code == 403


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "imports.empty"), (b"\x00\x01\x02" * 99, "imports.unreadable"), (b"PK\x03\x04x", "")],
)
def test_what_is_no_table(shop: Caller, content: bytes, code: str) -> None:
    answer = bring(shop, content)
    assert answer.status_code == 422, answer.content
    assert answer.json()["code"] == code or "imports.unreadable"
    assert "file" in answer.json()["field_errors"]
