"""The timing of refusals in small: all refused and alike; the time itself is not judged."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = [pytest.mark.program, pytest.mark.postgres]


def test_every_wrong_key_is_refused_alike() -> None:
    result = run("tests.faults.keys", "--small")
    assert (result["allowed"], result["answers"]) == (0, 1)
    assert set(result["parts"]) == {"unknown", "wrong", "near"}
