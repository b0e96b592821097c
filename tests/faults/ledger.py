"""What the simulator's ledger says about messages that came twice."""

from __future__ import annotations

import functools
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.utils import translation

from botapp.dialogs import drawing, payload
from botapp.models import OutgoingMessage
from simulator.client import SimClient

Entry = Mapping[str, Any]


def duplicates(client: SimClient, after: int, killed_at: Sequence[float]) -> dict[str, int]:
    """How many messages were too many, of which sort, and the most that one kill caused.

    Too many is a notice that was sent twice, and a screen that stands beside the live one.
    """
    sent = [one for one in client.ledger(after, method="sendMessage") if one["status"] == 200]
    removed = {
        (int(one["params"]["chat_id"]), int(one["params"]["message_id"]))
        for one in client.ledger(after, method="deleteMessage")
    }
    notices, screens = _notices_twice(sent, removed), _screens_too_many(client, sent)
    extra = [*notices, *(at for at, _marked in screens)]
    kills = Counter(bisect_left(killed_at, at) for at in extra)
    marked = OutgoingMessage.objects.filter(possible_duplicate=True).count()
    return {
        "duplicates": len(extra),
        "duplicate_notices": len(notices),
        "duplicate_screens": len(screens),
        "duplicates_at_one_kill": max(kills.values(), default=0),
        "duplicates_unmarked": sum(not marked for _at, marked in screens)
        + max(0, len(notices) - marked),
        "notices_marked_as_possible_duplicates": marked,
        "screens_marked_as_possible_duplicates": sum(_says_twice(one) for one in sent),
    }


def is_notice(keyboard: Iterable[Iterable[Mapping[str, Any]]]) -> bool:
    """The buttons of notices belong to no visit of a screen."""
    data = [key.get("callback_data", "") for row in keyboard for key in row]
    found = [press for press in map(payload.parse, data) if press is not None]
    return bool(found) and all(press.nonce == payload.STATELESS for press in found)


def _notices_twice(sent: Sequence[Entry], removed: Container[tuple[int, int]]) -> list[float]:
    """When the notices were sent whose ids nobody wrote down.

    The id of one that a newer notice has replaced is forgotten too; but that one was removed.
    """
    known = set(
        OutgoingMessage.objects.filter(state=OutgoingMessage.SENT).values_list(
            "message_id", flat=True
        )
    )
    return [
        float(one["at"])
        for one in sent
        if is_notice(_keyboard(one))
        and one["message_id"] not in known
        and (one["chat_id"], one["message_id"]) not in removed
    ]


def _screens_too_many(client: SimClient, sent: Sequence[Entry]) -> list[tuple[float, bool]]:
    """Screens that stand in a chat above the live one: when they were sent, and whether the one
    after it said that it may be a second copy."""
    entries = {one["message_id"]: one for one in sent}
    found = []
    for chat_id in sorted({one["chat_id"] for one in sent}):
        shown = [
            one
            for one in client.chat(chat_id)
            if one["out"] and one["keyboard"] and not is_notice(one["keyboard"])
        ]
        for one, later in pairwise(shown):
            # What was sent before this run has no entry: then the time of the later one.
            entry = entries.get(one["id"]) or entries.get(later["id"])
            marked = later["id"] in entries and _says_twice(entries[later["id"]])
            found.append((float(entry["at"]) if entry else 0.0, marked))
    return found


def _says_twice(entry: Entry) -> bool:
    text = entry["params"].get("text") or ""
    return any(_twice(language) in text for language, _name in settings.LANGUAGES)


@functools.cache
def _twice(language: str) -> str:
    with translation.override(language):
        return drawing.twice()


def _keyboard(entry: Entry) -> list[list[dict[str, Any]]]:
    raw = entry["params"].get("reply_markup") or "{}"
    markup = json.loads(raw) if isinstance(raw, str) else raw
    rows: list[list[dict[str, Any]]] = markup.get("inline_keyboard", [])
    return rows
