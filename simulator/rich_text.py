"""Message text: Telegram's HTML grammar, entities, and the length it counts.

The grammar and the wording of the refusals follow `parse_html` of TDLib, the library behind the
public Bot API server. Offsets of entities count UTF-16 units as in the Bot API. The length limits
count the same units: for letters outside the basic plane that is a little stricter than Telegram,
so what passes here passes there.
"""

import re
from typing import Any

from simulator.errors import BadRequest
from simulator.html_grammar import HtmlParser, utf16_length
from simulator.params import Params

MAX_TEXT = 4096
MAX_CAPTION = 1024

Entity = dict[str, Any]

_ENTITY_TYPES = frozenset(
    [
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
    ]
)
_CONTROL = {code: " " for code in range(32) if code not in (10, 13)} | {13: None}
_FOUND_BY_SERVER = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<bot_command>(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<!\w)@[A-Za-z]\w{3,31})"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)"
)


def text_of(params: Params, field: str, *, entities_field: str) -> tuple[str, list[Entity]]:
    """Text and entities of a call: by `parse_mode` or by an explicit list of entities."""
    raw = params.text(field)
    mode = params.text("parse_mode").lower()
    if mode == "html":
        text, entities = HtmlParser(raw).parse()
    elif mode:
        # Telegram also knows Markdown; the product writes HTML only, so anything else is a slip.
        raise BadRequest("unsupported parse_mode")
    else:
        problem = "can't parse entities JSON object"
        text, entities = raw, _explicit(params.json(entities_field, problem), raw)
    text, entities = _trim(text.translate(_CONTROL), entities)
    return text, with_found(text, entities)


def with_found(text: str, entities: list[Entity]) -> list[Entity]:
    """Adds what the server finds by itself: commands, links, mentions, hashtags."""
    if not any(mark in text for mark in "/@#"):
        return entities
    taken = [(e["offset"], e["offset"] + e["length"]) for e in entities if _is_opaque(e)]
    found = list(entities)
    for match in _FOUND_BY_SERVER.finditer(text):
        start = utf16_length(text[: match.start()])
        length = utf16_length(match.group())
        if any(start < end and begin < start + length for begin, end in taken):
            continue
        found.append({"type": match.lastgroup, "offset": start, "length": length})
    return sorted(found, key=lambda entity: (entity["offset"], -entity["length"]))


def check_text(text: str) -> None:
    if not text:
        raise BadRequest("message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise BadRequest("message is too long")


def check_caption(caption: str) -> None:
    if utf16_length(caption) > MAX_CAPTION:
        raise BadRequest("message caption is too long")


def _is_opaque(entity: Entity) -> bool:
    return entity["type"] in ("code", "pre", "text_link", "text_mention", "url", "email")


def _explicit(raw: Any, text: str) -> list[Entity]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise BadRequest("can't parse entities JSON object")
    length = utf16_length(text)
    kept = []
    for item in raw:
        if not isinstance(item, dict) or item.get("type") not in _ENTITY_TYPES:
            raise BadRequest("can't parse MessageEntity: wrong type specified")
        offset, size = item.get("offset"), item.get("length")
        if not isinstance(offset, int) or not isinstance(size, int):
            raise BadRequest('can\'t parse MessageEntity: Field "offset" must be of type Number')
        if size > 0 and offset >= 0 and offset + size <= length:
            kept.append(dict(item))
    return kept


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Telegram cuts blanks off both ends and shortens the entities with them."""
    stripped = text.strip()
    if stripped == text:
        return text, entities
    cut = utf16_length(text[: len(text) - len(text.lstrip())])
    end = utf16_length(stripped)
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - cut)
        stop = min(end, entity["offset"] + entity["length"] - cut)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return stripped, kept
