"""Upgrades from every release and one step back, on both databases, as a program."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
@pytest.mark.parametrize("arguments", ["--receipts 30", "--receipts 30 --sqlite"])
def test_there_and_back(arguments: str) -> None:
    result = run("tests.upgrades.program", arguments)
    assert (result["lost"], result["met"]) == (0, True)
    assert result["runs"] >= 8
