"""The Bot API's methods by name. Each takes the world and the parameters and gives `result`.

Modules register their methods with the decorator; `getUpdates` alone is asynchronous and lives
in the server.
"""

from collections.abc import Callable
from typing import Any

from simulator.errors import BadRequest
from simulator.params import Params
from simulator.world import World

Json = dict[str, Any]
Method = Callable[[World, Params], Any]

# Names are case-insensitive in the Bot API, so the keys are in lower case.
METHODS: dict[str, tuple[str, Method]] = {}


def method(name: str) -> Callable[[Method], Method]:
    def register(function: Method) -> Method:
        METHODS[name.lower()] = (name, function)
        return function

    return register


def reachable_chat(world: World, params: Params) -> int:
    """The chat to write to. Raises ApiError 400 or 403 as Telegram does."""
    chat_id = world.people.resolve(params.values.get("chat_id"))
    world.people.ensure_reachable(chat_id)
    return chat_id


def reply_part(world: World, params: Params, chat_id: int) -> Json:
    """`reply_to_message` of a new message, from `reply_parameters` or the older field."""
    raw = params.json("reply_parameters", "can't parse reply parameters JSON object") or {}
    if not isinstance(raw, dict):
        raise BadRequest("object expected as reply parameters")
    number = raw.get("message_id") or params.integer("reply_to_message_id")
    if not number:
        return {}
    target = world.find_message(chat_id, int(number))
    if target is None or target["deleted"]:
        if raw.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply"):
            return {}
        raise BadRequest("message to be replied not found")
    shown = {key: value for key, value in target["api"].items() if key != "reply_to_message"}
    return {"reply_to_message": shown}


def part(name: str, value: Any) -> Json:
    """`{name: value}`, or nothing when there is no value: the API leaves empty fields out."""
    return {name: value} if value else {}


def own_message(world: World, params: Params) -> Json:
    """The bot's message an edit names. Raises BadRequest."""
    chat_id = reachable_chat(world, params)
    record = world.find_message(chat_id, params.integer("message_id"))
    if record is None or record["deleted"]:
        raise BadRequest("message to edit not found")
    if not record["out"]:
        raise BadRequest("message can't be edited")
    return record


def apply_edit(world: World, record: Json, content: Json) -> Json:
    """Change a message, unless nothing would change, which Telegram refuses."""
    api = record["api"]
    if all(api.get(key) == value for key, value in content.items()):
        raise BadRequest(
            "message is not modified: specified new message content and reply markup are"
            " exactly the same as a current content and reply markup of the message"
        )
    world.limits.take(record["chat_id"])
    world.change_message(record, content)
    changed: Json = record["api"]
    return changed
