"""Keeps names, phones and tokens out of the log: what is not known to be harmless is masked.

What is known is told by where it comes from, not by how it looks:

- a line's text, when it stands in the code that told it. A text that was put together from values
  is left out and the place named. Of its arguments numbers are shown, words are not;
- fields by the allow-list below, of our own lines only; their words are words of the program;
- of an exception the type, the place and codes. Its text quotes whatever offended it.

Patterns for tokens, credentials and phones are a second net behind that, never the first.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from types import FrameType
from typing import Any, Final

from workshop.lib.correlation import is_id
from workshop.lib.describing import describe, short

__all__ = [
    "MASK",
    "describe",
    "field",
    "is_ours",
    "mask_event",
    "mask_text",
    "safe_traceback",
    "short",
]

MASK: Final = "***"

OURS: Final = frozenset(
    {
        "workshop", "history", "staff", "receipts", "polishing", "analytics", "integrations",
        "botapp", "simulator",
    }
)  # fmt: skip
FIELDS: Final = frozenset(
    {
        "method", "code", "status", "kind", "verb", "state", "channel", "role", "roles", "actor",
        "job", "screen", "template", "consumer", "attempt", "attempts", "outcome", "reason_code",
        "duration", "count", "version", "error", "query", "signal", "process", "port", "task",
        "queue", "exit_code", "part", "card", "programs", "statement", "plan", "webhook",
    }
)  # fmt: skip
ENDINGS: Final = ("_id", "_ids", "_count", "_ms", "_s", "_seconds", "_at", "_code", "_kind")
# Accounts of a messenger are as good as names.
PERSONAL: Final = frozenset({"telegram_id", "chat_id", "person_id"})
# Written by the processors of the line itself, and by workshop.middleware.
MADE: Final = frozenset(
    {"level", "logger", "timestamp", "exception", "stack", "place", "trace_id", "request"}
)
CAUSES: Final = frozenset({"request_id", "asked_request_id"})
# Several lines, made by our own code without values.
LONG: Final = frozenset({"statement", "plan"})
# What libraries call things of ours, by logger.
NAMED: Final[Mapping[str, frozenset[str]]] = {"celery.app.trace": frozenset({"name", "id"})}

_LARGEST: Final = 10**9  # a longer number may be a phone, or an account of a messenger
_TOLD_FOR: Final = 2  # functions that only pass a text on to the logger, as gunicorn has
_DEPTH: Final = 40  # frames between a line and who told it
# Words of the program: no letters but ASCII, four parts at most.
_WORDS: Final = re.compile(r"[!-~]{1,200}( [!-~]{1,100}){0,3}")
_NUMBERS: Final = (bool, int, float, Decimal, date, time, timedelta)

_SECRETS: Final = (
    # A bot token, also inside a URL of the Bot API (https://…/bot<token>/method).
    re.compile(r"\d{6,}:[A-Za-z0-9_-]{30,}"),
    re.compile(r"(?i)\b(?:bearer|basic|token|api[-_]?key|password|secret)\b[=:\s]+[^\s,;\"']+"),
    # A key of the API (integrations.keys).
    re.compile(r"\brpsg_[A-Za-z0-9.]+"),
    # user:password@host of a database or broker URL.
    re.compile(r"(?<=://)[^/@\s]+@"),
    # The path of a customer's tracking page is a secret by itself.
    re.compile(r"(?<=/t/)[A-Za-z0-9_-]{8,}"),
    # Query strings carry search words: names, phones, numbers.
    re.compile(r"(?<=\?)\S+"),
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    re.compile(r"(?<![\w.:-])(?!\d{4}-\d\d-\d\d)\+?\d[\d ()-]{8,}\d(?![\w:])"),
)


def mask_text(text: str) -> str:
    """The text with tokens, credentials, search words, addresses and phones replaced."""
    for pattern in _SECRETS:
        text = pattern.sub(MASK, text)
    return text


# --- the text of a line ---------------------------------------------------------------------------


def told(record: logging.LogRecord, values: Any = ()) -> tuple[str, str]:
    """What a line says, and the place that told it when the text itself must not be shown.

    Asked while the line is told: in the stack of whoever tells it.
    """
    frame = _teller(record)
    text = record.msg
    if not isinstance(text, str) or frame is None or not _stands_in(frame, text):
        return MASK, f"{short(record.pathname)}:{record.lineno}"
    return mask_text(_filled(text, values or record.args, NAMED.get(record.name, frozenset()))), ""


def _teller(record: logging.LogRecord) -> FrameType | None:
    """The frame that called the logger; it waits until the line is written."""
    frame: FrameType | None = sys._getframe(2)
    for _step in range(_DEPTH):
        if frame is None:
            return None
        if frame.f_lineno == record.lineno and frame.f_code.co_filename == record.pathname:
            return frame
        frame = frame.f_back
    return None


def _stands_in(frame: FrameType, text: str) -> bool:
    """In the function itself, among the constants of its module, or in one that it tells for."""
    if text in frame.f_code.co_consts or any(one is text for one in frame.f_globals.values()):
        return True
    above: FrameType | None = frame
    for _step in range(_TOLD_FOR):
        above = above.f_back if above is not None else None
        if above is not None and text in above.f_code.co_consts:
            return True
    return False


def _filled(text: str, values: Any, named: frozenset[str]) -> str:
    if not values:
        return text
    shown: Any
    if isinstance(values, Mapping):
        shown = {
            name: value if name in named else _harmless(value) for name, value in values.items()
        }
    else:
        shown = tuple(_harmless(value) for value in values)
    try:
        return text % shown
    except (TypeError, ValueError, KeyError):  # %d for something that is no number
        return text


def _harmless(value: Any) -> Any:
    if isinstance(value, int | float | Decimal):
        return value if -_LARGEST < value < _LARGEST else MASK
    return value if value is None or isinstance(value, date | time | timedelta) else MASK


# --- its fields -----------------------------------------------------------------------------------


def is_ours(logger: str) -> bool:
    return logger.partition(".")[0] in OURS


_USUAL: Final = frozenset(
    {*logging.LogRecord("", 0, "", 0, "", None, None).__dict__, "message", "asctime", "taskName"}
)


def own_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What our own line was given; what libraries add (requests, messages) is left out."""
    if not is_ours(record.name):
        return {}
    return {name: value for name, value in record.__dict__.items() if name not in _USUAL}


def field(name: str, value: Any) -> Any:
    """The value of a field of our own as it may be shown to anybody."""
    if value is None or isinstance(value, bool):
        return value
    if name in MADE:
        return value
    if name in PERSONAL or (name not in FIELDS and not name.endswith(ENDINGS)):
        return MASK
    if isinstance(value, str):
        return _word(name, value)
    if isinstance(value, list | tuple | set | frozenset):
        return [one if isinstance(one, int) else _word(name, str(one)) for one in value]
    return value if isinstance(value, _NUMBERS) else MASK


@lru_cache(2_000)
def _word(name: str, value: str) -> str:
    if name in CAUSES:
        return value if is_id(value) else MASK
    if name in LONG:
        return mask_text(value)
    return mask_text(value) if not value or _WORDS.fullmatch(value) else MASK


# --- processors of structlog ----------------------------------------------------------------------


def tell(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """The first one: the text of the line, and of a library's line nothing else."""
    record = event["_record"]
    event["event"], place = told(record, event.pop("positional_args", ()))
    if place:
        event["place"] = place
    return event


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Names with a leading underscore belong to structlog itself, which takes them out."""
    for name, value in event.items():
        if name != "event" and not name.startswith("_"):
            event[name] = field(name, value)
    return event


def add_own_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    event.update(own_fields(event["_record"]))
    return event


def safe_traceback(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """`exc_info` becomes `exception`, frames without any values."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event
