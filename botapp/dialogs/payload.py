"""Payloads of buttons: ``1:<nonce>:<action>:<value>``, at most 64 bytes, checked on the way in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

VERSION: Final = "1"
LIMIT: Final = 64  # bytes, Telegram's own
STATELESS: Final = "-"  # in place of the nonce: buttons of notices, valid at any time

_SHAPE = re.compile(r"1:([\w-]{1,12}):([a-z_]{1,20}):([^\x00-\x1f]{0,50})\Z")


@dataclass(frozen=True)
class Press:
    nonce: str
    action: str
    value: str


def build(nonce: str, action: str, value: str | int = "") -> str:
    """Raises ValueError for a payload that would be refused: a mistake of the screen."""
    text = f"{VERSION}:{nonce}:{action}:{value}"
    if len(text.encode()) > LIMIT or not _SHAPE.match(text):
        raise ValueError(f"not a valid payload of a button: {action}")
    return text


def parse(text: str) -> Press | None:
    """None for anything that we did not build: another version, another program, a forgery."""
    found = _SHAPE.match(text)
    return Press(*found.groups()) if found and len(text.encode()) <= LIMIT else None
