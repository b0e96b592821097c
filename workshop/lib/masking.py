"""Keeps names, phones and tokens out of the log: what is not known to be harmless is masked.

Fields pass by an allow-list. Free text (the event itself, paths) passes with everything that looks
like a secret or a phone cut out. The text of an exception is dropped unless its type is known to
carry no data of people, because database and validation errors quote the offending value.
"""

import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

MASK = "***"

# Texts written by us or by libraries, checked by pattern.
TEXT_FIELDS = frozenset({"event", "path", "request", "stack", "exception", "statement"})
ALLOWED_FIELDS = frozenset(
    {
        "level", "logger", "timestamp", "method", "code", "status", "kind", "verb", "state",
        "channel", "role", "actor", "job", "screen", "template", "consumer", "attempt", "attempts",
        "outcome", "reason_code", "duration", "count", "version", "error", "query", "signal",
        "positional_args", "process", "port", "task", "queue", "host", "exit_code",
    }
)  # fmt: skip
ALLOWED_ENDINGS = ("_id", "_ids", "_count", "_ms", "_s", "_seconds", "_at", "_code", "_kind")
TELLING_ERRORS = (OSError, ImportError, TimeoutError)
TELLING_NAMES = frozenset({"ImproperlyConfigured", "OperationalError", "ProgrammingError"})

_SECRETS = (
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


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if name in TEXT_FIELDS:
        return mask_text(str(value))
    if name in ALLOWED_FIELDS or name.endswith(ALLOWED_ENDINGS):
        return mask_text(value) if isinstance(value, str) else value
    return MASK


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """structlog processor; names with a leading underscore belong to structlog itself."""
    for name in list(event):
        if not name.startswith("_"):
            event[name] = _value(name, event[name])
    return event


def safe_traceback(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """structlog processor: `exc_info` becomes `exception`, frames without any values."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


def describe(error: BaseException) -> str:
    """Type, code and frames of an error; its text only when that cannot quote people's data."""
    kind = type(error)
    title = f"{kind.__module__}.{kind.__qualname__}"
    code = getattr(error, "code", None)
    if isinstance(code, str):
        title += f" [{code}]"
    if isinstance(error, TELLING_ERRORS) or kind.__name__ in TELLING_NAMES:
        title += f": {error}"
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__))
    lines = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n  ".join([title, *lines])
