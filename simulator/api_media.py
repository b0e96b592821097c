"""Bot API methods for pictures, documents, albums and files."""

from typing import Any

from simulator.errors import BadRequest
from simulator.files import MAX_DOWNLOAD_BYTES
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
from simulator.rich_text import check_caption, text_of
from simulator.world import World


def _caption_part(params: Params) -> Json:
    caption, entities = text_of(params, "caption", entities_field="caption_entities")
    check_caption(caption)
    return {**part("caption", caption), **part("caption_entities", entities)}


def _send_media(world: World, params: Params, kind: str) -> Json:
    chat_id = reachable_chat(world, params)
    content = {
        **_caption_part(params),
        **part("reply_markup", markup_of(params)),
        **reply_part(world, params, chat_id),
    }
    media = world.files.media_of(params, kind, params.values.get(kind))
    world.limits.take(chat_id)
    api: Json = world.add_message(chat_id, world.bot, {kind: media, **content})["api"]
    return api


@method("sendPhoto")
def send_photo(world: World, params: Params) -> Json:
    return _send_media(world, params, "photo")


@method("sendDocument")
def send_document(world: World, params: Params) -> Json:
    return _send_media(world, params, "document")


def _input_media(raw: Any, params: Params) -> tuple[str, Params]:
    """Kind and parameters (caption, parse mode) of one InputMedia object."""
    if not isinstance(raw, dict):
        raise BadRequest("expected an Object as InputMedia")
    kind = raw.get("type")
    if kind not in ("photo", "document"):
        raise BadRequest("can't parse InputMedia: type must be photo or document")
    return kind, Params(raw, params.uploads)


@method("sendMediaGroup")
def send_media_group(world: World, params: Params) -> list[Json]:
    chat_id = reachable_chat(world, params)
    raw = params.json("media", "can't parse media JSON object")
    if not isinstance(raw, list) or not 2 <= len(raw) <= 10:
        raise BadRequest("there must be 2-10 media items in the group")
    items = [_input_media(each, params) for each in raw]
    if len({kind for kind, _ in items}) > 1:
        raise BadRequest("documents can't be mixed with other media types")
    captions = [_caption_part(item) for _, item in items]
    reply = reply_part(world, params, chat_id)
    media = [world.files.media_of(item, kind, item.text("media")) for kind, item in items]
    world.limits.take(chat_id, len(items))
    group = str(world.next_number("media_group", 13_000_000_000_000_000))
    sent = []
    for (kind, _), caption, each in zip(items, captions, media, strict=True):
        content = {kind: each, "media_group_id": group, **caption, **reply}
        sent.append(world.add_message(chat_id, world.bot, content)["api"])
    return sent


@method("editMessageMedia")
def edit_media(world: World, params: Params) -> Json:
    markup = markup_of(params, inline_only=True)
    raw = params.json("media", "can't parse input media JSON object")
    kind, item = _input_media(raw, params)
    caption = _caption_part(item)
    record = own_message(world, params)
    content = {
        "photo": None,
        "document": None,
        "text": None,
        "entities": None,
        "caption": caption.get("caption"),
        "caption_entities": caption.get("caption_entities"),
        "reply_markup": markup,
        kind: world.files.media_of(item, kind, item.text("media")),
    }
    return apply_edit(world, record, content)


@method("getFile")
def get_file(world: World, params: Params) -> Json:
    file = world.files.find(params.text("file_id"))
    if file is None:
        raise BadRequest("wrong file_id or the file is temporarily unavailable")
    if file.size > MAX_DOWNLOAD_BYTES:
        raise BadRequest("file is too big")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "file_path": file.path,
    }
