"""The broker of an embedded installation: messages are files.

Kombu's own writes a message where readers already look. One that reads at that moment finds half
of it and ends the worker. Here a message appears under its name only when it is whole.

Kombu's reader looks, sleeps, looks again: ten times a second, that was a tenth of what the idle
product used. Here it is woken by the kernel, and looks by itself once a second for what the kernel
did not tell.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

from workshop.lib.folder_watch import FolderWatch

LOOK_EVERY: Final = 1.0  # seconds


class Channel(filesystem.Channel):
    def _put(self, queue: Any, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Put a message onto ``queue``; readers take them in the order of their names."""
        folder, unique = Path(self.data_folder_out), uuid.uuid4()
        part = folder / f"{unique}.part"
        try:
            part.write_text(dumps(payload))  # type: ignore[no-untyped-call]
            part.replace(folder / f"{round(monotonic() * 1000)}_{unique}.{queue}.msg")
        except OSError as error:
            raise ChannelError(f"Cannot add a message to {folder}") from error


class Transport(filesystem.Transport):
    Channel = Channel
    _watch: FolderWatch | None = None

    def drain_events(  # type: ignore[override]  # the stubs name no timeout
        self, connection: Any, timeout: float | None = None
    ) -> None:
        """Hand on the next message; raises TimeoutError when none came within ``timeout``."""
        until = None if timeout is None else monotonic() + timeout
        watch = self._watch = self._watch or FolderWatch(
            Path(connection.channels[0].data_folder_in)
        )
        while True:
            # Whoever holds as many as he may does not look; he may again without a new message.
            is_full = not all(channel.qos.can_consume() for channel in connection.channels)
            try:
                super().drain_events(connection, timeout=0)  # type: ignore[no-untyped-call]
                return
            except TimeoutError:
                left = LOOK_EVERY if until is None else min(LOOK_EVERY, until - monotonic())
                if left <= 0:
                    raise
            if is_full or not watch.is_told:
                sleep(min(left, self.polling_interval))
            else:
                watch.wait(left)

    def close_connection(self, connection: Any) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        super().close_connection(connection)  # type: ignore[no-untyped-call]
