"""What a person sees of a message: the shape used by the page and by the tests."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.world import World

Json = dict[str, Any]


def name_of(user: Json) -> str:
    return " ".join(filter(None, (user["first_name"], user.get("last_name"))))


def file_url(file_id: str) -> str:
    return f"/sim/file/{file_id}"


def message_view(world: "World", record: Json) -> Json:
    """Keys with nothing to show are left out, except text, keyboard and the flags."""
    api = record["api"]
    markup = api.get("reply_markup") or {}
    view: Json = {
        "id": record["id"],
        "chat_id": record["chat_id"],
        "from": {"id": api["from"]["id"], "name": name_of(api["from"])},
        "out": record["out"],
        "date": api["date"],
        "text": api.get("text", api.get("caption", "")),
        "entities": api.get("entities", api.get("caption_entities", [])),
        "keyboard": markup.get("inline_keyboard", []),
        "deleted": record["deleted"],
        "edits": record["edits"],
    }
    for key in ("media_group_id", "contact"):
        if key in api:
            view[key] = api[key]
    if record["reply_keyboard"] is not None:
        view["reply_keyboard"] = record["reply_keyboard"]
    view.update(_media(api))
    if origin := api.get("forward_origin"):
        view["forwarded_from"] = name_of(origin["sender_user"])
    if reply := api.get("reply_to_message"):
        view["reply_to"] = reply["message_id"]
    return view


def _media(api: Json) -> Json:
    if "photo" in api:
        largest = api["photo"][-1]
        return {
            "photo": file_url(largest["file_id"]),
            "photo_size": [largest["width"], largest["height"]],
        }
    if "document" in api:
        document = api["document"]
        return {
            "document": {
                "name": document["file_name"],
                "size": document["file_size"],
                "url": file_url(document["file_id"]),
            }
        }
    if "sticker" in api:
        return {"sticker": api["sticker"]["emoji"]}
    if "voice" in api:
        return {"voice": api["voice"]["duration"]}
    return {}


def chat_view(
    world: "World", chat_id: int, *, limit: int, before: int = 0, deleted: bool = False
) -> Json:
    """The newest `limit` messages that a person sees in a chat, oldest first; with `deleted` the
    deleted ones among them. `before` pages back by message id."""
    records = world.messages.get(chat_id, {})
    numbers = [
        number
        for number, record in records.items()
        if (deleted or not record["deleted"]) and (not before or number < before)
    ]
    return {
        "id": chat_id,
        "version": world.news.version,
        "messages": [message_view(world, records[number]) for number in sorted(numbers)[-limit:]],
        "total": len(records),
    }


def person_view(world: "World", person: Json) -> Json:
    records = world.messages.get(person["id"], {})
    last = records[max(records)] if records else None
    return {**person, "last": message_view(world, last) if last else None}
