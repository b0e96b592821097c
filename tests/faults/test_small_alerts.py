"""`make faults-alerts` with four faults: each raises its own alert, none raises another."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


def test_four_faults_and_a_quiet_quarter_of_an_hour() -> None:
    result = run("tests.faults.alerts", "--small")
    assert (result["met"], result["runs"]) == (True, 4)
    assert (result["lost"], result["false"]) == (0, 0)
    assert result["quiet_minutes"] == 15
