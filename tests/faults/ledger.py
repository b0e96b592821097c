"""What the simulator's ledger says about messages that came twice."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botapp.dialogs import payload
from botapp.models import OutgoingMessage
from simulator.client import SimClient

Entry = Mapping[str, Any]


def duplicates(client: SimClient, after: int, killed_at: Sequence[float]) -> dict[str, int]:
    """How many messages were too many, of which sort, and the most that one kill caused.

    Too many is a notice that was sent twice, and a screen that stands beside the live one.
    """
    sent = [one for one in client.ledger(after, method="sendMessage") if one["status"] == 200]
    notices, screens = _notices_twice(sent), _screens_too_many(client, sent)
    extra = [*notices, *screens]
    kills = Counter(bisect_left(killed_at, at) for at in extra)
    marked = OutgoingMessage.objects.filter(possible_duplicate=True).count()
    return {
        "duplicates": len(extra),
        "duplicate_notices": len(notices),
        "duplicate_screens": len(screens),
        "duplicates_at_one_kill": max(kills.values(), default=0),
        "notices_marked_as_possible_duplicates": marked,
    }


def is_notice(keyboard: Iterable[Iterable[Mapping[str, Any]]]) -> bool:
    """The buttons of notices belong to no visit of a screen."""
    data = [key.get("callback_data", "") for row in keyboard for key in row]
    found = [press for press in map(payload.parse, data) if press is not None]
    return bool(found) and all(press.nonce == payload.STATELESS for press in found)


def _notices_twice(sent: Sequence[Entry]) -> list[float]:
    """When the first copies were sent of notices that came more often than they are recorded."""
    recorded = Counter(
        OutgoingMessage.objects.filter(state=OutgoingMessage.SENT).values_list(
            "chat_id", "message_id"
        )
    )
    known = {message_id for _chat, message_id in recorded}
    notices = [one for one in sent if is_notice(_keyboard(one))]
    return [float(one["at"]) for one in notices if one["message_id"] not in known]


def _screens_too_many(client: SimClient, sent: Sequence[Entry]) -> list[float]:
    """When the screens were sent that stand in a chat above the live one."""
    times = {one["message_id"]: float(one["at"]) for one in sent}
    found = []
    for chat_id in sorted({one["chat_id"] for one in sent}):
        shown = [
            one
            for one in client.chat(chat_id)
            if one["out"] and one["keyboard"] and not is_notice(one["keyboard"])
        ]
        # The one of the two that was sent before this run has no time of its own: then the other.
        found += [times.get(one["id"], times.get(shown[-1]["id"], 0.0)) for one in shown[:-1]]
    return found


def _keyboard(entry: Entry) -> list[list[dict[str, Any]]]:
    raw = entry["params"].get("reply_markup") or "{}"
    markup = json.loads(raw) if isinstance(raw, str) else raw
    rows: list[list[dict[str, Any]]] = markup.get("inline_keyboard", [])
    return rows
