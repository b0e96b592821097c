"""Values as the earlier platform wrote them: Moscow clock faces, flags, JSON, free text."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

MOSCOW: Final = ZoneInfo("Europe/Moscow")
BIGGEST: Final = 2**63 - 1
_EARLIEST: Final = 1971  # before it a clock was never set


def moment(value: Any) -> datetime | None:
    """An instant of a naive Moscow time (an aware one is taken as it is); None when unreadable."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=MOSCOW)
    if not isinstance(value, datetime) or not _EARLIEST <= value.year <= 9000:
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=MOSCOW)
    return value.astimezone(UTC)


def flag(value: Any) -> bool:
    """Booleans of PostgreSQL, numbers and words of SQLite."""
    if isinstance(value, str):
        return value.strip().casefold() in {"1", "t", "true", "yes", "да"}
    return bool(value)


def number(value: Any) -> int | None:
    """A whole number that a database column holds; None for anything else."""
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > BIGGEST:
        return None
    return value


def text(value: Any, limit: int = 0) -> str:
    """One value as text that every database stores, at most ``limit`` characters."""
    if value is None:
        return ""
    kept = "".join(char if _storable(char) else " " for char in str(value)).strip()
    if limit and len(kept) > limit:
        kept = kept[: limit - 1].rstrip() + "…"
    return kept


def _storable(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}


def payload(value: Any) -> dict[str, Any]:
    """The payload of an event; what is no object stands under ``raw``."""
    if isinstance(value, bytes | str):
        try:
            value = json.loads(value)
        except ValueError:
            pass_on = value.decode(errors="replace") if isinstance(value, bytes) else value
            value = {"raw": pass_on}
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        value = {"raw": value}
    found: dict[str, Any] = plain(value)
    return found


def plain(value: Any) -> Any:
    """JSON without floats (their text differs between systems) and unstorable characters."""
    if isinstance(value, Mapping):
        return {text(key, 100): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= BIGGEST else str(value)
    return text(value)
