"""The HTML subset of the Bot API, tag by tag, as TDLib reads it."""

import re
from dataclasses import dataclass
from typing import Any

from simulator.errors import BadRequest

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPECIAL = re.compile(r"[<&]")
_CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot));?")
_SPACES = " \t\r\n\0\v"


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


@dataclass
class _Open:
    tag: str
    argument: str
    offset: int
    position: int


class HtmlParser:
    """Turns marked-up text into plain text and entities.

    Raises BadRequest "can't parse entities: ..." with the byte offset, as Telegram does.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._parts: list[str] = []
        self._length = 0
        self._open: list[_Open] = []
        self._entities: list[dict[str, Any]] = []

    def parse(self) -> tuple[str, list[dict[str, Any]]]:
        source = self._source
        while (match := _SPECIAL.search(source, self._at)) is not None:
            self._push(source[self._at : match.start()])
            self._at = match.start()
            if match.group() == "&":
                self._character()
            elif source.startswith("</", self._at):
                self._end_tag()
            else:
                self._start_tag()
        self._push(source[self._at :])
        if self._open:
            tag = self._open[-1].tag
            raise self._bad(f'Can\'t find end tag corresponding to start tag "{tag}"')
        self._entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self._parts), self._entities

    def _push(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += utf16_length(text)

    def _bad(self, detail: str, position: int | None = None) -> BadRequest:
        if position is not None:
            detail += f" at byte offset {len(self._source[:position].encode())}"
        return BadRequest(f"can't parse entities: {detail}")

    def _character(self) -> None:
        text, self._at = self._decode(self._at)
        self._push(text)

    def _decode(self, position: int) -> tuple[str, int]:
        """The character written at an ampersand; an unknown one stays as it is."""
        match = _CHARACTER.match(self._source, position)
        if match is None:
            return "&", position + 1
        hexadecimal, decimal, name = match.groups()
        if name:
            return _NAMED[name], match.end()
        code = int(hexadecimal, 16) if hexadecimal else int(decimal)
        if code == 0 or code >= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            return "&", position + 1
        return chr(code), match.end()

    def _peek(self) -> str:
        return self._source[self._at] if self._at < len(self._source) else ""

    def _skip_spaces(self) -> None:
        while self._peek() and self._peek() in _SPACES:
            self._at += 1

    def _read_until(self, stops: str) -> str:
        begin = self._at
        while self._peek() and self._peek() not in stops:
            self._at += 1
        return self._source[begin : self._at]

    def _start_tag(self) -> None:
        begin = self._at
        self._at += 1
        tag = self._read_until(_SPACES + ">").lower()
        if not self._peek():
            raise self._bad("Unclosed start tag", begin)
        if tag not in _TAGS:
            raise self._bad(f'Unsupported start tag "{tag}"', begin)
        argument = ""
        while True:
            self._skip_spaces()
            if self._peek() == ">":
                break
            argument = self._attribute(tag, begin) or argument
        self._at += 1
        if tag == "span" and argument != "spoiler":
            raise self._bad('Tag "span" must have class "tg-spoiler"', begin)
        if tag == "tg-emoji" and not argument.isdigit():
            raise self._bad("Invalid custom emoji identifier specified")
        self._open.append(_Open(tag, argument, self._length, len(self._parts)))

    def _attribute(self, tag: str, begin: int) -> str:
        name = self._read_until(_SPACES + "=>/\"'").lower()
        if not name:
            raise self._bad(
                f'Empty attribute name in the tag "{tag}"'
                if self._peek()
                else "Unclosed start tag",
                begin,
            )
        self._skip_spaces()
        value = ""
        if self._peek() == "=":
            self._at += 1
            self._skip_spaces()
            value = self._attribute_value()
        if not self._peek():
            raise self._bad("Unclosed start tag", begin)
        if tag == "blockquote" and name == "expandable":
            return "expandable"
        if (tag, name) in (("a", "href"), ("tg-emoji", "emoji-id")):
            return value
        if (tag, name) == ("code", "class") and value.startswith("language-"):
            return value.removeprefix("language-")
        if (tag, name) == ("span", "class") and value.startswith("tg-"):
            return value.removeprefix("tg-")
        return ""

    def _attribute_value(self) -> str:
        begin = self._at
        quote = self._peek()
        if quote not in ("'", '"'):
            while self._peek().isalnum() or self._peek() in (".", "-"):
                self._at += 1
            if self._peek() and self._peek() not in _SPACES + ">":
                raise self._bad("Unexpected end of name token", begin)
            return self._source[begin : self._at].lower()
        self._at += 1
        parts = []
        while self._peek() and self._peek() != quote:
            if self._peek() == "&":
                text, self._at = self._decode(self._at)
                parts.append(text)
            else:
                parts.append(self._peek())
                self._at += 1
        if self._peek():
            self._at += 1
        return "".join(parts)

    def _end_tag(self) -> None:
        begin = self._at
        if not self._open:
            raise self._bad("Unexpected end tag", begin)
        self._at += 2
        name = self._read_until(_SPACES + ">").lower()
        self._skip_spaces()
        if self._peek() != ">":
            raise self._bad("Unclosed end tag", begin)
        self._at += 1
        opened = self._open.pop()
        if name and name != opened.tag:
            where = len(self._source[:begin].encode())
            raise self._bad(
                f"Unmatched end tag at byte offset {where}, "
                f'expected "</{opened.tag}>", found "</{name}>"'
            )
        self._close(opened)

    def _close(self, opened: _Open) -> None:
        length = self._length - opened.offset
        if length == 0:
            return
        entity: dict[str, Any] = {
            "type": _TAGS[opened.tag],
            "offset": opened.offset,
            "length": length,
        }
        if opened.tag == "a":
            url = opened.argument or "".join(self._parts[opened.position :])
            if not re.match(r"(?i)(https?|ftp|tg|ton|tonsite|mailto|tel):|[\w-]+\.[\w.-]+", url):
                return
            entity["url"] = url
        elif opened.tag == "tg-emoji":
            entity["custom_emoji_id"] = opened.argument
        elif opened.argument == "expandable":
            entity["type"] = "expandable_blockquote"
        elif (
            opened.tag == "code" and opened.argument and self._open and self._open[-1].tag == "pre"
        ):
            self._open[-1].argument = opened.argument
            return
        elif opened.tag == "pre" and opened.argument:
            entity["language"] = opened.argument
        self._entities.append(entity)
