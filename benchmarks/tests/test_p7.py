"""P7 at a twentieth: every notice arrives once, without a refusal; speed is not judged."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_notices_to_people_and_groups() -> None:
    result = run("benchmarks.p7", "--small")
    assert (result["goal"], result["met"], result["judged"]) == ("P7", True, "answers")
    parts = result["parts"]
    assert all(parts[name]["equal"] for name in ("share", "closed"))
    assert parts["own_429"]["ours"] == 0
