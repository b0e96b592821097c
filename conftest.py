"""Rules for every test: which database it runs on, no network, nothing left behind."""

import gc
import os
import random
import shutil
import socket
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import TestCase, TransactionTestCase
from django.utils import translation
from django.utils.translation.reloader import translation_file_changed

from tests import installed, parts
from workshop.lib.collector import resting
from workshop.settings.guards import is_loopback
from workshop.translations import compile_catalogues


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part", choices=parts.PARTS, help="only what belongs to this part of `make test`"
    )
    parser.addoption(
        "--left-to", metavar="FILE", help="write there how many tests were left to SQLite alone"
    )
    parser.addoption("--shuffle", metavar="SEED", help="modules, classes and tests in random order")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    written = compile_catalogues()
    if written is not None:
        # The apps are loaded by now and keep the catalogue that they found.
        translation_file_changed(sender=None, file_path=written)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {connection.vendor}, redis: {'yes' if _redis_url() else 'no'}"


def _redis_url() -> str:
    return os.environ.get("TEST_REDIS_URL", "")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Parts that live by a mark do not read the tests of the others: None leaves it to pytest."""
    mark = parts.MARKS.get(config.getoption("--part"))
    if mark is None or collection_path.suffix != ".py":
        return None
    return f"mark.{mark}" not in collection_path.read_text(encoding="utf-8") or None


# After -k and -m, so that the count is about what was asked for.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = {"sqlite": "postgres", "postgresql": "sqlite"}[connection.vendor]
    name = {"postgres": "PostgreSQL", "sqlite": "SQLite"}[other]
    skip = pytest.mark.skip(reason=f"needs {name}; `make test` runs it there")
    for item in items:
        if item.get_closest_marker(other):
            item.add_marker(skip)
    if part := config.getoption("--part"):
        kept: list[pytest.Item] = []
        gone: list[pytest.Item] = []
        for item in items:
            (kept if parts.belongs(item, part) else gone).append(item)
        if place := config.getoption("--left-to"):
            Path(place).write_text(str(sum(parts.left_to_sqlite(item) for item in gone)))
        config.hook.pytest_deselected(items=gone)
        items[:] = kept
    if seed := config.getoption("--shuffle"):
        items.sort(key=lambda item: _random_place(item, seed))


def _random_place(item: pytest.Item, seed: str) -> list[float]:
    """What stands together stays together: fixtures of a class or module are made once."""
    parts = item.nodeid.split("::", 2)  # equal on every worker, unlike hash()
    paths = ["::".join(parts[: length + 1]) for length in range(len(parts))]
    return [random.Random(f"{seed}:{path}").random() for path in paths]


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Thousands of tests are made and none is dropped: no search for cycles among them."""
    with resting():
        return (yield)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What stands now stays to the end: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """A test that would reach out fails instead of depending on somebody else's machine."""
    genuine = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(address[0]):
            raise AssertionError(f"a test reached out to {address[0]}")
        genuine(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(autouse=True)
def _language_of_the_installation() -> Iterator[None]:
    """A request in English leaves its language to whatever runs next in the thread."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The fresh database is kept: what a transactional test goes back to."""
    with django_db_blocker.unblock():
        installed.keep()
    yield
    installed.forget()


@pytest.fixture(scope="session", autouse=True)
def _history_lets_the_flush_through() -> Iterator[None]:
    """After a transactional test the database is as installed: history empty, catalogues seeded.

    Where it cannot be put back it is flushed, which the triggers of the history refuse: they are
    lifted for the flush alone, and the migrate signal that follows it seeds the catalogues again.
    """
    from history.triggers import lifted

    genuine = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        # TestCase rolls back and flushes nothing.
        if isinstance(self, TestCase):
            genuine(self)
            return
        if installed.restore():
            return
        with ExitStack() as stack:
            for alias in self._databases_names(include_mirrors=False):
                stack.enter_context(lifted(alias))
            genuine(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture
def redis_url() -> str:
    """A Redis that the test may fill; skipped loudly where there is none."""
    if not _redis_url():
        pytest.skip("needs Redis; `make test` looks for one")
    return _redis_url()


@pytest.fixture
def media(tmp_path: Any, settings: Any) -> Any:
    """An empty folder for the files of one test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT
