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
from typing import Any, Final, NamedTuple

import psycopg
from django.db import Error, connection
from psycopg import generators, pq
from psycopg.waiting import Ready, Wait

from workshop.lib.waiting import TakenUp

BLOCK: Final = 32 * 1024
"""Bytes handed to the driver at once; it keeps a copy of what the socket does not take."""

Steps = Generator[Wait, Ready | int, None]
Answer = Callable[[list[Any]], None]


class _Part(NamedTuple):
    """A statement with what it needs: the lines of a COPY, or who wants the answer of a query."""

    statement: bytes
    text: bytes | None = None
    answer: Answer | None = None


class Sending:
    """Made by :func:`sending`. Errors are those of Django; after one the queue is empty."""

    def __init__(self) -> None:
        self._queue: deque[_Part] = deque()
        self._steps: Steps | None = None
        self._wanted = Wait.W
        self._socket, self._descriptor = select.poll(), -1

    def add(self, statement: bytes, text: bytes | None = None) -> None:
        """Queue a COPY with its lines, or statements that answer nothing."""
        self._put(_Part(statement, text))

    def ask(self, query: bytes, answer: Answer) -> None:
        """Queue a query for one row; ``answer`` gets its columns as text when they are there."""
        self._put(_Part(query, answer=answer))

    def _put(self, part: _Part) -> None:
        if _pgconn().transaction_status == pq.TransactionStatus.IDLE:
            with connection.cursor() as cursor:  # the driver begins the transaction with it
                cursor.execute("SELECT 1")
        self._queue.append(part)
        self.turn()

    def turn(self) -> None:
        """Go on as far as it goes without waiting."""
        if self._steps is None and self._queue:
            with self._errors():
                self._begin()
        if self._steps is None or not (ready := self._ready()):
            return
        with self._errors():
            while self._steps is not None and ready:
                self._go_on(self._steps, ready)
                ready = self._steps is not None and self._ready()

    def settle(self) -> None:
        """Wait until everything has arrived."""
        if self._steps is None and not self._queue:
            return
        with self._errors():
            # As the driver waits for everything: it can be interrupted, and a server that fell
            # silent is noticed.
            steps = TakenUp(self._steps) if self._steps is not None else self._sent()
            connection.connection.wait(steps)
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
        """Everything in the queue. What has gathered there goes as one query: between its parts the
        server waits for lines alone, not for us to see that it has finished."""
        conn = _pgconn()
        while self._queue:
            parts = list(self._queue)
            self._queue.clear()
            texts = iter([part.text for part in parts if part.text is not None])
            answers = iter([part.answer for part in parts if part.answer is not None])
            conn.send_query(b"; ".join([part.statement for part in parts]))
            yield from generators.send(conn)
            while (yield from _asks_for_lines(conn, answers)):
                yield from _copied(conn, next(texts))

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


def _asks_for_lines(conn: Any, answers: Iterator[Answer]) -> Generator[Wait, Ready | int, bool]:
    """Take what the server answers until it waits for the lines of a COPY; False at the end."""
    status = None
    for result in (yield from generators.fetch_many(conn)):
        status = result.status
        if status == pq.ExecStatus.TUPLES_OK:
            next(answers)([result.get_value(0, place) for place in range(result.nfields)])
        elif status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.COPY_IN):
            raise psycopg.errors.error_from_result(result)
    return status == pq.ExecStatus.COPY_IN


def _copied(conn: Any, text: bytes) -> Steps:
    for at in range(0, len(text), BLOCK):
        yield from generators.copy_to(conn, text[at : at + BLOCK])
    while conn.put_copy_end() == 0:
        yield Wait.W
    yield from generators.send(conn)


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


def send(statement: str, text: bytes) -> None:
    """A COPY with its lines: queued within :func:`sending`, else it has arrived on return."""
    current = _open.get()
    if current is not None:
        current.add(statement.encode(), text)
        return
    with sending() as alone:
        alone.add(statement.encode(), text)
