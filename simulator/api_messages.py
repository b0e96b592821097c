"""Bot API methods for text messages, edits, deletions and callback answers."""

from typing import Any

from simulator.errors import BadRequest
from simulator.html_grammar import utf16_length
from simulator.keyboards import markup_of
from simulator.methods import (
    Json,
    apply_edit,
    method,
    own_message,
    part,
    reachable_chat,
    reply_part,
)
from simulator.params import Params
from simulator.rich_text import check_caption, check_text, text_of
from simulator.world import World

DELETE_WINDOW_SECONDS = 48 * 3600
CALLBACK_SECONDS = 15 * 60
_MEDIA = ("photo", "document")


@method("sendMessage")
def send_message(world: World, params: Params) -> Json:
    chat_id = reachable_chat(world, params)
    text, entities = text_of(params, "text", entities_field="entities")
    check_text(text)
    content = {
        "text": text,
        **part("entities", entities),
        **part("reply_markup", markup_of(params)),
        **reply_part(world, params, chat_id),
    }
    world.limits.take(chat_id)
    api: Json = world.add_message(chat_id, world.bot, content)["api"]
    return api


@method("editMessageText")
def edit_text(world: World, params: Params) -> Json:
    text, entities = text_of(params, "text", entities_field="entities")
    check_text(text)
    markup = markup_of(params, inline_only=True)
    record = own_message(world, params)
    if "text" not in record["api"]:
        raise BadRequest("there is no text in the message to edit")
    content = {"text": text, "entities": entities or None, "reply_markup": markup}
    return apply_edit(world, record, content)


@method("editMessageCaption")
def edit_caption(world: World, params: Params) -> Json:
    caption, entities = text_of(params, "caption", entities_field="caption_entities")
    check_caption(caption)
    markup = markup_of(params, inline_only=True)
    record = own_message(world, params)
    if not any(kind in record["api"] for kind in _MEDIA):
        raise BadRequest("there is no caption in the message to edit")
    content = {
        "caption": caption or None,
        "caption_entities": entities or None,
        "reply_markup": markup,
    }
    return apply_edit(world, record, content)


@method("editMessageReplyMarkup")
def edit_markup(world: World, params: Params) -> Json:
    markup = markup_of(params, inline_only=True)
    return apply_edit(world, own_message(world, params), {"reply_markup": markup})


def _ensure_deletable(world: World, record: Json) -> None:
    if world.now() - record["date"] > DELETE_WINDOW_SECONDS:
        raise BadRequest("message can't be deleted for everyone")
    chat_id = record["chat_id"]
    if chat_id < 0 and not record["out"] and not world.people.groups[chat_id]["bot_is_admin"]:
        raise BadRequest("message can't be deleted")


@method("deleteMessage")
def delete_message(world: World, params: Params) -> bool:
    chat_id = world.people.resolve(params.values.get("chat_id"))
    record = world.find_message(chat_id, params.integer("message_id"))
    if record is None or record["deleted"]:
        raise BadRequest("message to delete not found")
    _ensure_deletable(world, record)
    world.delete_message(record)
    return True


@method("deleteMessages")
def delete_messages(world: World, params: Params) -> bool:
    """Unknown messages are skipped, as documented; too old ones refuse the whole call."""
    chat_id = world.people.resolve(params.values.get("chat_id"))
    numbers = params.json("message_ids", "can't parse message identifiers JSON object")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= 100:
        raise BadRequest("1-100 message identifiers expected")
    found = [world.find_message(chat_id, number) for number in numbers if isinstance(number, int)]
    present = [record for record in found if record is not None and not record["deleted"]]
    for record in present:
        _ensure_deletable(world, record)
    for record in present:
        world.delete_message(record)
    return True


@method("answerCallbackQuery")
def answer_callback(world: World, params: Params) -> bool:
    callback = world.callbacks.get(params.text("callback_query_id"))
    too_old = (
        callback is None
        or callback["answer"] is not None
        or world.now() - callback["date"] > CALLBACK_SECONDS
    )
    if callback is None or too_old:
        raise BadRequest("query is too old and response timeout expired or query ID is invalid")
    text = params.text("text")
    if utf16_length(text) > 200:
        raise BadRequest("MESSAGE_TOO_LONG")
    answer: dict[str, Any] = {"text": text, "show_alert": params.flag("show_alert")}
    if url := params.text("url"):
        answer["url"] = url
    callback["answer"] = answer
    world.save_callback(callback)
    world.news.publish(
        {
            "type": "answer",
            "callback_id": callback["id"],
            "person": callback["person"],
            "chat_id": callback["chat_id"],
            "message_id": callback["message_id"],
            **answer,
        }
    )
    return True


@method("sendChatAction")
def send_chat_action(world: World, params: Params) -> bool:
    chat_id = reachable_chat(world, params)
    action = params.text("action")
    if action not in _ACTIONS:
        raise BadRequest("wrong parameter action in request")
    world.news.publish({"type": "action", "chat_id": chat_id, "action": action})
    return True


_ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)
