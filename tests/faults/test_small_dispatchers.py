"""Two live dispatchers of webhooks, in small, as a program."""

from __future__ import annotations

import pytest

from tests.programs import run

pytestmark = pytest.mark.program


@pytest.mark.postgres
def test_two_live_dispatchers_send_each_message_once_and_in_order() -> None:
    result = run("tests.faults.dispatchers", "--small")
    told = ("lost", "double", "duplicates", "disorder", "other_bytes", "wrong_signatures")
    assert {name: result[name] for name in told} == dict.fromkeys(told, 0)
    assert result["runs"] == 180
    assert [len(shares) for shares in result["seen_sending"]] == [2]
