"""Canaries: values like those of people and secrets, each found again wherever it comes out."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC: Final = "абвгдежзиклмнопрстуфхцчшщэюя"
JOINTS: Final = re.compile(r"[ ()+\-\u00a0]")


@dataclass(frozen=True)
class Canary:
    """``core`` is what betrays it: the value, or the part that no frame around it changes."""

    kind: str
    value: str
    core: str


def _word(draw: random.Random, letters: str, length: int) -> str:
    return "".join(draw.choices(letters, k=length))


def _name(draw: random.Random) -> Canary:
    family = _word(draw, CYRILLIC, 9)
    return Canary("name", f"{family.title()} Петрович", family)


def _latin(draw: random.Random) -> Canary:
    """A name that looks like a word of a program."""
    family = _word(draw, LETTERS, 11)
    return Canary("latin", draw.choice((family, family.title(), f"ivan.{family}")), family)


def _phone(draw: random.Random) -> Canary:
    digits = "9" + "".join(draw.choices("0123456789", k=9))
    form = draw.choice(("+7{}", "8{}", "{}", "+7 {}{}{} {}{}{}-{}{}-{}{}"))
    text = form.format(*digits) if form.count("{}") > 1 else form.format(digits)
    return Canary("phone", text, digits)


def _email(draw: random.Random) -> Canary:
    name = _word(draw, LETTERS, 12)
    return Canary("e-mail", f"{name}@example.org", name)


def _secret(kind: str, frame: str) -> Callable[[random.Random], Canary]:
    def make(draw: random.Random) -> Canary:
        body = _word(draw, LETTERS + LETTERS.upper() + "0123456789", 32)
        return Canary(kind, frame.format(body), body)

    return make


def _webhook_secret(draw: random.Random) -> Canary:
    body = base64.b64encode(draw.randbytes(24)).decode()
    return Canary("webhook secret", f"whsec_{body}", body)


KINDS: Final[Mapping[str, Callable[[random.Random], Canary]]] = {
    "name": _name,
    "latin": _latin,
    "phone": _phone,
    "e-mail": _email,
    "search": _latin,
    "comment": _name,
    "bot token": _secret("bot token", "8123456789:{}"),
    "API key": _secret("API key", "rpsg_ab12_{}"),
    "password": _secret("password", "pass {}"),
    "tracking token": _secret("tracking token", "{}"),
    "webhook secret": _webhook_secret,
}


@dataclass
class Cage:
    """Hands canaries out, and looks for all of them later."""

    seed: int = 1
    out: list[Canary] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    def take(self, kind: str) -> str:
        made = KINDS[kind](self._draw)
        self.out.append(made)
        return made.value

    def any(self) -> str:
        return self.take(self._draw.choice(list(KINDS)))

    def found_in(self, text: str) -> list[Canary]:
        """Also behind escapes of JSON and addresses, in any case, phones in any spelling."""
        faces = [one.casefold() for one in _faces(text)]
        bare = [JOINTS.sub("", one) for one in faces]
        return [
            one
            for one in self.out
            if any(one.core.casefold() in face for face in (bare if one.kind == "phone" else faces))
        ]


def _faces(text: str) -> Iterator[str]:
    yield text
    if "%" in text:
        yield unquote_plus(text)
    if "\\" in text:
        yield re.sub(r"\\u[0-9a-f]{4}", lambda one: json.loads(f'"{one[0]}"'), text, flags=re.I)
