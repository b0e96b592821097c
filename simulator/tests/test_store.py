"""What is written down, and when."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from simulator.limits import LimitNumbers
from simulator.server import build_app
from simulator.store import Store
from simulator.world import World


def test_the_first_change_after_each_flush_is_told(tmp_path: Path) -> None:
    store, told = Store(tmp_path), []
    store.put("note", "early", 1)
    store.tell_when_dirty(lambda: told.append(len(told)))
    assert len(told) == 1, "it waited already"
    store.drop("note", "early")
    assert len(told) == 1, "the same flush takes it"
    for number in (2, 3):
        store.flush()
        store.put("note", "late", number)
        store.put("note", "later", number)
        assert len(told) == number
    store.close()


def test_without_a_folder_nothing_is_told() -> None:
    store, told = Store(None), []
    store.tell_when_dirty(lambda: told.append(1))
    store.put("note", "x", 1)
    assert told == []


def test_every_change_is_soon_in_the_file(tmp_path: Path) -> None:
    """While it runs: a kill finds no orderly stop."""

    async def changes() -> None:
        world = World(folder=tmp_path, token="1:x", limits=LimitNumbers(on=False))
        app = build_app(world)
        app.freeze()
        await app.startup()
        for number in (1, 2, 3):
            world.store.put("note", "number", number)
            async with asyncio.timeout(30):
                while written(tmp_path) != number:
                    await asyncio.sleep(0.01)
            assert written(tmp_path) == number
        await app.cleanup()

    asyncio.run(changes())


def written(folder: Path) -> Any:
    with contextlib.closing(sqlite3.connect(folder / "simulator.sqlite3")) as connection:
        row = connection.execute("SELECT body FROM document WHERE kind = 'note'").fetchone()
    return row and int(row[0])
