"""Commands: the same key has one effect, whoever repeats it and however often.

A public service is decorated with :func:`verb`. The outermost one opens a transaction, inserts
the command row first (a twin waits on the unique key and then replays) and stores the ids of the
result. Inner services are handed the open command and join it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from history.canonical import digest
from history.models import Command, Event
from history.record import record_event
from history.registry import Payload
from history.telling import ALREADY, REPLAYED, told
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.compiled import Change, Insertion
from workshop.lib.errors import RuleViolation

P = ParamSpec("P")
T = TypeVar("T", bound=models.Model)


@dataclass(frozen=True)
class CommandKey:
    """The key of a press or request, unique per ``client``: ``bot:<person>``, ``admin:<user>``…"""

    client: str
    key: str


CommandRef = CommandKey | Command | None

_commands = Insertion(Command)
_answer = Change(lambda slot: (Command.objects.filter(pk=slot("pk")), {"result": slot("result")}))

_NOT_HASHED = frozenset({"actor", "command", "at"})


@dataclass(frozen=True)
class Already:
    """The asked result was true before: who made it so, and when."""

    who: str
    when: datetime


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What a service answers: the fresh object, and how it came about.

    ``extra`` is stored with the command and comes again in a replay; ``shown_once`` (a new token)
    is stored nowhere and a replay answers without it.
    """

    object: T
    already: Already | None = None
    replayed: bool = False
    warnings: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    shown_once: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: Command | None = None


@dataclass(frozen=True)
class Run:
    """The open command inside a service: who, when, under which key."""

    actor: Actor
    command: Command
    at: datetime

    @classmethod
    def of(cls, actor: Actor, command: CommandRef, at: datetime | None) -> Run:
        """Narrow the arguments of a decorated service."""
        if not isinstance(command, Command):
            raise TypeError("a service was called without its @verb decorator")
        return cls(actor, command, at or clock.now())

    def record(
        self, stream: str, payload: Payload, *, occurred_at: datetime | None = None
    ) -> Event:
        """Write one event in this command."""
        return record_event(
            stream=stream,
            payload=payload,
            actor=self.actor,
            command=self.command,
            occurred_at=occurred_at or self.at,
        )


def verb(
    name: str, model: str, *, secret: Collection[str] = ()
) -> Callable[[Callable[P, Outcome[T]]], Callable[P, Outcome[T]]]:
    """Make a function a public service called ``name`` that answers with a row of ``model``.

    Arguments named in ``secret`` stay out of the hash that is kept of them: the plain hash of a
    password could be guessed from a stolen table. A door may pass ``precondition``: it is called
    in the transaction before the service, never for a replay, and raises what it has to refuse.
    """

    def decorate(service: Callable[P, Outcome[T]]) -> Callable[P, Outcome[T]]:
        @wraps(service)
        def run(*args: P.args, **kwargs: P.kwargs) -> Outcome[T]:
            if args:
                raise TypeError(f"{name} takes keyword arguments only")
            if isinstance(kwargs.get("command"), Command):
                return service(*args, **kwargs)
            precondition = kwargs.pop("precondition", None)
            with told(name, kwargs) as end, transaction.atomic():
                command, is_new = _open(name, kwargs, _NOT_HASHED.union(secret))
                if not is_new:
                    end.outcome = REPLAYED
                    return cast(Outcome[T], _replay(command, model))
                if callable(precondition):
                    precondition()
                kwargs["command"] = command
                kwargs["at"] = kwargs.get("at") or clock.now()
                outcome = service(*args, **kwargs)
                _close(command, outcome)
                if outcome.already:
                    end.outcome = ALREADY
                return replace(outcome, command=command)

        return run

    return decorate


def _open(
    name: str, kwargs: Mapping[str, Any], not_hashed: Collection[str]
) -> tuple[Command, bool]:
    """Insert the command row; on a known key return the earlier row instead."""
    actor: Actor = kwargs["actor"]
    key = kwargs.get("command") or CommandKey("once", secrets.token_urlsafe(18))
    arguments = {k: v for k, v in kwargs.items() if k not in not_hashed}
    row = Command(
        client=key.client,
        key=key.key,
        verb=name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        arguments_hash=digest({"verb": name, "arguments": arguments}),
        created_at=clock.now(),
    )
    try:
        with transaction.atomic():
            _commands.save(row)
    except IntegrityError:
        return _twin(row), False
    return row, True


def _twin(row: Command) -> Command:
    earlier = Command.objects.get(client=row.client, key=row.key)
    same_actor = (earlier.actor_kind, earlier.actor_id) == (row.actor_kind, row.actor_id)
    if earlier.arguments_hash != row.arguments_hash or not same_actor:
        raise RuleViolation(
            "command.key_reused",
            _("This command key was already used for something else."),
            field="command",
        )
    return earlier


def _close(command: Command, outcome: Outcome[Any]) -> None:
    command.result = {
        "id": outcome.object.pk,
        "extra": dict(outcome.extra),
        "warnings": list(outcome.warnings),
        "already": (
            {"who": outcome.already.who, "when": clock.iso(outcome.already.when)}
            if outcome.already
            else None
        ),
    }
    _answer.run(pk=command.pk, result=command.result)


def _replay(command: Command, model: str) -> Outcome[Any]:
    """The answer of the first time, with the object as it is now."""
    stored = command.result
    already = stored.get("already")
    when = clock.from_iso(already["when"]) if already else None
    return Outcome(
        object=apps.get_model(model)._default_manager.get(pk=stored["id"]),
        already=Already(already["who"], when) if already and when else None,
        replayed=True,
        warnings=tuple(stored.get("warnings", ())),
        extra=stored.get("extra", {}),
        command=command,
    )
