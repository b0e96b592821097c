"""Ends in order and a silent database in small, as programs: one JSON object, exit code 0."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = [pytest.mark.program, pytest.mark.postgres]


def test_every_program_ends_in_order() -> None:
    result = run("tests.faults.stopping", "--small")
    assert (result["lost"], result["double"], result["duplicates"], result["cut"]) == (0, 0, 0, 0)
    assert result["stops_of_each"] == {"beat": 1, "bot": 1, "web": 1, "worker": 1}
    assert min(result["requests"], result["presses"], result["imported"], result["webhooks"]) > 0


def test_a_database_that_falls_silent() -> None:
    result = run("tests.faults.database", "--small")
    assert (result["lost"], result["double"], result["met"]) == (0, 0, True)
