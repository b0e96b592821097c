"""Telegram's updates in our words."""

from __future__ import annotations

import json
from typing import Any, Final

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Message, Update, User

from botapp.transport.port import Arrived, Incoming, Person, Photo

ALLOWED: Final = ("message", "edited_message", "callback_query", "my_chat_member")
_PLACE: Final = ("message_id", "date", "chat")
GONE: Final = frozenset({ChatMember.BANNED, ChatMember.LEFT})


def arrived(raw: Any) -> Arrived:
    """What the inbox has to know of an update without understanding it. 0: no chat is named.

    Raises ValueError for what no messenger sends: it would break whoever handles it.
    """
    update = _object(raw)
    body = _object(next((update[kind] for kind in ALLOWED if kind in update), {}))
    person = _object(body.get("from") or {})
    place = body.get("chat") or _object(body.get("message") or {}).get("chat") or person
    number, chat_id = _id(update.get("update_id")), _object(place).get("id", 0)
    if number < 0:
        raise ValueError("the number of an update is positive")
    # Plain ASCII: whatever characters people send, every database takes it.
    text = json.dumps(update, ensure_ascii=True, separators=(",", ":"))
    return Arrived(number, _id(chat_id), _id(person["id"]) if "id" in person else None, text)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("an object is expected")
    return value


def _id(value: Any) -> int:
    """Ids have 52 bits at most (core.telegram.org/bots/api#user)."""
    if type(value) is not int or abs(value) >= 2**52:
        raise ValueError("an id is expected")
    return value


def needed(raw: dict[str, Any]) -> dict[str, Any]:
    """The update without the text and the keyboard above a press: they are ours, nobody reads
    them, and making objects of them is most of what reading an update costs.
    """
    query = raw.get("callback_query") or {}
    place = query.get("message")
    if not place:
        return raw
    kept = {name: place[name] for name in _PLACE if name in place}
    return {**raw, "callback_query": {**query, "message": kept}}


def incoming(update: Update) -> Incoming:
    """An update that means nothing to us comes without a person."""
    if update.callback_query:
        return _press(update.callback_query)
    if update.message:
        return _message(update.message)
    if update.edited_message:
        message = update.edited_message
        return _of_chat("edited", message.chat, message.from_user, message_id=message.message_id)
    if update.my_chat_member:
        return _membership(update.my_chat_member)
    return Incoming(kind="other", chat_id=0, private=False, person=None)


def _of_chat(kind: Any, chat: Chat, user: User | None, **more: Any) -> Incoming:
    is_private = chat.type == Chat.PRIVATE
    return Incoming(
        kind=kind,
        chat_id=chat.id,
        private=is_private,
        person=_person(user),
        title=chat.title or "",
        **more,
    )


def _person(user: User | None) -> Person | None:
    if user is None or user.is_bot:
        return None
    return Person(user.id, user.username or "", (user.language_code or "")[:2])


def _press(query: CallbackQuery) -> Incoming:
    place = query.message
    return Incoming(
        kind="press",
        chat_id=place.chat.id if place else query.from_user.id,
        private=place.chat.type == Chat.PRIVATE if place else True,
        person=_person(query.from_user),
        message_id=place.message_id if place else 0,
        callback_id=query.id,
        payload=query.data or "",
    )


def _message(message: Message) -> Incoming:
    common: dict[str, Any] = {
        "message_id": message.message_id,
        "forwarded": message.forward_origin is not None,
    }
    if message.migrate_to_chat_id:
        moved = message.migrate_to_chat_id
        return _of_chat("moved", message.chat, message.from_user, moved_to=moved, **common)
    if message.text:
        return _of_chat("text", message.chat, message.from_user, text=message.text, **common)
    if message.photo:
        largest = message.photo[-1]
        photo = Photo(
            largest.file_id,
            largest.file_unique_id,
            message.caption or "",
            message.media_group_id or "",
        )
        return _of_chat("photo", message.chat, message.from_user, photo=photo, **common)
    return _of_chat("other", message.chat, message.from_user, **common)


def _membership(change: ChatMemberUpdated) -> Incoming:
    blocked = change.new_chat_member.status in GONE
    return _of_chat("membership", change.chat, change.from_user, blocked=blocked)
