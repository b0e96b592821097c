"""Messages as files: a reader sees a whole message or none, and sees it at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue

from workshop import file_broker
from workshop.celery import app
from workshop.file_broker import Transport
from workshop.lib.folder_watch import FolderWatch

MESSAGES = 1500
NEVER = 600.0  # seconds; who waits for it is found by the time limit of the tests

tells = pytest.mark.skipif(sys.platform != "linux", reason="the kernel does not tell of files")


def connect(folder: Path, **options: Any) -> Any:
    folders = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
    options = {**folders, "control_folder": str(folder / "control"), **options}
    return Connection("filesystem://", transport=Transport, transport_options=options)


class Reader:
    """A consumer that keeps what it was given; it holds one message at a time."""

    def __init__(self, connection: Any) -> None:
        self.got: list[Any] = []
        self.connection = connection
        self.consumer: Any = Consumer(connection.channel(), Queue("jobs"), callbacks=[self._take])
        self.consumer.qos(prefetch_count=1)
        self.consumer.consume()

    def _take(self, _body: Any, message: Any) -> None:
        self.got.append(message)

    def read(self, seconds: float = NEVER) -> Any:
        self.connection.drain_events(timeout=seconds)
        return self.got[-1]


@pytest.fixture
def slow_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by himself."""
    monkeypatch.setattr(file_broker, "LOOK_EVERY", NEVER)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with connect(tmp_path, polling_interval=NEVER) as connection:
        yield Reader(connection)


def put(folder: Path, body: str) -> None:
    with connect(folder) as connection:
        connection.Producer().publish(body, routing_key="jobs")


def test_a_reader_never_finds_half_a_message(tmp_path: Path) -> None:
    connection = connect(tmp_path)
    writer, reader = connection.channel(), connection.clone().channel()
    sent = [{"number": number, "body": "x" * 2000} for number in range(MESSAGES)]

    def write() -> None:
        for message in sent:
            writer._put("jobs", message)

    thread = threading.Thread(target=write)
    thread.start()
    found = []
    while thread.is_alive() or any(tmp_path.glob("*.msg")):
        try:
            found.append(reader._get("jobs")["number"])
        except Empty:
            continue
    thread.join()
    assert sorted(found) == list(range(MESSAGES))


def test_the_application_uses_it() -> None:
    with app.connection_for_write("filesystem://localhost") as connection:
        assert isinstance(connection.transport, Transport)


@tells
@pytest.mark.usefixtures("slow_looks")
def test_a_waiting_reader_is_woken(tmp_path: Path, reader: Reader) -> None:
    put(tmp_path, "there already")
    assert reader.read().payload == "there already"
    reader.got[-1].ack()
    writing = threading.Timer(0.05, put, [tmp_path, "comes while he waits"])
    writing.start()
    assert reader.read().payload == "comes while he waits"
    writing.join()


@pytest.mark.usefixtures("slow_looks")
def test_who_held_enough_goes_on_when_he_has_done_it(tmp_path: Path) -> None:
    """The second message lies there all the time: nothing new tells of it."""
    with connect(tmp_path, polling_interval=0.01) as connection:
        reader = Reader(connection)
        for body in ("first", "second"):
            put(tmp_path, body)
        first = reader.read()
        done = threading.Timer(0.05, first.ack)
        done.start()
        # In any order: both may be of one millisecond.
        assert {first.payload, reader.read().payload} == {"first", "second"}
        done.join()


@pytest.mark.usefixtures("slow_looks")
def test_a_reader_whom_nobody_tells_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FolderWatch, "is_told", False)
    with connect(tmp_path, polling_interval=0.01) as connection:
        reader = Reader(connection)
        writing = threading.Timer(0.05, put, [tmp_path, "found"])
        writing.start()
        assert reader.read().payload == "found"
        writing.join()


def test_nothing_within_the_time(reader: Reader) -> None:
    with pytest.raises(TimeoutError):
        reader.read(0.02)


@tells
def test_a_watch_tells_of_what_came_since(tmp_path: Path) -> None:
    watch = FolderWatch(tmp_path)
    assert watch.is_told
    part = tmp_path / "a.part"
    part.touch()
    assert not watch.wait(0), "not yet whole"
    part.replace(tmp_path / "a.msg")
    assert watch.wait(NEVER)
    assert not watch.wait(0), "told once"
    watch.close()
    assert not watch.is_told


def test_a_folder_that_is_not_there_is_not_watched(tmp_path: Path) -> None:
    watch = FolderWatch(tmp_path / "gone")
    assert not watch.is_told
    assert not watch.wait(0)
