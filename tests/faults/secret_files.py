"""Secrets as files, as an operator keeps them, and the search for them where they must not be."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SHORTEST: Final = 12  # a part of a secret that is searched for


class SecretFiles:
    """One file each. Every value that ever stood in one is remembered."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._known: dict[str, list[str]] = {}

    def put(self, name: str, value: str) -> str:
        """What stood there before. The file is whole at any moment."""
        former = self.now(name)
        draft = self.path(name).with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(value + "\n", encoding="utf-8")
        draft.chmod(0o400)
        draft.replace(self.path(name))
        self._known.setdefault(name, []).append(value)
        return former

    def make(self, name: str) -> str:
        """A new value, as docs/secrets.md makes them; the former one."""
        return self.put(name, new_secret())

    def now(self, name: str) -> str:
        return self._known.get(name, [""])[-1]

    def path(self, name: str) -> Path:
        return self._folder / name.lower()

    def environment(self, names: Iterable[str]) -> dict[str, str]:
        """The variables themselves are empty: nothing of the machine around may stand in."""
        return dict.fromkeys(names, "") | {f"{name}_FILE": str(self.path(name)) for name in names}

    def to_hide(self) -> dict[bytes, str]:
        """What may be seen nowhere, by the name of the setting."""
        found = {}
        for name, values in self._known.items():
            for value in values:
                part = secret_part(name, value)
                if len(part) >= SHORTEST and name not in OPEN:
                    found.setdefault(part.encode(), name)  # not the fallback it becomes
        return found


def secret_part(name: str, value: str) -> str:
    """Of an address the password, of a token what stands behind the number, which is public."""
    if name == "SENTRY_DSN":
        return urlsplit(value).username or ""
    if name == "HEARTBEAT_URL":
        return value.rpartition("/")[2]
    if name == "OTEL_EXPORTER_OTLP_HEADERS":
        return value.partition("=")[2]
    if "://" in value:
        return urlsplit(value).password or ""
    return value.rpartition(":")[2]


# The public key of the backups may be seen by everybody.
OPEN: Final = frozenset({"BACKUP_RECIPIENT"})


def new_secret() -> str:
    return secrets.token_urlsafe(48)


def seen(text: bytes, hidden: dict[bytes, str]) -> set[str]:
    """Names of the settings whose secrets stand in the text."""
    return {name for value, name in hidden.items() if value in text}


def family(roots: Iterable[int]) -> Iterator[int]:
    """These processes and what they have started."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(place.name))
    waiting = [pid for pid in roots if pid]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


def shown_by(pid: int) -> Iterator[tuple[str, bytes]]:
    """What `ps` and `ps e` show of a process; nothing of one that is gone or just begins.

    Between fork and exec a child still shows what its parent is: the parent is asked anyway.
    """
    for what in ("cmdline", "environ"):
        with contextlib.suppress(OSError):
            yield what, Path(f"/proc/{pid}/{what}").read_bytes()
