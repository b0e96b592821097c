"""Who takes part: people, groups, and whether the bot may write to them."""

from typing import Any

from simulator.errors import ApiError, BadRequest, ControlError
from simulator.store import Store

Json = dict[str, Any]
_SHOWN_TO_BOT = ("id", "first_name", "last_name", "username", "language_code")


class People:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.people: dict[int, Json] = {int(key): raw for key, raw in store.load("person")}
        self.groups: dict[int, Json] = {int(key): raw for key, raw in store.load("group")}

    def clear(self) -> None:
        self.people.clear()
        self.groups.clear()

    def save(self, record: Json) -> None:
        kind = "person" if record["id"] > 0 else "group"
        self._store.put(kind, record["id"], record)

    def add_person(self, raw: Json) -> Json:
        """Adds a person or changes the names of a known one (started and blocked stay)."""
        try:
            number = int(raw["id"])
            name = str(raw["first_name"])
        except (KeyError, TypeError, ValueError) as error:
            raise ControlError("a person needs a positive id and a first_name") from error
        if number <= 0:
            raise ControlError("a person's id is positive")
        person = self.people.setdefault(number, {"started": False, "blocked": False})
        person.update({"id": number, "first_name": name})
        for field in ("last_name", "username", "language_code", "role", "started"):
            if raw.get(field):
                person[field] = raw[field]
        self.save(person)
        return person

    def add_group(self, raw: Json) -> Json:
        try:
            number = int(raw["id"])
        except (KeyError, TypeError, ValueError) as error:
            raise ControlError("a group needs a negative id") from error
        if number >= 0:
            raise ControlError("a group's id is negative")
        group = {
            "id": number,
            "title": str(raw.get("title", "Group")),
            "type": str(raw.get("type", "supergroup")),
            "members": [int(member) for member in raw.get("members", [])],
            "bot_present": bool(raw.get("bot_present", True)),
            "bot_is_admin": bool(raw.get("bot_is_admin", True)),
        }
        self.groups[number] = group
        self.save(group)
        return group

    def person(self, person_id: Any) -> Json:
        person = self.people.get(person_id) if isinstance(person_id, int) else None
        if person is None:
            raise ControlError(f"no such person: {person_id}", 404)
        return person

    def user(self, person_id: int) -> Json:
        """The person as the Bot API shows a User."""
        person = self.people[person_id]
        return {"is_bot": False, **{key: person[key] for key in _SHOWN_TO_BOT if key in person}}

    def chat(self, chat_id: int) -> Json:
        """The Chat object of a person's private chat or of a group. KeyError when unknown."""
        if chat_id < 0:
            group = self.groups[chat_id]
            return {"id": chat_id, "type": group["type"], "title": group["title"]}
        person = self.people[chat_id]
        shown = {key: person[key] for key in _SHOWN_TO_BOT[:4] if key in person}
        return {**shown, "type": "private"}

    def known(self, chat_id: int) -> bool:
        return chat_id in self.people or chat_id in self.groups

    def resolve(self, raw: Any) -> int:
        """The chat a call names. Raises BadRequest when there is none such."""
        if raw in (None, ""):
            raise BadRequest("chat_id is empty")
        try:
            chat_id = int(raw)
        except (TypeError, ValueError) as error:
            raise BadRequest("chat not found") from error
        if not self.known(chat_id):
            raise BadRequest("chat not found")
        return chat_id

    def ensure_reachable(self, chat_id: int) -> None:
        """Raises ApiError 403 when the bot may not write there."""
        if chat_id < 0:
            if moved := self.groups[chat_id].get("migrated_to"):
                text = "group chat was upgraded to a supergroup chat"
                raise ApiError(400, text, migrate_to_chat_id=moved)
            if not self.groups[chat_id]["bot_present"]:
                raise ApiError(403, "bot was kicked from the supergroup chat")
            return
        person = self.people[chat_id]
        if person["blocked"]:
            raise ApiError(403, "bot was blocked by the user")
        if not person["started"]:
            raise ApiError(403, "bot can't initiate conversation with a user")
