"""Read once within one look, and always outside of it."""

from __future__ import annotations

import pytest

from workshop.lib.one_look import once, one_look


def test_once_within_a_look_and_always_outside() -> None:
    asked: list[int] = []

    @once
    def double(value: int) -> int:
        asked.append(value)
        if value < 0:
            raise ValueError(value)
        return 2 * value

    assert [double(1), double(1)] == [2, 2]
    assert asked == [1, 1]
    asked.clear()
    for _look in range(2):
        with one_look():
            assert [double(1), double(1), double(2)] == [2, 2, 4]
            with one_look():
                assert double(2) == 4
            for _attempt in range(2):
                with pytest.raises(ValueError, match="-1"):
                    double(-1)
    assert asked == [1, 2, -1, -1] * 2
    assert [double(1), asked[-1]] == [2, 1]
