"""Events of a bulk writing: hashed and copied as bytes, with the columns of ``record_event``.

Most columns of the events that one actor writes are the same: they are put into a form once for
each kind of event, and what differs is filled in. The canonical JSON of a payload serves the hash
and the table alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from history.bulk_rows import copied
from history.canonical import encoded
from history.chain import HASHED_FIELDS, link
from history.models import Event
from history.registry import Payload

# What differs from one event to the next, in the order in which the forms have places for it.
_HASHED: Final = {
    "command_id": b"%d", "occurred_at": b'"%b"', "ordinal": b"%d", "payload": b"%b",
    "sequence": b"%d", "stream": b"%b",
}  # fmt: skip
_COPIED: Final = {
    "id": b"%d", "stream": b"%b", "sequence": b"%d", "payload": b"%b", "occurred_at": b"%b",
    "command_id": b"%d", "ordinal": b"%d", "previous_hash": b"%b", "hash": b"%b",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """The columns that all events of an actor and a kind share, and two texts around them."""

    kind: str
    columns: Mapping[str, Any]
    hashed: bytes
    line: bytes

    @classmethod
    def of(cls, payload: type[Payload], shared: Mapping[str, Any], recorded_at: str) -> Form:
        """``shared`` are the columns that tell of the actor."""
        columns = {**shared, "kind": payload.kind, "version": payload.version}
        told = {**columns, "recorded_at": recorded_at}
        hashed = [
            encoded(name) + b":" + (_HASHED.get(name) or _literal(encoded(told[name])))
            for name in sorted(HASHED_FIELDS)  # as canonical JSON orders them
        ]
        names = [item.attname for item in Event._meta.concrete_fields]
        line = [_COPIED.get(name) or _literal(copied(told[name])) for name in names]
        return cls(payload.kind, columns, b"{" + b",".join(hashed) + b"}", b"\t".join(line) + b"\n")


class Named(Protocol):
    """A stream by its name: as COPY takes it, and in canonical form."""

    copied: bytes
    encoded: bytes


def _literal(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


class NewEvent:
    """The columns of an event; a model instance of each would double the time."""

    __slots__ = (
        "_form", "_occurred", "_payload", "_stream", "command_id", "hash", "id", "kind",
        "occurred_at", "ordinal", "payload", "previous_hash", "recorded_at", "sequence", "stream",
    )  # fmt: skip
    id: int
    command_id: int
    ordinal: int
    recorded_at: datetime
    kind: str

    def __init__(
        self, stream: str, sequence: int, occurred_at: datetime, previous_hash: str = ""
    ) -> None:
        self.stream, self.sequence, self.occurred_at = stream, sequence, occurred_at
        self.previous_hash, self.hash = previous_hash, ""

    def fill(self, form: Form, payload: dict[str, Any], occurred: bytes, head: Named) -> None:
        """Hash it; its ids and the moment of recording are there. ``occurred`` is its moment in
        canonical form."""
        self._form, self.payload, self._occurred = form, payload, occurred
        self.kind, self._stream, self._payload = form.kind, head.copied, encoded(payload)
        body = form.hashed % (
            self.command_id,
            occurred,
            self.ordinal,
            self._payload,
            self.sequence,
            head.encoded,
        )
        self.hash = link(body, self.previous_hash)

    def line(self) -> bytes:
        """As COPY takes it."""
        return self._form.line % (
            self.id,
            self._stream,
            self.sequence,
            self._payload.replace(b"\\", b"\\\\"),
            self._occurred,
            self.command_id,
            self.ordinal,
            self.previous_hash.encode(),
            self.hash.encode(),
        )


def _shared(name: str) -> property:
    """A column that an event shares with the others of its form."""
    return property(lambda event: event._form.columns[name])


for _item in Event._meta.concrete_fields:
    if _item.attname not in NewEvent.__slots__:
        setattr(NewEvent, _item.attname, _shared(_item.attname))


def lines(events: Sequence[NewEvent]) -> bytes:
    """All of them for COPY, with every column of the table."""
    return b"".join([event.line() for event in events])
