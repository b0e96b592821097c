"""P2 at a twentieth: every watch is handed over once, every act answered; speed is not judged."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_the_whole_path_of_the_bot() -> None:
    result = run("benchmarks.p2", "--small --parts plain")
    assert (result["goal"], result["met"], result["judged"]) == ("P2", True, "answers")
    assert result["parts"]["plain"]["equal"] is True
    assert {"floor", "ours", "ratio", "spread", "n", "seed", "versions"} <= set(result)
