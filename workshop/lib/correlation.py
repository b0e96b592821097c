"""One id from the button to the receiver, and the facts that every line about it carries.

A door binds the id of what it lets in (:func:`caused_by`): a request, an update of the bot, a run
of a job, a command line. Events keep it; what is derived from an event later binds it again. The
facts are ids and words of the program, never names or texts of people (``workshop.lib.masking``).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from workshop.lib.actor import Actor

LONGEST: Final = 64  # characters, as events keep it
HEADER: Final = "X-Request-ID"

_SHAPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}")
_COMMAND: Final = re.compile(r"[a-z_]{1,30}")
# What proxies make: 128 bits, with or without the dashes of a UUID. A phone is no such thing.
_OF_A_PROXY: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_facts: ContextVar[Mapping[str, Any]] = ContextVar("facts", default={})  # noqa: B039  never changed


def request_id() -> str:
    """The id of what is going on; empty where no door has bound one."""
    return str(_facts.get().get("request_id", ""))


def facts() -> Mapping[str, Any]:
    """What the log lines of this moment carry."""
    return _facts.get()


def new_id() -> str:
    return str(uuid.uuid4())


def of_command(arguments: Sequence[str]) -> str:
    """``cli:<command>:<random>``: of everything that one command line does."""
    name = arguments[0] if arguments and _COMMAND.fullmatch(arguments[0]) else ""
    return f"cli:{name}:{secrets.token_hex(8)}"


def passed_on(text: str | None) -> str:
    """The id a trusted proxy has sent; empty when it has not the form of one."""
    return text if text and _OF_A_PROXY.fullmatch(text) else ""


def is_id(text: str) -> bool:
    """Has the text the form of an id of ours?"""
    return _SHAPE.fullmatch(text) is not None


def trace_of(correlation_id: str) -> int:
    """The 128 bits of its trace: those of a UUID itself, else of the SHA-256 of the id."""
    if _OF_A_PROXY.fullmatch(correlation_id):
        return int(correlation_id.replace("-", ""), 16) or 1
    return int.from_bytes(hashlib.sha256(correlation_id.encode()).digest()[:16])


@contextmanager
def caused_by(correlation_id: str, **more: Any) -> Iterator[None]:
    """A door: inside the block this is the id, with these facts and no others.

    An event of former times has none: then the block keeps that of the run that handles it.
    """
    token = _facts.set({"request_id": correlation_id or request_id(), **more})
    try:
        yield
    finally:
        _facts.reset(token)


@contextmanager
def with_facts(**more: Any) -> Iterator[None]:
    """More facts inside the block. When it fails they stay until the end of the door's block: the
    line about the failure is written there.
    """
    token = _facts.set({**_facts.get(), **more})
    yield
    _facts.reset(token)


def note(**more: Any) -> None:
    """More facts until the end of the door's block."""
    if _facts.get():
        _facts.set({**_facts.get(), **more})


def of_actor(actor: Actor) -> dict[str, Any]:
    """Who acts, as facts: kind and id, roles, door. No name, and no account of a messenger."""
    told: dict[str, Any] = {"actor": actor.kind, "channel": actor.channel.name}
    if actor.id is not None:
        told["actor"] = f"{actor.kind}:{actor.id}"
    if actor.roles:
        told["roles"] = ",".join(sorted(actor.roles))
    return told


def add_facts(_logger: Any, _method: str, event: Any) -> Any:
    """structlog processor: a line's own facts win."""
    for name, value in _facts.get().items():
        event.setdefault(name, value)
    return event
