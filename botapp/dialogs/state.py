"""The state of a dialogue as it is stored: frames of screens, a parked stack, keyboards left."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from workshop.lib import clock

LEFT_RECENTLY = timedelta(seconds=30)
LEFT_KEPT = 8
MENU = "menu"


def new_nonce() -> str:
    return secrets.token_urlsafe(5)


@dataclass
class Frame:
    """One screen on the stack.

    ``nonce`` binds keyboards to this visit, ``key`` is the operation key of what is confirmed
    here; both are renewed together once a command has used the key. ``offered`` are the payloads
    of the last two drawings: nothing else can be pressed. ``note`` and ``error`` are safe markup.
    ``detour``: opened by a number typed in the middle of what stands below.
    """

    screen: str
    params: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    nonce: str = field(default_factory=new_nonce)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    offered: list[list[str]] = field(default_factory=list)
    page: int = 0
    note: str = ""
    error: str = ""
    retry: list[str] = field(default_factory=list)
    detour: bool = False

    def forget_messages(self) -> None:
        self.note, self.error, self.retry = "", "", []


@dataclass
class DialogState:
    stack: list[Frame] = field(default_factory=lambda: [Frame(MENU)])
    parked: list[Frame] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    @property
    def top(self) -> Frame:
        return self.stack[-1]

    def leave(self, frame: Frame, at: datetime) -> None:
        """From now on the keyboards of ``frame`` are old ones."""
        self.left = [*self.left, (frame.nonce, clock.iso(at) or "")][-LEFT_KEPT:]
        frame.nonce = new_nonce()
        frame.offered = []

    def renew(self, frame: Frame, at: datetime) -> None:
        """The key was used: the next press is another operation."""
        self.leave(frame, at)
        frame.key = secrets.token_urlsafe(12)

    def just_left(self, nonce: str, at: datetime) -> bool:
        """True for a keyboard that was current less than 30 s ago (a double tap)."""
        for known, when in self.left:
            left_at = clock.from_iso(when)
            if known == nonce and left_at is not None:
                return at - left_at < LEFT_RECENTLY
        return False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> DialogState:
        if not data:
            return cls()
        return cls(
            stack=[Frame(**frame) for frame in data["stack"]] or [Frame(MENU)],
            parked=[Frame(**frame) for frame in data["parked"]],
            left=[(nonce, when) for nonce, when in data["left"]],
        )
