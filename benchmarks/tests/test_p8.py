"""P8 at a twentieth: the import writes what the floor copies, wrong rows are told."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_import_against_copy_and_save() -> None:
    result = run("benchmarks.p8", "--small")
    assert (result["goal"], result["met"], result["judged"]) == ("P8", True, "answers")
    assert all(part["equal"] for part in result["parts"].values())
