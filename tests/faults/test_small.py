"""The fault runs at a twentieth of their size, as programs: one JSON object, exit code 0."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
@pytest.mark.parametrize(
    "arguments",
    [
        "--parts kills --kills 1 --backlog 25",
        "--parts takeover --takeovers 1",
        "--parts pairs --pairs 10",
        "--parts doors --pairs 10",
        "--parts taps --taps 9",
    ],
)
def test_the_bot_under_faults(arguments: str) -> None:
    result = run("tests.faults.bot", arguments)
    assert (result["lost"], result["double"], result["met"]) == (0, 0, True)
    assert {"duplicates", "runs", "seeds", "versions", "parts"} <= set(result)


@pytest.mark.postgres
def test_repeated_writes_of_the_api() -> None:
    result = run("tests.faults.api", "--schedules 2 --only polishing")
    assert (result["lost"], result["double"], result["errors"], result["met"]) == (0, 0, 0, True)
    assert result["addresses"] >= 6


@pytest.mark.postgres
def test_forged_updates() -> None:
    result = run("tests.faults.forged", "--count 120 --people 10")
    assert (result["double"], result["lost"], result["leaks"], result["met"]) == (0, 0, 0, True)
    assert len(result["parts"]) == 12


@pytest.mark.postgres
def test_reminders_under_faults() -> None:
    result = run("tests.faults.reminders", "--small")
    assert (result["lost"], result["table"]["extra"]["count"], result["met"]) == (0, 0, True)
    assert result["expected"] > 300


@pytest.mark.postgres
def test_the_delivery_under_kills() -> None:
    result = run("tests.faults.delivery", "--small --people 10")
    assert (result["lost"], result["duplicates_unmarked"], result["met"]) == (0, 0, True)
    assert result["takeover"]["notices"] == 30


@pytest.mark.postgres
def test_webhooks_under_an_outage_and_kills() -> None:
    result = run("tests.faults.webhooks", "--small --parts outage")
    part = result["parts"]["outage"]
    assert (part["delivered"], part["kills"], part["disorder"]) == (500, 2, 0)
    assert part["duplicates"] >= part["kills"]


@pytest.mark.postgres
def test_a_lost_workshop_comes_back_from_its_backup() -> None:
    result = run("tests.faults.backups", "--small")
    assert (result["lost"], result["damages"]["wrong"], result["met"]) == (0, [], True)
    assert result["damages"]["count"] == 4
    assert result["used"]["pressed"] == 1
