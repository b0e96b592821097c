"""The pages of whole watches: whom they are for, what they say of nothing, what they cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from staff import roles
from tests.cast import make_cast, make_ready
from tests.office.conftest import make_user, signed_in

pytestmark = pytest.mark.django_db
PAGES = [reverse(f"numbers-{name}") for name in ("lead-time", "deadlines", "first-pass", "flow")]
LIST = reverse("numbers-receipts")


@pytest.mark.parametrize("page", [*PAGES, LIST])
def test_an_empty_workshop_has_no_data(manager: Client, page: str) -> None:
    text = manager.get(page).content.decode()
    assert "нет данных" in text.lower()
    assert "0,0 %" not in text


@pytest.mark.parametrize("page", [*PAGES, LIST])
def test_they_are_for_managers_and_owners(owner: Client, page: str) -> None:
    cast = make_cast()
    assert owner.get(page).status_code == 200
    cast.igor.user = make_user("igor", *roles.OFFICE_GROUPS[:2])
    cast.igor.save(update_fields=["user"])
    assert signed_in(cast.igor.user).get(page).status_code == 403
    assert Client().get(page).status_code == 302


@pytest.mark.parametrize("page", [*PAGES, f"{LIST}?what=ready"])
def test_more_receipts_ask_no_more_questions(manager: Client, page: str) -> None:
    cast = make_cast()
    counts = []
    for number in (1, 6):
        for _receipt in range(number):
            make_ready(cast)
        manager.get(page)
        with CaptureQueriesContext(connection) as found:
            manager.get(page)
        counts.append(len(found))
    assert counts[0] == counts[1]
