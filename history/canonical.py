"""One byte form of data, equal on every database: what hashes are computed over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import attrs
import orjson

from workshop.lib import clock

AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})
_SUBCLASSED: Final = (str, int)  # members of an enumeration, above all
_encode: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def plain(value: Any) -> Any:
    """JSON-ready form: instants in UTC with µs, decimals as text, bytes as their SHA-256.

    Mappings, sequences and data classes are followed. Raises TypeError for floats (their text
    differs between systems) and unknown types.
    """
    exact = type(value)
    if exact in AS_THEY_ARE:  # nearly every value; the questions below are for the rest
        return value
    if exact is dict:
        return {
            str(key): item if type(item) in AS_THEY_ARE else plain(item)
            for key, item in value.items()
        }
    if exact is list:
        return [item if type(item) in AS_THEY_ARE else plain(item) for item in value]
    if isinstance(value, _SUBCLASSED):
        return value
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if attrs.has(exact):
        return plain(attrs.asdict(value, recurse=False))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8, no floats."""
    return encoded(plain(value))


def encoded(value: Any) -> bytes:
    """The canonical bytes of what :func:`plain` has answered."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # a number beyond 64 bits, half of a surrogate pair
        # surrogatepass: arguments are hashed before their texts are cleaned, and must not crash
        return _encode(value).encode(errors="surrogatepass")


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
