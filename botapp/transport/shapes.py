"""The parts of Telegram's updates that we read, each with its kind.

What no messenger sends would break whoever handles it, again at each attempt: it is refused at the
door. What we do not read is left out, so that nothing can be wrong about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Check = Callable[[Any], Any]
LARGEST: Final = 2**52  # ids have fewer bits (core.telegram.org/bots/api#user)
LATEST: Final = 2**35  # seconds since 1970: a moment that can be reckoned with
GONE: Final = frozenset({"kicked", "left"})


def an_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("an object is expected")
    return value


def an_id(value: Any) -> int:
    if type(value) is not int or abs(value) >= LARGEST:
        raise ValueError("an id is expected")
    return value


def _text(value: Any) -> str:
    """Raises UnicodeEncodeError, a ValueError, for halves of characters."""
    if not isinstance(value, str):
        raise ValueError("a text is expected")
    value.encode()
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("true or false is expected")
    return value


def _moment(value: Any) -> int:
    if type(value) is not int or not 0 <= value < LATEST:
        raise ValueError("a moment is expected")
    return value


def _part(fields: Mapping[str, Check], *needed: str) -> Check:
    """An object with these fields; null is as good as left out, except for the needed ones."""

    def read(value: Any) -> dict[str, Any]:
        found = an_object(value)
        kept = {
            name: check(found[name])
            for name, check in fields.items()
            if found.get(name) is not None
        }
        if any(name not in kept for name in needed):
            raise ValueError("a part is missing")
        return kept

    return read


def _several(check: Check) -> Check:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("a list is expected")
        return [check(one) for one in value]

    return read


def _origin(value: Any) -> dict[str, Any]:
    """That it was forwarded is all we ask."""
    an_object(value)
    return {"type": "hidden_user", "sender_user_name": "", "date": 0}


_USER: Final = _part(
    {"id": an_id, "is_bot": _flag, "first_name": _text, "username": _text, "language_code": _text},
    "id",
    "is_bot",
    "first_name",
)
_CHAT: Final = _part({"id": an_id, "type": _text, "title": _text}, "id", "type")
_SIZE: Final = _part(
    {"file_id": _text, "file_unique_id": _text, "width": an_id, "height": an_id},
    "file_id",
    "file_unique_id",
    "width",
    "height",
)
_PLACE: Final[Mapping[str, Check]] = {"message_id": an_id, "date": _moment, "chat": _CHAT}
_MESSAGE: Final = _part(
    {
        **_PLACE,
        "from": _USER,
        "text": _text,
        "caption": _text,
        "photo": _several(_SIZE),
        "media_group_id": _text,
        "forward_origin": _origin,
        "migrate_to_chat_id": an_id,
    },
    *_PLACE,
)
# Text and keyboard above a press are ours: nobody reads them, and making objects of them is most
# of what reading an update costs.
_PRESS: Final = _part(
    {
        "id": _text,
        "from": _USER,
        "chat_instance": _text,
        "message": _part(_PLACE, *_PLACE),
        "inline_message_id": _text,
        "data": _text,
    },
    "id",
    "from",
    "chat_instance",
)


def _member(value: Any) -> dict[str, Any]:
    """In or out; each of the other statuses would need fields of its own."""
    found = _part({"user": _USER, "status": _text}, "user", "status")(value)
    return {**found, "status": "left" if found["status"] in GONE else "member"}


def _membership(value: Any) -> dict[str, Any]:
    fields = {"chat": _CHAT, "from": _USER, "date": _moment, "new_chat_member": _member}
    found: dict[str, Any] = _part(fields, *fields)(value)
    return {**found, "old_chat_member": found["new_chat_member"]}


KINDS: Final[Mapping[str, Check]] = {
    "message": _MESSAGE,
    "edited_message": _MESSAGE,
    "callback_query": _PRESS,
    "my_chat_member": _membership,
}


def reduced(update: dict[str, Any]) -> dict[str, Any]:
    """The update with what we read of it; of a kind that means nothing to us the number alone.

    Raises ValueError for what no messenger sends.
    """
    kept: dict[str, Any] = {"update_id": an_id(update.get("update_id"))}
    if kept["update_id"] < 0:
        raise ValueError("the number of an update is positive")
    kind = next((kind for kind in KINDS if kind in update), None)
    if kind is not None:
        kept[kind] = KINDS[kind](update[kind])
    return kept
