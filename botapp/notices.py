"""Notices: which events tell whom what. The relay writes rows, the delivery loop sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botapp.dialogs import payload
from botapp.dialogs.markup import bounded, esc
from botapp.models import OutgoingMessage
from botapp.transport.port import File, Key, Message, Picture
from history import registry as history_registry
from history.models import Event
from receipts.models import Subscription
from staff.models import Employee
from staff.notice_kinds import NoticeKind, wants
from workshop.lib import clock

CONSUMER = "botapp.notices"


@dataclass(frozen=True)
class NoticeButton:
    """Opens something from a notice: ``opener`` was registered by ``@opener`` of the dialogs."""

    label: Any
    opener: str
    value: str | int = ""

    def key(self) -> Key:
        return Key(str(self.label), payload.build(payload.STATELESS, self.opener, self.value))


@dataclass(frozen=True)
class Notice:
    """The text of one message, made when it is sent, in the recipient's language."""

    text: Any
    rows: tuple[tuple[NoticeButton, ...], ...] = ()
    picture: Picture | None = None
    document: File | None = None

    def message(self) -> Message:
        keys = tuple(tuple(button.key() for button in row) for row in self.rows)
        return Message(bounded(esc(self.text)), keys, self.picture, self.document)


# The employee is None for a group and for a customer. None as the answer: there is nothing to
# tell any more.
Render = Callable[[Mapping[str, Any], Employee | None], Notice | None]


@dataclass(frozen=True)
class Addressed:
    """One message to one recipient: an employee, a customer who subscribed, or a group's chat.

    ``replace_key``: an older message to him with the same key is removed when this one arrives.
    """

    to: Employee | Subscription | int
    template: str
    params: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    replace_key: str = ""

    @property
    def recipient(self) -> str:
        if isinstance(self.to, int):
            return f"chat:{self.to}"
        return self.to.stream  # "employee:5", "subscription:7"

    @property
    def chat_id(self) -> int | None:
        """Of an employee it is looked up when the message is sent."""
        if isinstance(self.to, Employee):
            return None
        return self.to if isinstance(self.to, int) else self.to.telegram_id


Fan = Callable[[Event], Iterable[Addressed]]

_templates: dict[str, Render] = {}
_kinds: dict[str, NoticeKind] = {}
_fans: dict[str, list[Fan]] = {}


def template(name: str, *, kind: NoticeKind | None = None) -> Callable[[Render], Render]:
    """Decorator: the function renders the messages of this template.

    ``kind`` says what the person may switch off; None is an answer to something he asked for.
    """

    def register(render: Render) -> Render:
        _templates[name] = render
        if kind is not None:
            _kinds[name] = kind
        return render

    return register


def on_event(*kinds: str) -> Callable[[Fan], Fan]:
    """Decorator: for each event of these kinds the function yields whom to tell what.

    Runs in the relay's transaction; must not use the network. Silent events never come here.
    """

    def register(fan: Fan) -> Fan:
        for kind in kinds:
            _fans.setdefault(kind, []).append(fan)
        return fan

    return register


def render(name: str, params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    """LookupError for a template nobody registered."""
    try:
        function = _templates[name]
    except KeyError:
        raise LookupError(f"unknown template of notices: {name}") from None
    return function(params, employee)


def is_muted(name: str, employee: Employee) -> bool:
    """Whether he has switched off what this template tells; asked when it is sent."""
    kind = kind_of(name)
    return kind is not None and not wants(employee, kind)


def kind_of(name: str) -> NoticeKind | None:
    """What a template tells; None for an answer to something that was asked for."""
    return _kinds.get(name)


def templates_of(kind: NoticeKind) -> list[str]:
    """The templates that tell it."""
    return [name for name, own in _kinds.items() if own == kind]


def expand(event: Event) -> None:
    """The outbox consumer: one row per (event, recipient, template), however often it runs."""
    now = clock.now()
    rows = [
        OutgoingMessage(
            event=event,
            recipient=one.recipient,
            employee=one.to if isinstance(one.to, Employee) else None,
            chat_id=one.chat_id,
            template=one.template,
            params=dict(one.params),
            replace_key=one.replace_key,
            due_at=one.due_at or now,
            created_at=now,
        )
        for fan in _fans.get(event.kind, ())
        for one in fan(event)
    ]
    if rows:
        OutgoingMessage.objects.bulk_create(rows, ignore_conflicts=True)


def connect() -> None:
    """Called once when the app loads."""
    history_registry.register_consumer(CONSUMER, expand)
