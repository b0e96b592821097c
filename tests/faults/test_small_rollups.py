"""`make faults-rollups` with three kills: nothing is lost, nothing counted twice."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_a_refresher_that_is_killed() -> None:
    result = run("tests.faults.rollups", "--small")
    assert (result["met"], result["lost"], result["double"]) == (True, 0, 0)
    assert result["kills"] == 3
    assert result["changes"] > 0
