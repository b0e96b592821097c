"""``among``: as ``in``, on either database, whatever stands in the texts."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

NASTY = ["{a,b}", 'a","b', "О'Нил", 'x"y', "\\N", "NULL", "%s", ""]


@pytest.mark.django_db
def test_among_finds_what_in_finds() -> None:
    people = get_user_model().objects
    for number, name in enumerate([*NASTY, "кто-то"]):
        people.create(username=f"u{number}", last_name=name)
    for asked in (NASTY, NASTY[:1], ["NULL"], ["null"], []):
        found = people.filter(last_name__among=asked).order_by("pk")
        assert list(found) == list(people.filter(last_name__in=asked).order_by("pk"))
    assert people.filter(last_name__among=set(NASTY)).count() == len(NASTY)
