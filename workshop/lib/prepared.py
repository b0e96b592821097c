"""Cursors whose statements PostgreSQL parses and plans once for a connection.

Django puts values into the text of a statement, so that every question is a new one for the
server. A hot statement of fixed text gets its values beside it, and its moments are read by the
driver's own code in C. With ``DATABASE_PREPARE=0`` (a pooler between) the server keeps nothing.
"""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import Any


def prepared_cursor(connection: Any) -> Any:
    """A cursor of Django's connection; wrapped, counted and watched as all others are."""
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection._prepare_cursor(_cursor_class()(connection.connection))


@cache
def _cursor_class() -> type[Any]:
    # Not above: an installation on SQLite loads nothing of it.
    from django.db.backends.postgresql.base import ServerBindingCursor
    from django.db.backends.postgresql.psycopg_any import get_adapters_template
    from psycopg.adapt import AdaptersMap
    from psycopg.types.datetime import TimestamptzLoader

    shared = AdaptersMap(get_adapters_template(True, UTC))
    # Django's connections speak UTC, so that this gives what its own, slower loader gives.
    shared.register_loader("timestamptz", TimestamptzLoader)

    class PreparedCursor(ServerBindingCursor):
        @property
        def adapters(self) -> AdaptersMap:
            return shared

    return PreparedCursor
