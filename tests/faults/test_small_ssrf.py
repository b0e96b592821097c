"""The hostile receivers of webhooks at a twentieth, as a program."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


def test_webhooks_are_not_led_inside() -> None:
    result = run("tests.faults.ssrf", "--small")
    assert (result["reached_inside"], result["wrong"], result["lost"]) == ([], [], 0)
    assert len(result["parts"]) == 11
    assert result["honest"] == 6
