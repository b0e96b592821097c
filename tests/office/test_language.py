"""No English words are left on Russian pages, and no raw codes anywhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from receipts.services.returns import ItemInput, return_watch
from staff.office.registry import verbs_of
from tests.cast import Cast, make_order, make_submitted, reason_id

pytestmark = pytest.mark.django_db
WORDS = re.compile(r"[A-Za-z][A-Za-z ,.:()'’-]{2,}")
# Names; the key of the theme; the code of a catalogue row, shown in the list of the catalogue.
ALLOWED = {"Repassage", "Telegram", "Telegram id", "English", "anna", "esc", "polishing"}
ALLOWED |= {"CSV", "Excel", "Excel (.xlsx)", "PDF"}
SILENT = {"script", "style", "svg"}
# Icons of the theme are words drawn by a font.
ICON = "material-symbols-outlined"


class Texts(HTMLParser):
    """The words a person reads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT or (tag == "span" and ICON in (dict(attrs).get("class") or "")):
            self.silent.append(tag)
        for name, value in attrs:
            if name in {"placeholder", "aria-label", "title"} and value and not self.silent:
                self.found.append(value.strip())

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.found.append(" ".join(data.split()))


def english(client: Client, url: str) -> set[str]:
    page = client.get(url)
    assert page.status_code == 200, url
    texts = Texts()
    texts.feed(page.content.decode())
    return {text for text in texts.found if WORDS.fullmatch(text)} - ALLOWED


def test_no_english_word_is_left(manager: Client, cast: Cast) -> None:
    receipt = make_submitted(cast)
    order = make_order(cast, receipt)
    item = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    return_watch(receipt_id=receipt.pk, items=[item], actor=cast.actor("igor"))
    row = receipt.returns.get()
    verb = "admin:receipts_receipt_verb"
    urls = [
        "/admin/",
        "/admin/receipts/receipt/",
        "/admin/receipts/receipt/add/",
        reverse("admin:receipts_receipt_change", args=[receipt.pk]),
        reverse("admin:staff_employee_change", args=[cast.mark.pk]),
        *(
            reverse(f"admin:{name}_changelist")
            for name in ("staff_employee", "receipts_returnreason", "receipts_qualitycheck")
        ),
        *(
            reverse(f"admin:{name}_add")
            for name in (
                "staff_employee",
                "auth_user",
                "receipts_workcalendar",
                "receipts_servicelimit",
                "receipts_operationtype",
                "receipts_customer",
                "receipts_watch",
                "polishing_polishingbatch",
            )
        ),
    ]
    rows = {"change_responsible": row.items.get().pk, "change_assembler": row.pk}
    for slug in verbs_of("receipts.Receipt"):
        number = rows.get(slug, order.pk)
        urls.append(f"{reverse(verb, args=[receipt.pk, slug])}?row={number}&what=work")
    for slug in verbs_of("staff.Employee"):
        urls.append(reverse("admin:staff_employee_verb", args=[cast.mark.pk, slug]))
    left = {url: words for url in urls if (words := english(manager, url))}
    assert left == {}
