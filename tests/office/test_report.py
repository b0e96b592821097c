"""The report of a receipt as PDF and Excel: all that was recorded, for whom it is, any text."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import translation

from receipts.models import Receipt
from receipts.report import receipt_report
from receipts.services.customers import create_customer
from receipts.services.facts import add_comment, edit_facts
from receipts.services.quality import ReadingInput, add_reading
from receipts.services.returns import ItemInput, return_watch
from tests.api.callers import make_caller
from tests.cast import Cast, make_polished, make_receipt, make_submitted, reason_id
from tests.office.conftest import make_user, signed_in
from workshop.lib.documents import Document, Facts, Table, write_pdf
from workshop.lib.paper import printable

pytestmark = pytest.mark.django_db


@pytest.fixture
def receipt(cast: Cast) -> Receipt:
    """With everything a report tells of."""
    found, igor = make_submitted(cast), cast.actor("igor")
    make_polished(cast, found)
    customer = create_customer(name="Мария Клиент", phone="+79161234567", actor=igor).object
    facts = {"customer": customer.pk, "complaint": "=1+1 😀 " + "Ы" * 600, "agreed_price": "10.50"}
    edit_facts(receipt_id=found.pk, facts=facts, actor=igor)
    add_comment(receipt_id=found.pk, text="длинно " * 280, actor=igor)
    add_reading(receipt_id=found.pk, reading=ReadingInput(amplitude=281), actor=igor)
    item = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    return return_watch(receipt_id=found.pk, items=[item], comment="пыль", actor=igor).object


def url(receipt: Receipt, form: str) -> str:
    return reverse("admin:receipts_receipt_report", args=[receipt.pk, form])


def workbook(answer: Any) -> dict[str, list[list[Any]]]:
    assert answer.status_code == 200, answer.content
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    return {sheet.title: [list(row) for row in sheet.values] for sheet in book}


def pdf(answer: Any) -> bytes:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"%PDF-")
    assert b"/FontFile2" in content  # the font travels with it
    return content


@pytest.mark.parametrize("language", ["ru", "en"])
def test_it_tells_everything(receipt: Receipt, language: str) -> None:
    with translation.override(language):
        document = receipt_report(receipt, with_customer=True)
        tables = {part.title: part for part in document.parts if isinstance(part, Table)}
        told = {
            label: value
            for part in document.parts
            if isinstance(part, Facts)
            for label, value in part.rows
        }
        target = io.BytesIO()
        write_pdf(target, document)
    works, _waivers, polishing, checks, readings, returns, history = tables.values()
    assert [len(table.rows) for table in (polishing, checks, readings, returns)] == [1, 1, 1, 1]
    assert len(works.rows) == 2
    assert returns.rows[0][2] == "Максим Мастер"
    assert polishing.rows[0][1] == "Павел Полировщик"
    assert readings.rows[0][4] == 281
    assert len(history.rows) == receipt.version
    assert {receipt.number, "Мария Клиент", "+79161234567"} <= set(map(str, told.values()))
    assert all(len(row) == len(table.header) == len(table.widths)
               for table in tables.values() for row in table.rows)  # fmt: skip
    assert target.getvalue().startswith(b"%PDF-")


def test_office_and_api_hand_it_out(receipt: Receipt, manager: Client) -> None:
    page = manager.get(reverse("admin:receipts_receipt_change", args=[receipt.pk]))
    for form in ("pdf", "xlsx"):
        assert url(receipt, form) in page.content.decode()
    pdf(manager.get(url(receipt, "pdf")))
    sheets = workbook(manager.get(url(receipt, "xlsx")))
    facts = {row[0]: row[1] for row in next(iter(sheets.values()))}
    assert facts["Согласованная цена, ₽"] == 10.5
    assert str(facts["Заявленная неисправность"]).startswith("=1+1")
    assert facts["Телефон"] == "+79161234567"
    assert len(sheets) == 7
    assert manager.get(url(receipt, "exe")).status_code == 404
    assert manager.get(url(Receipt(pk=10**9), "pdf")).status_code == 404

    viewer = make_user("vera")
    viewer.user_permissions.add(Permission.objects.get(codename="view_receipt"))
    assert "Мария" not in str(workbook(signed_in(viewer).get(url(receipt, "xlsx"))))
    assert signed_in(make_user("nobody")).get(url(receipt, "pdf")).status_code == 403

    address = f"/receipts/{receipt.pk}/report"
    shop = make_caller(held=("receipts:read", "customers:read"))
    pdf(shop.get(f"{address}.pdf"))
    assert "Мария" in str(workbook(shop.get(f"{address}.xlsx")))
    reader = make_caller("reader", held=("receipts:read",))
    assert "Мария" not in str(workbook(reader.get(f"{address}.xlsx")))
    assert reader.get("/receipts/999999/report.pdf").status_code == 404
    assert make_caller("poor", held=("staff:read",)).get(f"{address}.pdf").status_code == 403


def test_a_bare_receipt_and_any_text(cast: Cast, manager: Client) -> None:
    pdf(manager.get(url(make_receipt(cast), "pdf")))
    assert printable("Ы€№₽\u0000\u200d\ufe0f👍🏽時") == "Ы€№₽□□□"
    hostile = ["x" * 5000, "слово " * 900, "\n" * 400, "<b>&amp;", "🧿" * 50, "", None]
    rows = [[value, value] for value in hostile]
    parts = [Facts("а", [(str(value), value) for value in hostile]), Table("б", ["1", "2"], rows,
             (91, 91)), Table("пусто", ["1"], [], (182,))]  # fmt: skip
    target = io.BytesIO()
    write_pdf(target, Document("т" * 300, "с" * 300, parts))
    assert target.getvalue().startswith(b"%PDF-")
