"""Scripted faults: what goes wrong with the next calls of a method.

A fault is JSON: `{"method": "sendMessage", "chat_id": 1001, "times": 2, "kind": "429",
"retry_after": 3}`. `method` "*" means any, "file" means file downloads; `chat_id` is optional.

| kind | what the caller sees |
|---|---|
| 429, 500, 502 or another status | that answer, nothing is done; with `after` true it is done |
| cut_before, cut_after | the connection is cut before or after the effect |
| hang | the effect is not done, silence for `seconds`, then 504 |
| hang_after | the effect is done, then silence for `seconds`, then 504 |
| delay | everything works, `seconds` later |
"""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from simulator.errors import ApiError

_KINDS = ("cut_before", "cut_after", "hang", "hang_after", "delay")


class CutConnectionError(Exception):
    """Tells the server to abort the transport instead of answering."""


@dataclass
class Fault:
    method: str
    kind: str
    times: int = 1
    chat_id: int | None = None
    seconds: float = 0
    retry_after: int = 1
    after: bool = False

    def fits(self, method: str, chat_id: int | None) -> bool:
        if self.method not in ("*", method):
            return False
        return self.chat_id is None or self.chat_id == chat_id

    async def before_effect(self) -> None:
        """Raises ApiError or CutConnectionError; returns when the call shall go on."""
        if self.kind == "cut_before":
            raise CutConnectionError
        if self.kind in ("hang", "delay"):
            await asyncio.sleep(self.seconds)
        if self.kind == "hang":
            raise ApiError(504, "Gateway Timeout")
        if not self.after:
            self._answer_status()

    async def after_effect(self) -> None:
        if self.kind == "cut_after":
            raise CutConnectionError
        if self.kind == "hang_after":
            await asyncio.sleep(self.seconds)
            raise ApiError(504, "Gateway Timeout")
        if self.after:
            self._answer_status()

    def _answer_status(self) -> None:
        if self.kind.isdigit():
            code = int(self.kind)
            raise ApiError(code, retry_after=self.retry_after if code == 429 else None)


class Faults:
    def __init__(self) -> None:
        self._script: list[Fault] = []

    def add(self, raw: dict[str, Any]) -> None:
        """Raises ValueError when the fault is not understood."""
        try:
            fault = Fault(**{**raw, "kind": str(raw.get("kind", ""))})
        except TypeError as error:
            raise ValueError(f"bad fault: {error}") from error
        is_status = fault.kind.isdigit() and 400 <= int(fault.kind) <= 599
        if fault.kind not in _KINDS and not is_status:
            raise ValueError(f"unknown fault kind {fault.kind!r}")
        if fault.times < 1:
            raise ValueError("times must be at least 1")
        self._script.append(fault)

    def clear(self) -> None:
        self._script.clear()

    def listing(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._script]

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The first fitting fault, used up once."""
        for fault in self._script:
            if fault.fits(method, chat_id):
                fault.times -= 1
                if fault.times == 0:
                    self._script.remove(fault)
                return fault
        return None
