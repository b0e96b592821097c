"""Reads of the staff: who gets what, and at what price."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from staff import selectors, services
from staff.models import BotName, Employee, employee_of
from staff.tests.conftest import Cast, make_employee, make_user

FRIDAY = date(2026, 11, 20)


def test_the_sender_is_found_in_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    Employee.objects.filter(pk=cast.maxim.pk).update(active=False)
    with django_assert_num_queries(1):
        found = selectors.by_telegram_id(1003)
    assert found == cast.maxim
    assert not found.active
    assert selectors.by_telegram_id(4040) is None


def test_inspectors_who_are_told(cast: Cast) -> None:
    make_employee("Gone", "inspector", active=False)
    second = make_employee("Elena", "inspector", "master")
    assert selectors.active_inspectors() == [second, cast.igor]


def test_masters_and_polishers_who_are_here(cast: Cast) -> None:
    make_employee("Gone", "master", active=False)
    away = make_employee(
        "Away", "master", "polisher", absent_from=FRIDAY, absent_until=date(2026, 11, 22)
    )
    assert selectors.masters_present(FRIDAY) == [cast.maxim]
    assert selectors.masters_present(date(2026, 11, 23)) == [away, cast.maxim]
    assert selectors.polishers_present(FRIDAY) == [cast.pavel]
    assert selectors.polishers_present(date(2026, 11, 19)) == [away, cast.pavel]


def test_the_list_shows_active_people_first(cast: Cast) -> None:
    Employee.objects.filter(pk=cast.anna.pk).update(active=False)
    names = [employee.short_name for employee in selectors.staff_list()]
    assert names == ["Boris", "Igor", "Maxim", "Pavel", "Zoya", "Anna"]
    assert [e.short_name for e in selectors.staff_list(active=False)] == ["Anna"]
    assert len(selectors.staff_list(active=True)) == 5


@pytest.mark.django_db
def test_an_empty_workshop_has_nobody() -> None:
    assert selectors.staff_list() == []
    assert selectors.active_inspectors() == []
    assert selectors.masters_present(FRIDAY) == []
    assert selectors.active_with_role("manager", "owner") == []


def test_the_employee_of_an_account(cast: Cast) -> None:
    user = make_user("anna")
    assert employee_of(user) is None
    Employee.objects.filter(pk=cast.anna.pk).update(user=user)
    assert employee_of(user) == cast.anna


def test_links_open_the_bot_by_the_name_it_was_told(db: None, settings: Any) -> None:
    assert selectors.start_link("r_1") == ""
    services.remember_bot("")
    assert selectors.start_link("r_1") == ""
    services.remember_bot("first_bot")
    services.remember_bot("workshop_bot")
    assert selectors.start_link("r_1") == "https://t.me/workshop_bot?start=r_1"
    assert BotName.objects.count() == 1
    settings.TELEGRAM_BOT_USERNAME = "said_bot"
    assert selectors.start_link("r_1") == "https://t.me/said_bot?start=r_1"


def test_in_a_demonstration_links_open_the_simulator(db: None, settings: Any) -> None:
    settings.BOT_PAGE = "http://127.0.0.1:8001/"
    services.remember_bot("demo_bot")
    assert selectors.start_link("r_1") == "http://127.0.0.1:8001/?start=r_1"
