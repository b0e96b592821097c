"""`make faults-imports` at a twentieth: killed, cancelled, twice; nothing is half."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_killed_and_cancelled_imports() -> None:
    result = run("tests.faults.imports", "--small")
    assert (result["met"], result["lost"], result["double"]) == (True, 0, 0)
    assert result["kills"] == 3
