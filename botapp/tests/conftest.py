"""The cast of the bot's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import botapp.tests.sample_flow  # noqa: F401  registers its screens
from botapp.dialogs import registry
from botapp.testing import BotDriver
from staff.models import Employee


def make_employee(name: str, telegram_id: int | None, **values: object) -> Employee:
    short = f"{name.split()[0]} {name.split()[1][0]}."
    defaults = {"full_name": name, "short_name": short, "telegram_id": telegram_id}
    employee: Employee = Employee.objects.create(**{**defaults, **values})
    return employee


@pytest.fixture(autouse=True)
def _menu_stays_as_it_is() -> Iterator[None]:
    """Tests put sample screens into the menu; no other test shall find them there."""
    before = registry._menu[:]
    yield
    registry._menu[:] = before


@pytest.fixture
def anna(db: None) -> Employee:
    """The office manager; reads English, so that tests need no compiled catalogue."""
    return make_employee("Annina Anna", 1001, is_manager=True, language="en")


@pytest.fixture
def maxim(db: None) -> Employee:
    """A master without access to the staff."""
    return make_employee("Maximov Maxim", 1003, is_master=True, language="en")


@pytest.fixture
def bot(db: None) -> BotDriver:
    return BotDriver()
