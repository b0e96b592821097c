"""What people do: write, press, attach, edit, block. Each action becomes an update."""

from collections.abc import Sequence
from typing import Any

from simulator.errors import BadRequest, ControlError
from simulator.files import draw_watch
from simulator.params import Upload
from simulator.rich_text import with_found
from simulator.world import World

Json = dict[str, Any]


def _sender(world: World, raw: Json) -> tuple[Json, int]:
    """The acting person and the chat: by default his private chat with the bot."""
    person = world.people.person(raw.get("person"))
    chat_id = raw.get("chat_id") or raw.get("chat") or person["id"]
    if not isinstance(chat_id, int) or not world.people.known(chat_id):
        raise ControlError(f"no such chat: {chat_id}", 404)
    if chat_id == person["id"] and person["blocked"]:
        raise ControlError("this person has blocked the bot; unblock first")
    return person, chat_id


def send(world: World, raw: Json, uploads: Sequence[tuple[str, Upload]] = ()) -> list[int]:
    """A person sends something; returns the ids of the messages (several for an album).

    `raw` holds `person`, optionally `chat_id`, `forwarded` (true or a person's id), `reply_to`,
    and one of: `text`, `sticker` (emoji), `voice` (seconds), `contact` (phone), `photo` (true:
    drawn here), `album` (number of drawn pictures), `document` (text of a file). `uploads` are
    real files, by field "photo" or "document". Raises ControlError.
    """
    person, chat_id = _sender(world, raw)
    contents = _contents(world, raw, uploads, person)
    extra: Json = {}
    if raw.get("forwarded"):
        origin = raw["forwarded"] if raw["forwarded"] in world.people.people else person["id"]
        user = world.people.user(origin)
        date = int(world.now()) - 60
        extra["forward_origin"] = {"type": "user", "date": date, "sender_user": user}
    if number := raw.get("reply_to"):
        target = world.find_message(chat_id, number)
        if target is None:
            raise ControlError(f"no such message: {number}", 404)
        shown = {key: value for key, value in target["api"].items() if key != "reply_to_message"}
        extra["reply_to_message"] = shown
    if chat_id == person["id"] and not person["started"]:
        person["started"] = True
        world.people.save(person)
    sent = []
    for content in contents:
        record = world.add_message(chat_id, world.people.user(person["id"]), {**content, **extra})
        if chat_id > 0 or _reaches_the_bot(world, record):
            world.queue.emit("message", record["api"])
        sent.append(record["id"])
    return sent


def _reaches_the_bot(world: World, record: Json) -> bool:
    """In a group where it is no administrator a bot gets commands for it and replies to it."""
    group, message = world.people.groups[record["chat_id"]], record["api"]
    if not group["bot_present"] or group.get("migrated_to"):
        return False
    word = message.get("text", "").partition(" ")[0]
    _command, _at, addressee = word.partition("@")
    for_it = word.startswith("/") and addressee in ("", world.bot["username"])
    replied = message.get("reply_to_message", {}).get("from", {}).get("id") == world.bot["id"]
    return bool(group["bot_is_admin"] or for_it or replied)


def _contents(
    world: World, raw: Json, uploads: Sequence[tuple[str, Upload]], person: Json
) -> list[Json]:
    caption = _caption(raw)
    pictures = [upload for field, upload in uploads if field == "photo"]
    if not pictures and (raw.get("photo") or raw.get("album")):
        count = int(raw.get("album") or 1)
        seed = world.next_number("drawn")
        pictures = [draw_watch(seed + each) for each in range(count)]
    if pictures:
        return _pictures(world, pictures, caption)
    documents = [upload for field, upload in uploads if field == "document"]
    if not documents and raw.get("document"):
        name = str(raw.get("file_name", "note.txt"))
        documents = [Upload(name, "text/plain", str(raw["document"]).encode())]
    if documents:
        files = [world.files.add("document", each) for each in documents]
        return [{"document": world.files.document(file), **caption} for file in files]
    return [_simple(world, raw, person)]


def _caption(raw: Json) -> Json:
    caption = raw.get("caption")
    if not caption:
        return {}
    entities = with_found(caption, [])
    return {"caption": caption, **({"caption_entities": entities} if entities else {})}


def _pictures(world: World, pictures: list[Upload], caption: Json) -> list[Json]:
    if len(pictures) > 10:
        raise ControlError("an album has at most 10 pictures")
    try:
        photos = [world.files.add_photo(picture) for picture in pictures]
    except BadRequest as error:
        raise ControlError(error.description) from error
    group: Json = {}
    if len(photos) > 1:
        number = world.next_number("media_group", 13_000_000_000_000_000)
        group = {"media_group_id": str(number)}
    # As in Telegram, the caption of an album belongs to its first picture.
    return [
        {"photo": photo, **group, **(caption if index == 0 else {})}
        for index, photo in enumerate(photos)
    ]


def _simple(world: World, raw: Json, person: Json) -> Json:
    if isinstance(raw.get("text"), str) and raw["text"].strip():
        text = raw["text"].strip()
        entities = with_found(text, [])
        return {"text": text, **({"entities": entities} if entities else {})}
    if raw.get("sticker"):
        file = world.files.add("sticker", Upload("s.webp", "image/webp", b"RIFF"), size=(512, 512))
        emoji = raw["sticker"] if isinstance(raw["sticker"], str) else "👍"
        kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": emoji}
        return {"sticker": {**file.describe(), **kind}}
    if raw.get("voice"):
        file = world.files.add("voice", Upload("v.oga", "audio/ogg", b"OggS"))
        return {
            "voice": {**file.describe(), "duration": int(raw["voice"]), "mime_type": "audio/ogg"}
        }
    if raw.get("contact"):
        contact = {"phone_number": str(raw["contact"]), "first_name": person["first_name"]}
        return {"contact": {**contact, "user_id": person["id"]}}
    raise ControlError("nothing to send: text, sticker, voice, contact, photo, album or document")


def edit(world: World, raw: Json) -> None:
    """A person edits the text of his own message."""
    person, chat_id = _sender(world, raw)
    record = world.find_message(chat_id, raw.get("message_id", 0))
    if record is None or record["api"]["from"]["id"] != person["id"] or record["deleted"]:
        raise ControlError("no such message of this person", 404)
    text = str(raw.get("text", "")).strip()
    if not text or "text" not in record["api"]:
        raise ControlError("only the text of a text message can be edited")
    world.change_message(record, {"text": text, "entities": with_found(text, []) or None})
    world.queue.emit("edited_message", record["api"])


def press(world: World, raw: Json) -> Json:
    """A person presses a button.

    By `text` (what stands on a button he can see) or by `data` (also of an earlier keyboard, or
    of a button that somebody else forwarded). Without `message_id` the newest message that
    carries such a button is meant. Returns `callback_id`, `url`, or `message_ids` when the
    button belongs to a reply keyboard. Raises ControlError with the buttons that are visible.
    """
    person, chat_id = _sender(world, raw)
    text, data = raw.get("text"), raw.get("data")
    if number := raw.get("message_id"):
        record = world.find_message(chat_id, number)
        if record is None:
            raise ControlError(f"no such message: {number}", 404)
        if data is not None:
            return {"callback_id": world.add_callback(person["id"], record, str(data))}
        candidates = [record]
    else:
        candidates = list(reversed(world.messages.get(chat_id, {}).values()))
    return _press_visible(world, candidates, person, text=text, data=data)


def _press_visible(
    world: World, candidates: list[Json], person: Json, *, text: str | None, data: str | None
) -> Json:
    visible = []
    for record in candidates:
        markup = record["api"].get("reply_markup") or {}
        if record["deleted"] or not record["out"]:
            continue
        for button in (each for row in markup.get("inline_keyboard", []) for each in row):
            visible.append(button["text"])
            if button["text"] == text or (data is not None and button.get("callback_data") == data):
                if "callback_data" not in button:
                    return {"url": button.get("url", "")}
                callback = world.add_callback(person["id"], record, button["callback_data"])
                return {"callback_id": callback}
        for button in (each for row in record["reply_keyboard"] or [] for each in row):
            if button["text"] == text:
                where = {"person": person["id"], "chat_id": record["chat_id"], "text": text}
                return {"message_ids": send(world, where)}
    wanted = repr(text if text is not None else data)
    raise ControlError(f"no button {wanted}; visible: {', '.join(visible[:40])}", 404)


def block(world: World, person_id: Any, *, blocked: bool) -> None:
    """A person blocks the bot or lets it in again; both become `my_chat_member`."""
    person = world.people.person(person_id)
    if person["blocked"] == blocked:
        return
    person["blocked"] = blocked
    world.people.save(person)
    member = {"status": "member", "user": world.bot}
    kicked = {"status": "kicked", "user": world.bot, "until_date": 0}
    update = {
        "chat": world.people.chat(person_id),
        "from": world.people.user(person_id),
        "date": int(world.now()),
        "old_chat_member": member if blocked else kicked,
        "new_chat_member": kicked if blocked else member,
    }
    world.queue.emit("my_chat_member", update)
    world.news.publish({"type": "person", "person": person_id})


def redeliver(world: World, raw: Json) -> str:
    """Send a callback again under a new update id; by default the last unanswered one."""
    callback = world.callbacks.get(str(raw.get("callback_id", "")))
    if callback is None:
        newest_first = list(reversed(world.callbacks.values()))
        unanswered = [each for each in newest_first if each["answer"] is None]
        callback = next(iter(unanswered or newest_first), None)
    if callback is None:
        raise ControlError("no button was pressed yet", 404)
    world.redeliver(callback)
    return str(callback["id"])
