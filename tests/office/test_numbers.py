"""The pages of numbers: what they count, whom they show, and the rows behind every number."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from receipts.models import Receipt, Watch
from receipts.services.quality import pass_check
from receipts.services.returns import ItemInput, return_watch
from receipts.services.works import WorkInput, record_work
from staff import roles
from tests.cast import Cast, make_worked, reason_id, type_id
from tests.office.conftest import make_user, signed_in

pytestmark = pytest.mark.django_db
QUALITY, RETURNS = reverse("numbers-quality"), reverse("numbers-returns")
OUTPUT, WORKS, ITEMS = (reverse(f"numbers-{name}") for name in ("output", "works", "items"))
PAGES = [QUALITY, RETURNS, OUTPUT, WORKS, ITEMS]
ALL = {"period": "all"}


@pytest.fixture
def returned(cast: Cast) -> int:
    """Maxim's assembly came back with two reasons and was done again; Mark's passed."""
    igor = cast.actor("igor")
    bad = make_worked(cast)
    items = [
        ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk),
        ItemInput(reason_id("mechanism_defect"), "undecided"),
    ]
    return_watch(receipt_id=bad.pk, items=items, assembler_id=cast.maxim.pk, actor=igor)
    again = [WorkInput(type_id("assembly"), cast.maxim.pk)]
    record_work(receipt_id=bad.pk, works=again, actor=igor)
    good = make_worked(cast, works=[("assembly", "mark")])
    pass_check(receipt_id=good.pk, actor=igor)
    make_worked(cast, works=[("assembly", "mark")])  # nobody has looked at it yet
    return bad.pk


def test_quality_counts_checked_works_only(manager: Client, cast: Cast, returned: int) -> None:
    answer = manager.get(QUALITY, ALL)
    rows = {row.key: row.total.quality for row in answer.context["rows"]}
    maxim, mark = rows[cast.maxim.pk], rows[cast.mark.pk]
    assert (maxim.works, maxim.own_reworks, maxim.checked, maxim.returned) == (1, 1, 1, 1)
    assert (mark.works, mark.checked, mark.returned, mark.waiting) == (2, 1, 0, 1)
    assembled = {row.key: row.as_assembler for row in answer.context["rows"]}
    assert assembled == {cast.maxim.pk: 1, cast.mark.pk: 0}
    text = answer.content.decode()
    assert "мало данных (1)" in text
    assert answer.context["funnel"] is None  # one case each is no comparison


def test_every_number_opens_its_rows(manager: Client, cast: Cast, returned: int) -> None:
    for what, count in [("works", 3), ("checked", 2), ("returned", 1), ("waiting", 1), ("own", 1)]:
        page = manager.get(WORKS, {**ALL, "what": what}).context["page"]
        assert page.paginator.count == count, what
    marks = manager.get(WORKS, {**ALL, "person": cast.mark.pk, "type": type_id("assembly")})
    assert marks.context["page"].paginator.count == 2
    for what, count in [("all", 2), ("hit", 1), ("undecided", 1), ("without", 0), ("not_ours", 0)]:
        page = manager.get(ITEMS, {**ALL, "what": what}).context["page"]
        assert page.paginator.count == count, what
    page = manager.get(ITEMS, {**ALL, "reason": reason_id("dirt_inside"), "brand": ""})
    assert [row.return_case.receipt_id for row in page.context["page"]] == [returned]


def test_returns_say_each_reason_once(manager: Client, returned: int) -> None:
    found = manager.get(RETURNS, ALL).context["found"]
    assert (found.cases, found.receipts, found.columns.total) == (1, 1, 2)
    assert (found.columns.hit_a_work, found.columns.undecided) == (1, 1)
    assert [bar.count for bar in found.by_reason] == [1, 1]
    assert found.by_brand[0].key == ""


def test_who_answers_for_returns_opens_its_rows(manager: Client, cast: Cast, returned: int) -> None:
    answer = manager.get(RETURNS, ALL)
    ((one, hit, without),) = answer.context["people"]
    assert (one.employee_id, one.hit_a_work, one.without_a_work) == (cast.maxim.pk, 1, 0)
    for query, count in ((hit, 1), (without, 0)):
        assert manager.get(f"{ITEMS}?{query}").context["page"].paginator.count == count
    assert f"{ITEMS}?{hit}".replace("&", "&amp;") in answer.content.decode()


def test_output_is_what_the_list_shows(manager: Client, cast: Cast, returned: int) -> None:
    rows = manager.get(OUTPUT, ALL).context["rows"]
    assert [(name, total) for name, total, _link, _cells in rows] == [
        (cast.mark.short_name, 2),
        (cast.maxim.short_name, 1),
    ]
    listed = manager.get(f"{WORKS}?{rows[0][2]}").context["page"].paginator.count
    assert listed == 2


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("asked", "field", "wrong"),
    [
        ({"period": "custom"}, "from", []),
        ({"period": "custom", "from": "01.02.2026", "to": "32.13.2026"}, "to", []),
        ({"period": "custom", "from": "02.02.2026", "to": "01.02.2026"}, "to", []),
        ({"period": "for ever", "brand": "\x00"}, "period", []),
        (
            {"period": "\x00", "person": "x", "type": "9" * 30, "page": "-1", "what": "<b>"},
            "period",
            ["person", "type"],
        ),
        ({"period": "-", "metal": "77", "brand": "B" * 101}, "period", ["metal", "brand"]),
    ],
)
def test_a_wrong_question_is_kept_and_answered(
    manager: Client, page: str, asked: dict[str, str], field: str, wrong: list[str]
) -> None:
    answer = manager.get(page, asked)
    assert answer.status_code == 200
    assert list(answer.context["asked"].errors) == [field, *wrong]
    assert answer.context["asked"].values["to"] == asked.get("to", "")


def test_filters_narrow_the_page_and_go_along(manager: Client, cast: Cast, returned: int) -> None:
    assembly = type_id("assembly")
    watch = Watch.objects.create(brand="Ракета")
    Receipt.objects.filter(pk=returned).update(watch=watch)
    chosen = {**ALL, "person": str(cast.maxim.pk), "type": str(assembly), "brand": "Ракета"}
    answer = manager.get(QUALITY, chosen)
    (row,) = answer.context["rows"]
    assert (row.key, row.total.quality.works, row.total.quality.returned) == (cast.maxim.pk, 1, 1)
    text = answer.content.decode()
    assert f'<option value="{cast.maxim.pk}" selected>' in text
    listed = manager.get(f"{WORKS}?what=returned&{row.total.link}")
    assert listed.context["page"].paginator.count == 1
    assert listed.context["asked"].filters == answer.context["asked"].filters
    assert 'name="brand" value="Ракета"' in listed.content.decode()  # the form asks it again
    assert not manager.get(QUALITY, {**chosen, "brand": "Восток"}).context["rows"]
    found = manager.get(RETURNS, chosen).context["found"]
    assert (found.cases, found.columns.total) == (1, 1)
    bars = manager.get(RETURNS, chosen).context["groups"][2][1]
    assert manager.get(f"{ITEMS}?{bars[0][2]}").context["page"].paginator.count == 1
    rows = manager.get(OUTPUT, chosen).context["rows"]
    assert [total for _name, total, _link, _cells in rows] == [1]
    wrong = manager.get(OUTPUT, {**ALL, "metal": "77"}).content.decode()
    assert "Металл: Такого металла нет." in wrong


def test_a_narrowed_page_costs_as_much_with_many_rows(
    manager: Client, cast: Cast, returned: int, django_assert_num_queries: Any
) -> None:
    chosen = {**ALL, "person": cast.maxim.pk}
    manager.get(QUALITY, chosen)
    with CaptureQueriesContext(connection) as few:
        manager.get(QUALITY, chosen)
    for _n in range(3):
        make_worked(cast, works=[("assembly", "maxim"), ("mechanism", "mark")])
    with django_assert_num_queries(len(few)):
        manager.get(QUALITY, chosen)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_workshop_has_no_data(manager: Client, page: str) -> None:
    text = manager.get(page).content.decode()
    assert "нет данных" in text.lower()
    assert "0,0 %" not in text


@pytest.mark.parametrize("page", PAGES)
def test_numbers_of_people_are_for_managers_and_owners(
    owner: Client, cast: Cast, page: str
) -> None:
    assert owner.get(page).status_code == 200
    cast.igor.user = make_user("igor", *roles.OFFICE_GROUPS[:2])
    cast.igor.save(update_fields=["user"])
    inspector = signed_in(cast.igor.user)
    assert inspector.get(page).status_code == 403
    assert Client().get(page).status_code == 302


@pytest.mark.parametrize("page", PAGES)
def test_more_rows_ask_no_more_questions(
    manager: Client,
    cast: Cast,
    returned: int,
    page: str,
    django_assert_num_queries: Any,
) -> None:
    manager.get(page, ALL)
    with CaptureQueriesContext(connection) as few:
        manager.get(page, ALL)
    for who in ("maxim", "mark"):
        for _n in range(3):
            bad = make_worked(cast, works=[("assembly", who), ("mechanism", who)])
            item = ItemInput(reason_id("wrong_assembly"), "person", getattr(cast, who).pk)
            return_watch(receipt_id=bad.pk, items=[item], actor=cast.actor("ivan"))
    with django_assert_num_queries(len(few)):
        manager.get(page, ALL)
