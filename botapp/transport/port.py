"""What the bot needs of a messenger: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Protocol

TEXT_LIMIT: Final = 4096  # UTF-16 units after parsing, as Telegram counts
CAPTION_LIMIT: Final = 1024

Kind = Literal["text", "press", "photo", "other", "edited", "membership", "moved"]


@dataclass(frozen=True)
class Person:
    """Who wrote or pressed, as the messenger tells it; not yet an employee."""

    id: int
    username: str = ""
    language: str = ""


@dataclass(frozen=True)
class Photo:
    """A picture that was sent; ``file_id`` fetches it, ``album`` joins the parts of one album."""

    file_id: str
    unique_id: str
    caption: str = ""
    album: str = ""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One update in our words. ``message_id`` is the typed or the pressed message."""

    kind: Kind
    chat_id: int
    private: bool
    person: Person | None
    message_id: int = 0
    text: str = ""
    forwarded: bool = False
    callback_id: str = ""
    payload: str = ""
    photo: Photo | None = None
    blocked: bool = False
    title: str = ""  # of a group
    moved_to: int = 0  # the number that the messenger gave the group instead

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Incoming:
        person, photo = data["person"], data["photo"]
        return cls(
            **{
                **data,
                "person": Person(**person) if person else None,
                "photo": Photo(**photo) if photo else None,
            }
        )


@dataclass(frozen=True)
class Arrived:
    """An update as it came, before anybody understood it; ``raw`` is JSON text."""

    update_id: int
    chat_id: int
    person_id: int | None
    raw: str


Handle = Callable[[Incoming], Awaitable[None]]


@dataclass(frozen=True)
class Key:
    """One inline button: a payload for us or a link."""

    label: str
    payload: str = ""
    url: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture to show: one the messenger has already, or bytes of a PNG or JPEG."""

    file_id: str = ""
    content: bytes = b""
    name: str = "picture.png"


@dataclass(frozen=True)
class File:
    """A file that is sent as a message of its own."""

    name: str
    content: bytes
    caption: str = ""


@dataclass(frozen=True)
class Message:
    """A message as it leaves the house: HTML of the safe builder, rows of keys.

    With a ``document`` the text is its caption; such a message is sent, never edited.
    """

    html: str
    keys: tuple[tuple[Key, ...], ...] = ()
    picture: Picture | None = None
    document: File | None = None


class TransportError(Exception):
    """A temporary failure: the network, the messenger's own error. Try again later.

    ``uncertain``: it broke after the call had left; what was asked may have been done.
    """

    uncertain = False


class RetryLater(TransportError):
    """The messenger asked to leave this chat alone for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"retry after {seconds:g} s")
        self.seconds = seconds


class Unreachable(Exception):
    """The chat cannot be written to: blocked, not found, never started. Trying again is useless."""


class ChatMoved(Unreachable):
    """The group has another number now; the old one is dead."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__("the group has another number")
        self.new_chat_id = new_chat_id


class MessageGone(Exception):
    """The message to edit is no longer there, or is of another kind: send a fresh one."""


class Refused(Exception):
    """The messenger refuses this very content: a bug of ours. Trying again is useless."""


class AnotherCopyRuns(Exception):
    """The messenger gives updates to one poller only; a second copy would fight for them."""


class TokenRefused(Exception):
    """The messenger does not know this bot."""


class Transport(Protocol):
    """Raises only the errors above. Deleting or answering in vain is a success."""

    async def turn(self, chat_id: int) -> None:
        """Wait until a notice may be sent to the chat. Raises RetryLater when that is not soon."""

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        """Send a new message; its id."""

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        """Make the message look so; "not modified" is a success. Raises MessageGone."""

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Remove a message; one too old to delete loses its buttons instead."""

    async def answer(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        """Answer a press; too late is a success."""

    async def send_file(self, chat_id: int, file: File) -> int:
        """Send a document; its message id."""

    async def fetch_file(self, file_id: str) -> bytes:
        """The bytes of a file somebody sent."""


class Door(Protocol):
    """The messenger as a whole: where updates come from and answers go to."""

    bot_id: int

    @property
    def transport(self) -> Transport: ...

    async def open(self, commands: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Connect and announce the commands per language. Raises TokenRefused, TransportError."""

    async def listen(self, url: str, secret: str) -> None:
        """Have updates sent to ``url``; an empty one: they are fetched. Raises TransportError."""

    async def close(self) -> None: ...

    async def fetch(self, offset: int | None, seconds: int) -> list[Arrived]:
        """Confirm everything below ``offset`` and wait for more.

        Raises AnotherCopyRuns, TokenRefused, TransportError.
        """

    async def process(self, raw: str, handle: Handle) -> None:
        """Run one stored update; raises what ``handle`` raised."""
