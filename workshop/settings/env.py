"""Typed readers of the environment.

Every setting that can come from outside is read through one of these functions, so that `KNOWN`
is the complete list of names: docs/configuration.md and .env.example are tested against it.
`NAME_FILE` may name a file that holds the value (Docker and Kubernetes secrets). A value of the
wrong form raises ImproperlyConfigured, which names the variable and the cure.
"""

import os
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
TEST_SETTINGS = "workshop.settings.test"
KNOWN: dict[str, str] = {}
"""Name of every setting read so far, with its default as text."""

T = TypeVar("T")


def running_tests() -> bool:
    """Whether the test settings were asked for: they ignore the installation's own `.env`."""
    return os.environ.get("DJANGO_SETTINGS_MODULE") == TEST_SETTINGS


if not running_tests() and (BASE_DIR / ".env").is_file():
    # Not the file-aware reader: it would open the files of secrets here, and fail without a name.
    environ.Env.read_env(BASE_DIR / ".env")

_env = environ.FileAwareEnv()


def _read(name: str, default: T, convert: Callable[[str], T], cure: str) -> T:
    KNOWN.setdefault(name, _as_text(default))
    try:
        raw = _env.str(name, default="").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names a file that cannot be read ({type(error).__name__}). "
            f"Point it to a readable UTF-8 text file or unset it."
        ) from error
    if not raw:
        return default
    try:
        return convert(raw)
    except ValueError as error:
        # The value itself is not repeated: it may be a secret put into the wrong variable.
        raise ImproperlyConfigured(f"{name} has a wrong value. {cure}") from error


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple | list):
        return ",".join(str(part) for part in value)
    return "" if value is None else str(value)


def text(name: str, default: str = "") -> str:
    return _read(name, default, str, "Set any text.")


def names(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list; blanks around the parts are dropped."""

    def convert(raw: str) -> list[str]:
        return [part.strip() for part in raw.split(",") if part.strip()]

    return _read(name, list(default), convert, "Set names separated by commas.")


def flag(name: str, default: bool = False) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}

    def convert(raw: str) -> bool:
        if raw.lower() not in words:
            raise ValueError(name)
        return words[raw.lower()]

    return _read(name, default, convert, "Set 1 or 0.")


def whole(name: str, default: int, *, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
    def convert(raw: str) -> int:
        value = int(raw)
        if not minimum <= value <= maximum:
            raise ValueError(name)
        return value

    cure = f"Set a whole number from {minimum} to {maximum}."
    return _read(name, default, convert, cure)


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    def convert(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(name)
        return raw

    return _read(name, default, convert, f"Set one of: {', '.join(allowed)}.")


def clock_time(name: str, default: str) -> time:
    """A time of day in the workshop's own zone, written HH:MM."""
    return _read(name, time.fromisoformat(default), time.fromisoformat, "Set a time as HH:MM.")


def folder(name: str, default: Path) -> Path:
    """A folder; a relative path is taken from the project's root."""
    KNOWN.setdefault(name, default.name)
    return _read(name, default, lambda raw: (BASE_DIR / raw).resolve(), "Set a path.")
