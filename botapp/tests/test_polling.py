"""The offset of polling: what it confirms, and when it is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from botapp.polling import Poller
from botapp.transport.port import Arrived, TransportError

Answer = Sequence[int] | Exception


class ScriptedDoor:
    """Answers getUpdates as told, and notes with which offset it was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers, self.offsets = list(answers), list[int | None]()
        self.poller: Poller | None = None

    async def listen(self, url: str, secret: str) -> None:
        assert url == ""

    async def fetch(self, offset: int | None, seconds: int) -> list[Arrived]:
        self.offsets.append(offset)
        answer = self.answers.pop(0)
        if not self.answers and self.poller is not None:
            self.poller.stop()
        if isinstance(answer, Exception):
            raise answer
        return [Arrived(number, 1, 1, "{}") for number in answer]


class OurTurn:
    since = 0.0

    async def hold(self, *, sure: bool = False) -> bool:
        return True

    async def release(self) -> None: ...


def offsets(answers: Sequence[Answer], committed: Sequence[bool] = ()) -> list[int | None]:
    """The offsets asked for, while the batches are committed or not."""
    door: Any = ScriptedDoor(answers)
    outcomes = list(committed)

    async def keep(_batch: list[Arrived]) -> bool:
        return outcomes.pop(0) if outcomes else True

    async def run() -> None:
        turn: Any = OurTurn()
        door.poller = Poller(door, turn, keep)
        await door.poller.run()

    asyncio.run(run())
    found: list[int | None] = door.offsets
    return found


def test_a_batch_is_confirmed_once_it_is_committed() -> None:
    assert offsets([[5, 6], [7], [8]]) == [None, 7, 8]


def test_what_was_not_committed_is_asked_for_again(monkeypatch: Any) -> None:
    monkeypatch.setattr("botapp.polling.BACKOFF", (0.0,))
    assert offsets([[5], [5], [6]], committed=[False, True]) == [None, None, 6]


def test_a_failure_keeps_the_offset(monkeypatch: Any) -> None:
    monkeypatch.setattr("botapp.polling.BACKOFF", (0.0,))
    assert offsets([[5], TransportError("cut"), [6]]) == [None, 6, 6]


def test_after_a_pause_lower_numbers_are_not_thrown_away() -> None:
    """After a week without updates the messenger begins with any number."""
    assert offsets([[900], [], [17], [18]]) == [None, 901, None, 18]
