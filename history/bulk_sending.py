"""Rows on their way to PostgreSQL while the program works on the next ones.

Whoever copies rows waits while the server parses them, fills indexes and checks keys; that is a
third of an import. A :class:`Sending` takes the texts of COPY into a queue and moves as much of
it as the server takes whenever it is given a turn, without waiting. It is the same connection and
the same transaction, without a thread: an error takes everything back as ever, and whatever else
is asked of the database waits until all that was queued has arrived.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final

import psycopg
from django.db import Error, connection
from psycopg import generators, pq
from psycopg.waiting import Ready, Wait

BLOCK: Final = 32 * 1024
"""Bytes handed to the driver at once; it keeps a copy of what the socket does not take."""

Steps = Generator[Wait, Ready | int, None]


class Sending:
    """Made by :func:`sending`. Errors are those of Django; after one the queue is empty."""

    def __init__(self) -> None:
        self._queue: deque[tuple[bytes, bytes]] = deque()
        self._steps: Steps | None = None
        self._wanted = Wait.W
        self._socket, self._descriptor = select.poll(), -1

    def add(self, statement: bytes, text: bytes = b"") -> None:
        """Queue a COPY with its lines, or statements that answer nothing."""
        if _pgconn().transaction_status == pq.TransactionStatus.IDLE:
            with connection.cursor() as cursor:  # the driver begins the transaction with it
                cursor.execute("SELECT 1")
        self._queue.append((statement, text))
        self.turn()

    def turn(self) -> None:
        """Go on as far as it goes without waiting."""
        if self._steps is None and self._queue:
            with self._errors():
                self._begin()
        while self._steps is not None and (ready := self._ready()):
            with self._errors():
                self._go_on(self._steps, ready)

    def settle(self) -> None:
        """Wait until everything has arrived."""
        if self._steps is None and not self._queue:
            return
        with self._errors():
            # As the driver waits for everything: it can be interrupted, and a server that fell
            # silent is noticed.
            connection.connection.wait(self._steps or self._sent())
            self._steps = None

    def give_up(self) -> None:
        """After an error: end what is under way, so that the connection can be used again."""
        self._queue.clear()
        with suppress(Error):
            self.settle()

    def _begin(self) -> None:
        self._socket, self._descriptor = select.poll(), _pgconn().socket
        self._socket.register(self._descriptor)
        self._steps = self._sent()
        self._wanted = next(self._steps)

    def _go_on(self, steps: Steps, ready: int) -> None:
        try:
            self._wanted = steps.send(ready)
        except StopIteration:
            self._steps = None

    def _ready(self) -> int:
        """What of that which is waited for the socket is ready for now; all of it when it broke."""
        self._socket.modify(self._descriptor, _EVENTS[self._wanted])
        found = 0
        for _descriptor, events in self._socket.poll(0):
            if events & ~(select.POLLIN | select.POLLOUT):
                return int(self._wanted)
            found |= Ready.R if events & select.POLLIN else 0
            found |= Ready.W if events & select.POLLOUT else 0
        return found

    def _sent(self) -> Steps:
        """Everything in the queue, one after the other."""
        conn = _pgconn()
        while self._queue:
            statement, text = self._queue.popleft()
            conn.send_query(statement)
            results = yield from generators.execute(conn)
            if results[-1].status == pq.ExecStatus.COPY_IN:
                for at in range(0, len(text), BLOCK):
                    yield from generators.copy_to(conn, text[at : at + BLOCK])
                results = [(yield from generators.copy_end(conn, None))]
            for result in results:
                if result.status != pq.ExecStatus.COMMAND_OK:
                    raise psycopg.errors.error_from_result(result)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Those of the driver as Django's; nothing that is queued comes after one."""
        try:
            with connection.wrap_database_errors:
                yield
        except BaseException:
            self._queue.clear()
            self._steps = None
            raise


_EVENTS: Final = {
    Wait.R: select.POLLIN,
    Wait.W: select.POLLOUT,
    Wait.RW: select.POLLIN | select.POLLOUT,
}
_open: ContextVar[Sending | None] = ContextVar("sending", default=None)


def _pgconn() -> Any:
    return connection.connection.pgconn


@contextmanager
def sending() -> Iterator[Sending]:
    """Within a transaction: COPY happens beside the work of the block, and all of it has arrived
    at its end. Any other statement waits for what was queued before it.
    """
    outer = _open.get()
    current = outer or Sending()

    def after(execute: Callable[..., Any], *statement: Any) -> Any:
        current.settle()
        return execute(*statement)

    token = _open.set(current)
    try:
        with connection.execute_wrapper(after):
            yield current
        current.settle()
    except BaseException:
        current.give_up()
        raise
    finally:
        _open.reset(token)


def send(statement: str, text: bytes = b"") -> None:
    """A COPY with its lines: queued within :func:`sending`, else it has arrived on return."""
    current = _open.get()
    if current is not None:
        current.add(statement.encode(), text)
        return
    with sending() as alone:
        alone.add(statement.encode(), text)
