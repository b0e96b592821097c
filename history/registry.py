"""Registries that upper apps fill while they load: event kinds, subscribers, outbox consumers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from attrs import fields, frozen
from django.utils.functional import Promise

from history.canonical import AS_THEY_ARE, plain

if TYPE_CHECKING:
    from history.commands import Run
    from history.models import Event

Consumer = Callable[["Event"], None]
Subscriber = Callable[[Sequence["Event"]], None]
Undoer = Callable[["Run", "Event", str], None]


@frozen(slots=False)
class Payload:
    """Base of typed payloads: frozen classes of JSON values that tell themselves in words.

    Without slots, their values are put into the object at once: an import makes nine a receipt.
    """

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1
    label: ClassVar[str | Promise] = ""
    # The scope that reading it needs, beside that of the history; empty: nothing more.
    scope: ClassVar[str] = ""

    def words(self) -> str:
        """The event in words, with old → new, in the active language."""
        return str(self.label)

    def as_json(self) -> dict[str, Any]:
        """What is stored: only JSON values."""
        return {
            name: value if type(value) in AS_THEY_ARE else plain(value)
            for name, value in self.__dict__.items()  # its fields in their order
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Payload:
        """Inverse of :meth:`as_json`; keys that this version does not know are ignored."""
        known = _names(cast(Any, cls))
        return cls(**{key: value for key, value in data.items() if key in known})


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a payload in their order."""
    return tuple(item.name for item in fields(kind))


P = TypeVar("P", bound=Payload)

_kinds: dict[str, type[Payload]] = {}
_consumers: dict[str, Consumer] = {}
_subscribers: dict[str, Subscriber] = {}
_undoers: dict[str, Undoer] = {}


def event_kind(
    kind: str, label: str | Promise, *, version: int = 1, scope: str = ""
) -> Callable[[type[P]], type[P]]:
    """Class decorator: registers a frozen payload class under ``kind``."""

    def register(cls: type[P]) -> type[P]:
        if kind in _kinds:
            raise ValueError(f"event kind {kind} is registered twice")
        if "__attrs_attrs__" not in vars(cls):  # the fields of a data class would get lost
            raise TypeError(f"event kind {kind}: {cls.__name__} needs @frozen(slots=False)")
        cls.kind, cls.version, cls.label, cls.scope = kind, version, label, scope
        _kinds[kind] = cls
        return cls

    return register


def payload_class(kind: str) -> type[Payload]:
    """The payload class of ``kind``; LookupError for a kind nobody registered."""
    try:
        return _kinds[kind]
    except KeyError:
        raise LookupError(f"unknown event kind: {kind}") from None


def kinds() -> dict[str, type[Payload]]:
    """All registered kinds, for filters, documentation and tests."""
    return dict(_kinds)


def kept_from(scopes: Collection[str]) -> list[str]:
    """The kinds that need a scope which is not among ``scopes``."""
    return sorted(name for name, one in _kinds.items() if one.scope and one.scope not in scopes)


def load(event: Event) -> Payload:
    """The typed payload of a stored event."""
    return payload_class(event.kind).from_json(event.payload)


def undoes(kind: str) -> Callable[[Undoer], Undoer]:
    """Decorator: ``undoer(run, event, reason)`` takes back an event of ``kind``."""

    def register(undoer: Undoer) -> Undoer:
        _undoers[kind] = undoer
        return undoer

    return register


def undoer_of(kind: str) -> Undoer | None:
    """How an event of ``kind`` is taken back; None when it cannot be."""
    return _undoers.get(kind)


def register_consumer(name: str, consumer: Consumer) -> None:
    """``consumer(event)`` is called by the relay, in its transaction; it only inserts rows."""
    _consumers[name] = consumer


def register_subscriber(name: str, subscriber: Subscriber) -> None:
    """``subscriber(events)`` runs in the transaction of the change, with one event or, when a
    history is written in bulk, with all of them. Only for insert-only marks.
    """
    _subscribers[name] = subscriber


def consumers() -> dict[str, Consumer]:
    return dict(_consumers)


def subscribers() -> dict[str, Subscriber]:
    return dict(_subscribers)


@contextmanager
def consumer(name: str, function: Consumer) -> Iterator[None]:
    """A consumer for the length of a block (tests, one-off jobs)."""
    _consumers[name] = function
    try:
        yield
    finally:
        del _consumers[name]
