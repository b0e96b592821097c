"""500 values of people and secrets through every door: none comes out for those who run it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from staff import roles
from tests.api.callers import make_caller
from tests.canaries.errors import BREAKERS, break_with
from tests.canaries.outlets import Outlets, open_outlets
from tests.canaries.places import PLACES, Places
from tests.canaries.planted import Cage
from tests.canaries.traffic import Doors
from tests.cast import make_cast
from tests.office.conftest import make_user, signed_in

ERRORS = 209  # each of the places eleven times
MEANT = {"parse", "rule"}  # refusals: their text is for whoever has asked
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def outlets(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outlets]:
    with open_outlets(settings, monkeypatch) as found:
        yield found


@pytest.fixture
def cage() -> Cage:
    return Cage()


@pytest.fixture
def doors(transactional_db: None, cage: Cage, media: object) -> Doors:
    cast = make_cast()
    user = make_user("anna", roles.GROUPS[roles.MANAGER], roles.ADMINISTRATORS)
    office = signed_in(user)
    office.raise_request_exception = False
    caller = make_caller("canaries", employee_id=cast.igor.pk)
    caller.http.raise_request_exception = False
    return Doors(cage, cast, caller, office)


def test_traffic(outlets: Outlets, doors: Doors, cage: Cage) -> None:
    while len(cage.out) < 500:
        for one in doors.rounds():
            one(doors)
    assert outlets.leaks(cage) == []
    lines = outlets.json.lines
    assert len(lines) > 200
    assert not [one for one in lines if one["level"] in ("error", "critical")], "a bug of ours"
    assert {one.get("channel") for one in lines} >= {"api", "admin", "web", "bot"}


def test_errors(
    outlets: Outlets, doors: Doors, cage: Cage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each sort at some place, and at each place several."""
    places, makers = Places(doors, monkeypatch), list(BREAKERS.items())
    silent = set[str]()
    for number in range(ERRORS):
        place = list(PLACES)[number % len(PLACES)]
        sort, breaker = makers[number % len(makers)]
        before, known = len(outlets.json.text), len(places.answers)
        places.broken(place, partial(break_with, breaker, cage))
        told = outlets.json.text[before:]
        if '"exception"' not in told and '"level": "warning"' not in told:
            silent.add(f"{place} {sort}")
        if sort in MEANT:
            del places.answers[known:]
    assert outlets.leaks(cage) == []
    assert not cage.found_in("\n".join(places.answers))
    assert silent == set(), "an error that nobody is told of"
    assert len(outlets.reports.events()) > ERRORS / 2
