"""Names of processes that hold something, and whether the one of a name has died.

A lease runs out by itself; on the machine where its holder was killed nobody has to wait for that.
"""

from __future__ import annotations

import functools
import os
import re
import socket
import sys
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
_PROGRAMS: Final = (("gunicorn", "web"), ("celery", "worker"), ("pytest", "tests"))
_NAME = re.compile(r"(?P<place>.+)/(?P<pid>\d+)-(?P<started>\d+)")


def own_name() -> str:
    """Of this process, never used again by another one; at most 100 characters."""
    pid = os.getpid()  # asked each time: it differs after a fork
    return f"{_place()}/{pid}-{_started(pid) or 0}"


def is_gone(name: str) -> bool:
    """True only when the process certainly ended. False for one of another machine or container.

    The number alone would not do: it is given to another process one day, hence the start time.
    """
    found = _NAME.fullmatch(name)
    if found is None or not _knows_processes() or found["place"] != _place():
        return False
    return _started(int(found["pid"])) != int(found["started"])


@functools.cache
def program() -> str:
    """Which of our programs this is: ``web``, ``worker``, or the command of manage.py."""
    name = Path(sys.argv[0]).name if sys.argv else ""
    if "manage.py" in name and len(sys.argv) > 1 and sys.argv[1].isidentifier():
        return sys.argv[1]
    command = " ".join(sys.argv[:3])
    return next((told for part, told in _PROGRAMS if part in command), "other")


@functools.cache
def _place() -> str:
    """Where numbers of processes mean the same: host, start of the machine, namespace."""
    boot = space = ""
    if _knows_processes():
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()[:13]
        space = (PROC / "self/ns/pid").readlink().name.strip("pid:[]")
    return f"{socket.gethostname()[:40]}/{boot}/{space}"


@functools.cache
def _knows_processes() -> bool:
    """Linux shows its processes as files; elsewhere nobody is ever declared dead."""
    return (PROC / "sys/kernel/random/boot_id").exists() and (PROC / "self/ns/pid").is_symlink()


def _started(pid: int) -> int | None:
    """When it started, in ticks since the machine did; None when there is no such process."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name of the program stands in brackets and may contain anything, also blanks.
    state, *rest = stat.rpartition(")")[2].split()
    # A process that has ended and was not buried yet holds nothing any more.
    return None if state in {"Z", "X"} else int(rest[18])
