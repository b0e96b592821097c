"""Telegram's updates in our words."""

from __future__ import annotations

import json
from typing import Any, Final

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User

from botapp.transport.port import Arrived, Incoming, Person, Photo
from botapp.transport.shapes import GONE, KINDS, an_object, reduced

ALLOWED: Final = tuple(KINDS)


def arrived(raw: Any) -> Arrived:
    """What the inbox has to know of an update without understanding it. 0: no chat is named.

    Raises ValueError for what no messenger sends: it would break whoever handles it.
    """
    update = an_object(raw)
    kept = reduced(update)
    body: dict[str, Any] = next((kept[kind] for kind in ALLOWED if kind in kept), {})
    person = body.get("from") or {}
    place = body.get("chat") or (body.get("message") or {}).get("chat") or person
    # Plain ASCII: whatever characters people send, every database takes it.
    text = json.dumps(update, ensure_ascii=True, separators=(",", ":"))
    return Arrived(kept["update_id"], place.get("id", 0), person.get("id"), text)


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
