"""Numbers of several processes of one server, added up: each writes files in memory for itself.

The web server's configuration calls this before the application is loaded, so nothing of Django is
imported here. A process writes into the files of its *place* (1, 2, …), and one that is started
instead of another takes its place over and counts on: their number stays as small as that of the
processes, however often they are renewed.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from prometheus_client import multiprocess, values

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # where the library looks for it
PREFIX: Final = "repassage-metrics-"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108

_owner = 0
_place = 0  # of the server itself, which answers nobody
_taken: dict[int, int] = {}


def begin() -> None:
    """Once in the server, before it forks: an empty folder that disappears with it.

    Not in ``DATA_DIR``: several servers may share that, and a disk would have to be waited for.
    """
    global _owner  # noqa: PLW0603
    if _owner == os.getpid():
        return  # its configuration is read anew
    _owner = os.getpid()
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_left_behind(memory)
    folder = tempfile.mkdtemp(prefix=f"{PREFIX}{_owner}-", dir=memory)
    os.environ[FOLDER] = folder
    values.ValueClass = values.MultiProcessValue(lambda: _place)  # type: ignore[no-untyped-call]
    atexit.register(_end, folder)


def shared() -> str | None:
    """The folder, in a process whose numbers are added to those of others."""
    return os.environ.get(FOLDER) if _owner else None


def assign(number: int) -> int:
    """In the server: the lowest free place, for the process that it calls by this number."""
    place = next(n for n in range(1, len(_taken) + 2) if n not in _taken.values())
    _taken[number] = place
    return place


def enter(place: int) -> None:
    """In the new process: from now on it counts in this place."""
    global _place  # noqa: PLW0603
    _place = place


def leave(number: int) -> None:
    """In the server: the process has ended, what it held open is forgotten, its counts are not."""
    place = _taken.pop(number, None)
    if place is not None:
        multiprocess.mark_process_dead(place)  # type: ignore[no-untyped-call]


def _end(folder: str) -> None:
    if os.getpid() == _owner:  # the server's own end, not that of a process it made
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind(memory: Path) -> None:
    """Of servers that were killed."""
    for folder in memory.glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not _runs(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()  # a folder that carries our number is of somebody before us
