"""An exception without its text: type, codes, place. The text quotes what offended it.

``KeyError('Иванов')``, "invalid literal for int(): '+7 916…'", "Key (phone)=(…) already exists",
"LINE 1: … WHERE name = '…'": there is no list of exceptions that never do that. What is shown
instead are codes: of our own errors, of the database (and which constraint), of the system.
"""

from __future__ import annotations

import errno
import os
import re
import traceback
from pathlib import Path
from typing import Any, Final

_ROOT: Final = str(Path(__file__).resolve().parents[2])
_MOST_CAUSES: Final = 4
_MOST_FRAMES: Final = 40
_CODE: Final = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_NAME: Final = re.compile(r"[A-Za-z_][\w.]{0,99}", re.ASCII)
_STATE: Final = re.compile(r"[0-9A-Z]{5}")
# What has no code: sentences of SQLite, and of the way to PostgreSQL.
_SENTENCES: Final = (
    "no such table", "no such column", "database is locked", "database disk image is malformed",
    "unable to open database file", "attempt to write a readonly database", "disk I/O error",
    "Connection refused", "timeout expired", "the connection is closed",
    "server closed the connection unexpectedly",
)  # fmt: skip


def describe(error: BaseException) -> str:
    """Type, codes and frames of an error and of what caused it, one line for each frame."""
    parts = ["\n  ".join([title(one), *_frames(one)]) for one in causes(error)]
    return "\nbecause of ".join(parts)


def causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, as Python itself would show."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and len(found) < _MOST_CAUSES and not any(one is two for two in found):
        found.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


def title(error: BaseException) -> str:
    """Type and codes: ``django.db.utils.IntegrityError [23505 staff_phone_once]``."""
    kind = type(error)
    told = codes(error)
    return f"{kind.__module__}.{kind.__qualname__}" + (f" [{' '.join(told)}]" if told else "")


def frames(error: BaseException) -> list[tuple[str, int, str]]:
    """File, line and function, the innermost last."""
    found = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    )
    return [(one.filename, one.lineno or 0, one.name) for one in found[-_MOST_FRAMES:]]


def _frames(error: BaseException) -> list[str]:
    return [f"{short(file)}:{line} {name}" for file, line, name in frames(error)]


def short(path: str) -> str:
    """Of a file of the program, without the folders of this machine."""
    return path.removeprefix(_ROOT).rpartition("site-packages")[2].strip("/")


def codes(error: BaseException) -> list[str]:
    """Of our own errors, of the system, of the database."""
    told: list[str] = []
    code = getattr(error, "code", None)
    if isinstance(code, str) and _is_of_ours(error) and _CODE.fullmatch(code):
        told.append(code)
    if isinstance(error, OSError):
        told += _of_system(error)
    return told + _of_database(error)


def _is_of_ours(error: BaseException) -> bool:
    from workshop.lib.errors import WorkshopError

    return isinstance(error, WorkshopError)


def _of_system(error: OSError) -> list[str]:
    """By its number: the words of the system, not those of whoever raised it."""
    number = error.errno
    if type(number) is not int or number not in errno.errorcode:
        return []
    return [errno.errorcode[number], os.strerror(number)]


def _of_database(error: BaseException) -> list[str]:
    """SQLSTATE and the names of what was broken, or SQLite's own code."""
    for one in (error, error.__cause__):
        state = getattr(one, "sqlstate", None)
        if isinstance(state, str) and _STATE.fullmatch(state):
            found: Any = getattr(one, "diag", None)
            return [state, *_names(getattr(found, "constraint_name", None))]
        name = getattr(one, "sqlite_errorname", None)
        if isinstance(name, str) and _NAME.fullmatch(name):
            return [name, *_sentence(one)]
    if type(error).__name__ == "OperationalError":
        return _sentence(error)
    return []


def _sentence(error: BaseException | None) -> list[str]:
    text = str(error)
    return [known for known in _SENTENCES if known in text]


def _names(*names: Any) -> list[str]:
    return [name for name in names if isinstance(name, str) and _NAME.fullmatch(name)]
