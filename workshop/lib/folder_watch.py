"""Waiting until a file comes into a folder, told by the kernel where it can (Linux)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import sys
import time
from pathlib import Path
from typing import Final

_MOVED_TO: Final = 0x80  # IN_MOVED_TO
_PIECE: Final = 65536
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class FolderWatch:
    """Files that are renamed into ``folder``, from the moment this was made.

    The kernel tells of what happens on this machine only; who shares the folder with another one
    must look by himself now and then.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = _watch(folder)

    @property
    def is_told(self) -> bool:
        """False where nobody tells: ``wait`` sleeps then."""
        return self._descriptor is not None

    def wait(self, seconds: float) -> bool:
        """True when something has come since the last call, False after ``seconds``."""
        if self._descriptor is None:
            time.sleep(seconds)
            return False
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        ready = poll.poll(1000 * seconds)
        if ready:
            # Of interest is only that there were some; what does not fit in is told again.
            with contextlib.suppress(BlockingIOError):
                os.read(self._descriptor, _PIECE)
        return bool(ready)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _watch(folder: Path) -> int | None:
    """A descriptor that becomes readable; None when the system has no such thing (left)."""
    if _libc is None:
        return None
    descriptor = int(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    if descriptor < 0:
        return None
    if _libc.inotify_add_watch(descriptor, os.fsencode(folder), _MOVED_TO) < 0:
        os.close(descriptor)
        return None
    return descriptor
