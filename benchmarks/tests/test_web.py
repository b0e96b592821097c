"""The benchmarks of the site at a twentieth: the answers are judged, not the speed."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = [pytest.mark.program, pytest.mark.postgres]


def test_a_list_is_that_of_the_bare_application() -> None:
    result = run("benchmarks.p1", "--small")
    part = result["parts"]["list"]
    assert (result["goal"], part["equal"]) == ("P1", True)
    assert part["floor"] > 0 < part["ours"]


def test_connections_that_are_ended() -> None:
    result = run("benchmarks.p3", "--small")
    for name in ("pool", "kept"):
        part = result["parts"][name]
        assert (part["equal"], part["failed before"]) == (True, 0)
        assert part["ours"] <= 1


def test_the_limit_is_exact() -> None:
    result = run("benchmarks.p9", "--small")
    parts = result["parts"]
    assert {name: part["equal"] for name, part in parts.items()} == dict.fromkeys(parts, True)
    assert parts["refused"]["ours"] == parts["silent"]["ours"] == 0
