"""Text that cannot break: plain strings are escaped, only these builders make tags."""

from __future__ import annotations

import html
import re
from typing import Any

from botapp.transport.port import TEXT_LIMIT

ELLIPSIS = "\n…"
_TOKEN = re.compile(r"<(?P<close>/?)(?P<tag>[a-z]+)[^>]*>|&#?\w+;|.", re.S)


class Markup(str):
    """HTML that is known to be well-formed. Never call it on text of people: use :func:`esc`."""

    __slots__ = ()


def esc(value: Any) -> Markup:
    """Any value as markup; Markup stays as it is, everything else is escaped."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value), quote=False))


def _tag(name: str, parts: tuple[Any, ...]) -> Markup:
    inner = "".join(esc(part) for part in parts)
    return Markup(f"<{name}>{inner}</{name}>" if inner else "")


def b(*parts: Any) -> Markup:
    """Bold."""
    return _tag("b", parts)


def i(*parts: Any) -> Markup:
    """Italic."""
    return _tag("i", parts)


def code(*parts: Any) -> Markup:
    """Fixed width; a tap copies it. Also for text tables."""
    return _tag("code", parts)


def quote(*parts: Any) -> Markup:
    """A quotation: somebody's own words."""
    return _tag("blockquote", parts)


def link(url: str, label: Any) -> Markup:
    """A link with a label of its own."""
    return Markup(f'<a href="{html.escape(url)}">{esc(label)}</a>')


def lines(*parts: Any) -> Markup:
    """The parts below each other; None and False are left out, "" is an empty line."""
    return Markup("\n".join(esc(part) for part in parts if part is not None and part is not False))


def fmt(template: Any, **params: Any) -> Markup:
    """``%(name)s`` placeholders filled with escaped values; the template is escaped too."""
    return Markup(esc(template) % {name: esc(value) for name, value in params.items()})


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 units."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def plain(markup: str) -> str:
    """The text a person sees."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def bounded(markup: str, limit: int = TEXT_LIMIT) -> Markup:
    """At most ``limit`` visible units, cut at a line where possible, every tag closed."""
    if units(plain(markup)) <= limit:
        return Markup(markup)
    room = limit - units(ELLIPSIS)
    cut, seen, line_end = 0, 0, 0
    for token in _TOKEN.finditer(markup):
        seen += 0 if token["tag"] else units(html.unescape(token[0]))
        if seen > room:
            break
        cut = token.end()
        if token[0] == "\n":
            line_end = token.start()
    # A last line that is very long is cut inside rather than lost as a whole.
    kept = markup[: line_end if line_end > cut * 0.8 else cut]
    return Markup(kept + _closing(kept) + ELLIPSIS)


def _closing(kept: str) -> str:
    open_tags: list[str] = []
    for token in _TOKEN.finditer(kept):
        if token["tag"] and token["close"]:
            open_tags.pop()
        elif token["tag"]:
            open_tags.append(token["tag"])
    return "".join(f"</{tag}>" for tag in reversed(open_tags))
