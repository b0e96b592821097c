"""What is read of an update is what the library would read of the whole of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from telegram import Update

from botapp.transport import updates
from botapp.transport.shapes import reduced

PERSON = {"id": 7, "is_bot": False, "first_name": "И", "language_code": "ru"}
CHAT = {"id": 7, "type": "private", "first_name": "И"}
BOT = {"id": 1, "is_bot": True, "first_name": "Р", "username": "r_bot"}
KEYS = {"inline_keyboard": [[{"text": "Да", "callback_data": "1:n:yes:"}]]}
SCREEN = {
    "message_id": 5,
    "date": 1_790_000_000,
    "chat": CHAT,
    "from": BOT,
    "text": "№ 1",
    "entities": [{"type": "bold", "offset": 0, "length": 3}],
    "reply_markup": KEYS,
}
FORGOTTEN = {"message_id": 5, "date": 0, "chat": CHAT}
SENT = {"message_id": 5, "date": 1_790_000_000, "chat": CHAT, "from": PERSON}
ORIGIN = {"type": "hidden_user", "sender_user_name": "x", "date": 1}
SIZE = {"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}
MEMBER = {"user": BOT, "status": "member"}
BANNED = {"user": BOT, "status": "kicked", "until_date": 0}
CHANGE = {"chat": CHAT, "from": PERSON, "date": 1, "old_chat_member": MEMBER}


def _press(**more: Any) -> dict[str, Any]:
    query = {"id": "1", "from": PERSON, "chat_instance": "2", "data": "1:n:yes:", **more}
    return {"update_id": 9, "callback_query": query}


@pytest.mark.parametrize(
    "raw",
    [
        _press(message=SCREEN),
        _press(message=FORGOTTEN),
        _press(inline_message_id="3"),
        {"update_id": 9, "message": {**SCREEN, "from": PERSON}},
        {"update_id": 9, "edited_message": {**SCREEN, "from": PERSON, "edit_date": 1_790_000_001}},
        {"update_id": 9, "message": {**SENT, "text": "1", "forward_origin": ORIGIN}},
        {"update_id": 9, "message": {**SENT, "photo": [SIZE, SIZE], "caption": "№"}},
        {"update_id": 9, "message": {**SENT, "sticker": None}},
        {"update_id": 9, "message": {**SENT, "migrate_to_chat_id": -100}},
        {"update_id": 9, "my_chat_member": {**CHANGE, "new_chat_member": BANNED}},
        {"update_id": 9, "my_chat_member": {**CHANGE, "new_chat_member": MEMBER}},
        {"update_id": 9, "channel_post": SENT},
    ],
    ids=[
        "press",
        "press on a message too old",
        "press without message",
        "text",
        "edited",
        "forwarded",
        "photo",
        "sticker",
        "moved",
        "blocked",
        "back again",
        "of no kind",
    ],
)
def test_what_is_left_out_is_not_read(raw: dict[str, Any]) -> None:
    before = json.dumps(raw)
    whole = updates.incoming(Update.de_json(raw, None))
    assert updates.incoming(Update.de_json(reduced(raw), None)) == whole
    assert json.dumps(raw) == before


def test_the_screen_above_a_press_is_left_out() -> None:
    kept = reduced(_press(message=SCREEN))["callback_query"]["message"]
    assert set(kept) == {"message_id", "date", "chat"}


def _all(tree: Any) -> Any:
    """Every place of a tree."""
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _all(value)


@pytest.mark.parametrize("wrong", ["x", "\ud800", -1, 2**70, True, [], {}, [[]], 1.5, None])
@pytest.mark.parametrize(
    "good",
    [
        _press(message=SCREEN),
        {"update_id": 9, "message": {**SENT, "text": "1", "forward_origin": ORIGIN}},
        {"update_id": 9, "message": {**SENT, "photo": [SIZE], "caption": "№"}},
        {"update_id": 9, "my_chat_member": {**CHANGE, "new_chat_member": MEMBER}},
    ],
    ids=["press", "text", "photo", "membership"],
)
def test_what_is_let_in_is_understood(good: dict[str, Any], wrong: Any) -> None:
    """Whatever stands in whatever place: refused at the door, or read without an error."""
    refused = 0
    for number in range(len(list(_all(good)))):
        raw = json.loads(json.dumps(good))
        holder, key = list(_all(raw))[number]
        holder[key] = wrong
        try:
            updates.arrived(raw)
        except ValueError:
            refused += 1
            continue
        read = updates.incoming(Update.de_json(reduced(raw), None))
        json.dumps(read.as_json(), ensure_ascii=False).encode()
    assert refused
