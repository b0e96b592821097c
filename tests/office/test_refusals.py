"""What the office refuses, it refuses in words, in its own frame, with a way on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse

from history.models import Event
from receipts.models import Receipt
from tests.cast import Cast, make_receipt

pytestmark = pytest.mark.django_db
LIST = "/admin/receipts/receipt/"
FRAME = 'id="main"'  # of the theme


def in_words(answer: Any, status: int) -> str:
    """The text of a refusal in the frame of the office, both as they must be."""
    page = answer.content.decode()
    assert answer.status_code == status, page[:300]
    assert FRAME in page
    assert 'href="/admin/"' in page
    assert "Traceback" not in page
    assert "django" not in page.split("<body")[1].lower()
    return page


def test_every_form_of_adding_that_is_not_the_owners(owner: Client) -> None:
    events = Event.objects.count()
    for model in admin.site._registry:
        try:
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        except NoReverseMatch:
            continue
        for answer in (owner.get(address), owner.post(address, {"name": "x"})):
            assert answer.status_code in {302, 403}, address
            if answer.status_code == 403:
                assert "Нет доступа" in in_words(answer, 403), address
    assert Event.objects.count() == events


def test_in_english(owner: Client) -> None:
    owner.cookies["django_language"] = "en"
    page = in_words(owner.get("/admin/analytics/reportschedule/add/"), 403)
    assert "Your account may not open this page" in page


def test_a_verb_that_is_not_the_owners(owner: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    version = receipt.version
    in_words(owner.get(f"{LIST}{receipt.pk}/do/assign/"), 403)
    in_words(owner.post(f"{LIST}{receipt.pk}/do/assign/", {"master": cast.maxim.pk}), 403)
    assert Receipt.objects.get().version == version


@pytest.mark.parametrize(
    "asked",
    [
        "nonsense=1", "public_token__startswith=a", "nonsense__in=1,2", "a%00b=1",
        "number__regex=(", "current_master__user__password__startswith=a",
    ],
)  # fmt: skip
def test_a_filter_that_is_not_there(manager: Client, asked: str) -> None:
    name = asked.partition("=")[0].replace("%00", "\x00")
    page = in_words(manager.get(f"{LIST}?q=17&{asked}"), 400)
    assert f"«{name}»" in page
    assert f'href="{LIST}?q=17"' in page
    assert manager.get(f"{LIST}?q=17").status_code == 200


def test_a_value_that_a_filter_has_not(manager: Client) -> None:
    address = "/admin/integrations/apiclient/"
    page = in_words(manager.get(address, {"active__exact": "abc"}), 400)
    assert "У фильтра «active__exact» нет значения «abc»." in page
    assert f'href="{address}"' in page


@pytest.mark.parametrize(
    ("address", "name"), [("/admin/receipts/photo/", "stage__exact"), (LIST, "brand")]
)
def test_a_value_that_no_column_stores(manager: Client, address: str, name: str) -> None:
    page = in_words(manager.get(address, {name: "a\x00b"}), 400)
    assert f"У фильтра «{name}» нет значения «ab»." in page


def test_a_page_that_a_list_has_not(
    manager: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.site._registry[Receipt], "list_per_page", 1)
    make_receipt(cast, "№ 17-1")
    make_receipt(cast, "№ 17-2")
    assert manager.get(f"{LIST}?p=2&q=17").status_code == 200
    page = in_words(manager.get(f"{LIST}?p=3&q=17"), 400)
    assert "В списке нет такой страницы." in page
    assert f'href="{LIST}?q=17"' in page


def test_what_is_asked_is_shown_as_text_and_bounded(manager: Client) -> None:
    page = in_words(manager.get(LIST, {"<script>alert(1)</script>" + "x" * 500: "1"}), 400)
    assert "<script>alert" not in page
    assert "x" * 100 not in re.sub('href="[^"]*"', "", page)


@pytest.mark.parametrize("address", ["/admin/nonsense/", f"{LIST}1/do/nonsense/", "/admin/x/y/9/"])
def test_no_such_page(manager: Client, address: str) -> None:
    assert "Такой страницы нет" in in_words(manager.get(address), 404)


def test_a_stranger_learns_nothing_of_the_office(client: Client) -> None:
    for address in ("/nonsense/", "/t/nonsense"):
        answer = client.get(address)
        page = answer.content.decode()
        assert (answer.status_code, FRAME in page) == (404, False)
        assert "Такой страницы нет" in page
    assert client.get("/admin/nonsense/").status_code == 302


def test_a_form_that_is_not_ours(manager: Client, cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = manager.cookies
    page = in_words(strict.post(f"{LIST}add/", {"number": "17"}), 403)
    assert "Форма устарела" in page
    assert "CSRF" not in page
    assert not Receipt.objects.exists()
    stranger = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert stranger.status_code == 403
    assert "Форма устарела" in stranger.content.decode()


def test_the_way_back_leads_to_ourselves(owner: Client) -> None:
    forbidden = f"{LIST}add/"
    ours = owner.get(
        forbidden, headers={"Host": "testserver", "Referer": f"http://testserver{LIST}"}
    )
    assert f'href="http://testserver{LIST}"' in in_words(ours, 403)
    for other in (
        "http://elsewhere.example/x",
        "javascript:alert(1)",
        f"http://testserver{forbidden}",
    ):
        answer = owner.get(forbidden, headers={"Host": "testserver", "Referer": other})
        assert f'href="{other}"' not in in_words(answer, 403)
