"""Django looks for this module in a database backend."""

from __future__ import annotations

import select
import time
from typing import Any, Final

from django.db.backends.postgresql import base, operations

from workshop.lib import pools
from workshop.postgresql import silence

TRUSTED: Final = 15.0  # seconds after the server was last heard


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        # The driver itself forgets the text of a statement that the server knows by now.
        return super().last_executed_query(cursor, sql, params) or sql


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks the server at the beginning of every request whether the connection lives.

    That is a round trip for each request. A server that ended a connection has said so: something
    stands to be read, and nothing does on an idle connection that lives. Only what cannot be told
    so (a network that swallows everything) needs the question, and that not for every request.
    """

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heard_at = 0.0

    def is_usable(self) -> bool:
        now = time.monotonic()
        if self.connection is not None and now - self._heard_at < TRUSTED and self._is_silent():
            return True
        usable: bool = super().is_usable()
        self._heard_at = now if usable else 0.0
        return usable

    def connect(self) -> None:
        super().connect()
        self._heard_at = time.monotonic()

    def get_new_connection(self, conn_params: Any) -> Any:
        """Raises at once, or within a moment, while the server is silent."""
        taken = 0
        try:
            silence.ensure_answers(conn_params)
            connection = super().get_new_connection(conn_params)
            silence.watch(connection, silence.address_of(conn_params))
            taken = 1
            return connection
        finally:  # also when nothing was left
            if (pool := self.pool) is not None:
                pools.note(pool, taken)

    def _close(self) -> None:
        pool = self.pool if self.connection is not None else None
        super()._close()  # type: ignore[misc]
        if pool is not None:
            pools.note(pool, -1)

    def _is_silent(self) -> bool:
        """Nothing to read, no error, and no question open: as the last request left it."""
        try:
            descriptor = self.connection.fileno()
        except self.Database.Error:
            return False  # the driver itself knows that it is closed
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return not poll.poll(0)
