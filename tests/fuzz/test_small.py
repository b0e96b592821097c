"""Fuzzing in small, as programs: one JSON object, exit code 0, nothing found."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_the_api_does_what_its_description_says() -> None:
    result = run("tests.fuzz.api", "--small")
    assert (result["findings"], result["server_errors"], result["history_findings"]) == (0, 0, 0)
    assert result["runs"] > 300


@pytest.mark.postgres
def test_bad_inputs_have_no_effect_at_any_door() -> None:
    result = run("tests.fuzz.inputs", "--small")
    kinds = ("server_errors", "given_up", "effects", "accepted", "untold", "english")
    assert {kind: result[kind] for kind in kinds} == dict.fromkeys(kinds, 0)
    assert set(result["parts"]) == {"api", "forms", "texts", "callbacks", "files", "updates"}
    assert result["runs"] == 900
