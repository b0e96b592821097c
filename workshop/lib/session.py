"""What one statement may take longer for, or must wait less for, than the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def limits(connection: Any, **seconds: float) -> Iterator[None]:
    """PostgreSQL's own limits (``lock_timeout``, …) for the length of a block; 0 is no limit.

    Other databases have none of them. Afterwards they are as they were.
    """
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    server = connection.connection
    former = {name: _set(connection, name, f"{value}s") for name, value in seconds.items()}
    try:
        yield
    finally:
        # A connection that was cut, or a transaction that failed, forgets them by itself.
        if connection.connection is server and not _failed(server):
            for name, value in former.items():
                _set(connection, name, value)


def _failed(server: Any) -> bool:
    """Whether its transaction can only be rolled back."""
    return bool(server.info.transaction_status.name == "INERROR")


def _set(connection: Any, name: str, value: str) -> str:
    """The value that stood there before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        former = str(cursor.fetchone()[0])
        cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    return former
