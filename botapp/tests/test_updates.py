"""What is read of an update is what the library would read of the whole of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from telegram import Update

from botapp.transport import updates

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
    ],
    ids=["press", "press on a message too old", "press without message", "text", "edited"],
)
def test_what_is_left_out_is_not_read(raw: dict[str, Any]) -> None:
    before = json.dumps(raw)
    whole = updates.incoming(Update.de_json(raw, None))
    assert updates.incoming(Update.de_json(updates.needed(raw), None)) == whole
    assert json.dumps(raw) == before


def test_the_screen_above_a_press_is_left_out() -> None:
    kept = updates.needed(_press(message=SCREEN))["callback_query"]["message"]
    assert set(kept) == {"message_id", "date", "chat"}
