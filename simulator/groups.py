"""What happens to a group as a whole: the bot comes and goes, the group becomes a supergroup."""

from typing import Any

from simulator.errors import ControlError
from simulator.world import World

Json = dict[str, Any]
FIRST_SUPERGROUP = -1_000_000_000_000  # Telegram's numbers of supergroups begin below this


def _group(world: World, raw: Json) -> Json:
    group = world.people.groups.get(raw.get("chat_id", 0))
    if group is None or group.get("migrated_to"):
        raise ControlError(f"no such group: {raw.get('chat_id')}", 404)
    return group


def set_presence(world: World, raw: Json) -> None:
    """`present` false: a member takes the bot out of the group; true: lets it in again."""
    group, person = _group(world, raw), world.people.person(raw.get("person"))
    present = bool(raw.get("present"))
    if group["bot_present"] == present:
        return
    group["bot_present"] = present
    world.people.save(group)
    member = {"status": "member", "user": world.bot}
    kicked = {"status": "kicked", "user": world.bot, "until_date": 0}
    update = {
        "chat": world.people.chat(group["id"]),
        "from": world.people.user(person["id"]),
        "date": int(world.now()),
        "old_chat_member": kicked if present else member,
        "new_chat_member": member if present else kicked,
    }
    world.queue.emit("my_chat_member", update)
    world.news.publish({"type": "person", "person": group["id"]})


def upgrade(world: World, raw: Json) -> Json:
    """The group becomes a supergroup: another number, its old one is dead for the bot.

    Both chats get a service message; messages of the old one cannot be reached from the new one.
    """
    group, person = _group(world, raw), world.people.person(raw.get("person"))
    if group["type"] != "group":
        raise ControlError("only a group of the type 'group' can become a supergroup")
    new = world.people.add_group(
        {**group, "id": FIRST_SUPERGROUP - world.next_number("supergroup"), "type": "supergroup"}
    )
    sender = world.people.user(person["id"])
    old_message = world.add_message(group["id"], sender, {"migrate_to_chat_id": new["id"]})
    world.queue.emit("message", old_message["api"])
    group["migrated_to"] = new["id"]
    world.people.save(group)
    new_message = world.add_message(new["id"], sender, {"migrate_from_chat_id": group["id"]})
    world.queue.emit("message", new_message["api"])
    world.news.publish({"type": "person", "person": new["id"]})
    return new
