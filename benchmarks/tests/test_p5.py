"""P5 at a small size: the dashboard's answers are those of a GROUP BY, while people write."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_dashboards_of_a_long_and_a_short_history() -> None:
    result = run("benchmarks.p5", "--small")
    assert (result["goal"], result["met"], result["judged"]) == ("P5", True, "answers")
    assert set(result["parts"]) == {"still", "busy"}
    assert all(part["equal"] for part in result["parts"].values())
    assert min(result["parts"]["busy"]["marks"]) > 0
