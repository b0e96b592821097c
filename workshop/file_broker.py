"""The broker of an embedded installation: messages are files.

Kombu's own writes a message where readers already look. One that reads at that moment finds half
of it and ends the worker. Here a message appears under its name only when it is whole.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


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
