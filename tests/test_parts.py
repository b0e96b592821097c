"""Every test belongs to a part of `make test`, and nothing is left out by an outdated name."""

from functools import cache
from pathlib import Path

import pytest

from tests import parts
from tests.run import NO_TESTS, verdict


@pytest.mark.parametrize("place", [*parts.SQLITE_ALONE, *parts.ON_BOTH])
def test_the_named_places_exist(place: str) -> None:
    found = [path.relative_to(parts.ROOT).as_posix() for path in _test_files()]
    assert any(path.startswith(place) for path in found)


@cache
def _test_files() -> list[Path]:
    folders = [path for path in parts.ROOT.iterdir() if not path.name.startswith(".")]
    return [path for folder in folders for path in folder.glob("**/test_*.py")]


def test_every_selected_test_belongs_somewhere(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        assert any(parts.belongs(item, part) for part in parts.PARTS), item.nodeid


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([0, 0, 0], 0), ([0, NO_TESTS], 0), ([NO_TESTS, 1, 0], 1), ([NO_TESTS], NO_TESTS), ([2], 2)],
)
def test_an_empty_part_does_not_fail_the_others(codes: list[int], expected: int) -> None:
    assert verdict(codes) == expected
