"""An input is the same for the same number, whatever was sent before it."""

from __future__ import annotations

import json
import random

from tests.fuzz.doors.updates import WRONG, break_one


def test_what_is_put_in_is_not_broken_for_the_next_input() -> None:
    before = repr(WRONG)
    for number in range(500):
        draw, body = random.Random(number), {"chat": {"id": 1}, "text": "x"}
        for _part in range(6):
            if body:
                break_one(body, draw)
        json.dumps(body)  # nothing in it holds itself
    assert repr(WRONG) == before
