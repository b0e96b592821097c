"""Messages as files: a reader sees a whole message or none."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty

from kombu import Connection

from workshop.celery import app
from workshop.file_broker import Transport

MESSAGES = 1500


def test_a_reader_never_finds_half_a_message(tmp_path: Path) -> None:
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path)}
    connection = Connection("filesystem://", transport=Transport, transport_options=folders)
    writer, reader = connection.channel(), connection.clone().channel()
    sent = [{"number": number, "body": "x" * 2000} for number in range(MESSAGES)]

    def write() -> None:
        for message in sent:
            writer._put("jobs", message)

    thread = threading.Thread(target=write)
    thread.start()
    found = []
    while thread.is_alive() or any(tmp_path.iterdir()):
        try:
            found.append(reader._get("jobs")["number"])
        except Empty:
            continue
    thread.join()
    assert sorted(found) == list(range(MESSAGES))


def test_the_application_uses_it() -> None:
    with app.connection_for_write("filesystem://localhost") as connection:
        assert isinstance(connection.transport, Transport)
