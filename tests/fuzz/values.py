"""Values that are wrong: by the description of the API, and in any language or program."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from typing import Any, Final

from workshop.lib.api.fields import NOT_BLANK

Schema = Mapping[str, Any]

# Legal characters that break parsers, layouts and databases.
ODD: Final = (
    "", " ", "\t", "\u202eабв", "\u200b", "\ufeff", "🔥" * 50, "👨‍👩‍👧‍👦", "e\u0301" * 40,
    "ﷺ" * 30, "İı",
    "<script>alert(1)</script>", "<b>&amp;", "'; DROP TABLE receipts_receipt;--", "' OR 1=1 --",
    "../../etc/passwd", "%00", "%s%n", "{0}", "${jndi:ldap://x}", "=1+1", "@SUM(A1)", "null",
    "None",
    "NaN", "Infinity", "-0", "1e999", "٣", "²", "0x10", "1_000", "+1", "1,5", "true", "[]", "{}",
    "2026-02-30", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59+14:00",
    "2026-03-29T02:30:00", "31.02.2026", "99.99.9999 99:99", "завтра", "T", "::1", "a" * 300,
    "К" * 5_000, "x" * 100_000, "\U0010ffff", "\x7f", "\x1b[31m", "\r\nX-Injected: 1",
)  # fmt: skip
NUL: Final = "a\x00b"
LONG: Final = "Ж" * 60_000
DEEP: Final = 3_000


def odd(draw: random.Random) -> str:
    """A text that somebody may well send, or a mixture of such."""
    if draw.random() < 0.6:
        return draw.choice(ODD)
    letters = string.printable + "йцуЁ№«»\u0301\u202e\u00a0😀"
    return "".join(draw.choices(letters, k=draw.choice((1, 3, 17, 200))))


class Described:
    """Reads the description of the API; ``wrong`` breaks what it says."""

    def __init__(self, description: Schema) -> None:
        self._schemas = description["components"]["schemas"]

    def whole(self, schema: Schema) -> Schema:
        """Without references."""
        while "$ref" in schema or len(schema.get("allOf", ())) == 1:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rpartition("/")[2]]
            else:
                schema = schema["allOf"][0]
        return schema

    def kinds(self, schema: Schema) -> set[str]:
        """Types of JSON that the schema takes; "any" when it says none."""
        schema = self.whole(schema)
        found = schema.get("type", ())
        kinds = {found} if isinstance(found, str) else set(found)
        for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
            kinds |= self.kinds(one)
        if not kinds:
            kinds = {_kind(one) for one in schema.get("enum", ())} or {"any"}
        return kinds

    def wrong(self, schema: Schema, draw: random.Random) -> Any:
        """A value that is refused whatever the workshop holds; LookupError when all are taken."""
        return draw.choice(list(self._wrong(schema, draw)))

    def _wrong(self, schema: Schema, draw: random.Random) -> Iterator[Any]:
        kinds, schema = self.kinds(schema), self.whole(schema)
        if "any" in kinds:
            raise LookupError("anything goes")
        if "null" not in kinds:
            yield None
        for kind, values in _OF_KIND.items():
            if kind not in kinds and not (kind == "integer" and "number" in kinds):
                yield from values
        if "integer" in kinds:
            yield from (1.5, 2**63, -(2**70), 1e300)
        if "string" in kinds:
            yield from (NUL, LONG)
            if schema.get("pattern") == NOT_BLANK:
                yield from (" ", "\t\n", "\x1e")
            elif "enum" in schema or "oneOf" in schema or {"format", "pattern"} & set(schema):
                yield from ("\u202e?", "no such value", "x" * 99)
        if "array" in kinds and (inner := schema.get("items")):
            yield from self._wrong_lists(inner, draw)
        if schema.get("additionalProperties") is False:
            yield {"no_such_value": 1}

    def _wrong_lists(self, inner: Schema, draw: random.Random) -> Iterator[Any]:
        try:
            yield [self.wrong(inner, draw)]
        except LookupError:
            return


def _kind(value: Any) -> str:
    return {str: "string", bool: "boolean", int: "integer", type(None): "null"}[type(value)]


_OF_KIND: Final[Mapping[str, tuple[Any, ...]]] = {
    "string": ("1", "true", "", "2026-01-01"),
    "integer": (7, -1),
    "boolean": (True, False),
    "array": ([], ["1"], [[[]]]),
    "object": ({}, {"id": 1}),
}


def deep(draw: random.Random) -> bytes:
    """JSON that is nested without end."""
    size = draw.choice((21, 200, DEEP, 100_000))
    opening, closing = draw.choice(((b"[", b"]"), (b'{"a":', b"}")))
    inside = opening * size + b"1" + closing * size
    return draw.choice((inside, b'{"number": ' + inside + b"}", inside[: len(inside) // 2]))


def no_json(draw: random.Random) -> bytes:
    """What is no JSON object."""
    return draw.choice(
        (
            b"", b" ", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe{}", b"{'a': 1}",
            b'{"a": NaN}',
            b'{"a": 1', b'{"a": 1}{"b": 2}', b'{"a": "\\ud800"}', b'{"a": "\xed\xa0\x80"}',
            b'{"a\\u0000": 1}', b'{"a": 01}', b"a=1&b=2", b"<xml/>", bytes(draw.randbytes(50)),
            b'{"a": ' + b"9" * 5_000 + b"}", b"\x00" * 100,
            deep(draw),
        )
    )  # fmt: skip
