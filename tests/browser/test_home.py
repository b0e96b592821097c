"""The first page and the pages of the present in a real browser, on a desktop and on a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from receipts.services.deadlines import change_deadline
from receipts.services.returns import ItemInput, return_watch
from tests.browser.conftest import Office
from tests.cast import (
    Cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_submitted,
    reason_id,
)
from workshop.lib import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BUSY = "document.querySelector('form[data-office-wait]').dispatchEvent(new Event('submit'))"


def fill(cast: Cast) -> str:
    """A bit of everything; the number of the receipt that is overdue."""
    igor, now = cast.actor("igor"), clock.now()
    make_ready(cast)
    make_order(cast, make_in_work(cast))
    make_polished(cast, make_in_work(cast, master="mark"))
    back = make_submitted(cast)
    item = ItemInput(reason_id("dirt_inside"), "undecided")
    return_watch(receipt_id=back.pk, items=[item], actor=igor)
    late = make_in_work(cast, at=now - timedelta(days=9))
    change_deadline(
        receipt_id=late.pk,
        deadline=now - timedelta(days=1),
        actor=igor,
        at=now - timedelta(days=8),
    )
    return str(late.number)


def test_the_first_page(office: Office, cast: Cast) -> None:
    late = fill(cast)
    page = office.page
    office.sign_in()
    office.looks_right()
    assert page.locator("section.office-part").count() == 9
    assert page.locator("#part-burning .office-burning li").count() == 1
    assert f"№{late}" in page.inner_text("#part-burning")
    assert page.locator("#part-days polyline").count() == 3
    assert cast.maxim.short_name in page.inner_text("#part-loads")

    assert page.is_hidden(".office-waits")
    page.evaluate(BUSY)
    page.wait_for_selector(".office-waits", state="visible")
    assert page.get_attribute(".office-page", "aria-busy") == "true"

    page.select_option("select[name=period]", "year")
    page.wait_for_url("**/admin/?period=year**")
    office.looks_right()
    assert page.is_hidden(".office-waits")
    assert page.input_value("select[name=period]") == "year"

    page.click("#part-now a:has-text('Просрочены')")
    page.wait_for_url("**/receipts/receipt/?due=overdue")
    office.looks_right()
    assert late in page.inner_text("#result_list")


def test_the_first_page_of_a_new_workshop(office: Office, cast: Cast) -> None:
    office.sign_in()
    office.looks_right()
    assert "Квитанций пока нет" in office.page.inner_text(".office-page")
    assert "Ничего не горит" in office.page.inner_text("#part-burning")


def test_the_pages_of_the_present(office: Office, cast: Cast) -> None:
    fill(cast)
    page = office.page
    office.sign_in()
    for name in ("burning", "workshop", "masters", "polishing", "accountability"):
        office.go(f"/admin/analytics/{name}/?period=all")
        assert page.locator("table, .office-burning").count() >= 1, name
    office.go("/admin/analytics/masters/")
    page.click(f".office-bars a:has-text('{cast.maxim.short_name}')")
    page.wait_for_url("**/analytics/handed/?who=*")
    office.looks_right()
    assert page.locator("tbody tr").count() == 3
    page.click("tbody a >> nth=0")
    page.wait_for_url("**/receipt/*/change/")
    office.looks_right()
