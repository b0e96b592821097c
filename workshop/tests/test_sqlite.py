import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import F
from django.db.models.functions import Collate, Lower, Upper

from workshop.lib import sqlite

pytestmark = pytest.mark.django_db


def _people(*names: str) -> None:
    for number, name in enumerate(names):
        get_user_model().objects.create(username=f"person-{number}", last_name=name)


@pytest.mark.parametrize("asked", ["ИВАНОВ", "иванов", "Иванов", "ваНо"])
def test_a_search_ignores_the_case_of_russian_letters(asked: str) -> None:
    _people("Иванов", "Петров")
    found = get_user_model().objects.filter(last_name__icontains=asked)
    assert [person.last_name for person in found] == ["Иванов"]


@pytest.mark.parametrize(
    ("lookup", "asked", "expected"),
    [
        ("iexact", "СЕМЁНОВ", ["Семёнов"]),
        ("istartswith", "сем", ["Семёнов"]),
        ("iendswith", "НОВ", ["Семёнов"]),
        ("icontains", "%", ["100% воды"]),
        ("icontains", "_", ["а_б"]),
        ("icontains", "\\", ["а\\б"]),
    ],
)
def test_lookups_mean_the_same_on_both_databases(
    lookup: str, asked: str, expected: list[str]
) -> None:
    _people("Семёнов", "100% воды", "а_б", "а\\б", "авб")
    found = get_user_model().objects.filter(**{f"last_name__{lookup}": asked})
    assert [person.last_name for person in found] == expected


@pytest.mark.parametrize("asked", ["СЕМЕНОВ", "семёнов", "СЕМЁНОВ"])
@pytest.mark.parametrize("written", ["Семёнов", "Семенов", "СЕМЁНОВ"])
def test_a_search_takes_e_for_yo(written: str, asked: str) -> None:
    _people(written)
    assert get_user_model().objects.filter(last_name__icontains=asked).exists()


def test_a_search_compares_columns() -> None:
    _people("Семёнов")
    get_user_model().objects.update(first_name="ЁНОВ")
    assert get_user_model().objects.filter(last_name__icontains=F("first_name")).exists()


def test_lower_and_upper_know_russian() -> None:
    _people("Ёлкин")
    row = get_user_model().objects.values_list(Lower("last_name"), Upper("last_name")).get()
    assert row == ("ёлкин", "ЁЛКИН")


@pytest.mark.sqlite
def test_yo_stands_beside_e_in_the_alphabet() -> None:
    _people("Жуков", "Ёлкин", "Егоров", "Яшин", "ежов")
    ordered = get_user_model().objects.order_by(Collate(F("last_name"), sqlite.COLLATION))
    names = [person.last_name for person in ordered]
    assert names == ["Егоров", "ежов", "Ёлкин", "Жуков", "Яшин"]


@pytest.mark.sqlite
def test_the_embedded_database_waits_instead_of_failing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert connection.settings_dict["OPTIONS"]["timeout"] == 20
