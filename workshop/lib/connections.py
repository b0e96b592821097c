"""How many connections the database server has, and what they do; of a file there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

from workshop.lib.telemetry import CONNECTIONS, CONNECTIONS_MOST, OTHER, Reading

# What PostgreSQL calls it, and what we do; one of another account does not tell.
STATES: Final = {
    "active": "active",
    "idle": "idle",
    "idle in transaction": "in_transaction",
    "idle in transaction (aborted)": "in_transaction",
}


def read() -> Iterator[Reading]:
    """Those to our database by state, and how many the server lets in for all of its databases."""
    if connection.vendor != "postgresql":
        return
    found = dict.fromkeys([*STATES.values(), OTHER], 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY state"
        )
        for state, count in cursor.fetchall():
            found[STATES.get(state, OTHER)] += count
        cursor.execute("SELECT setting FROM pg_settings WHERE name = 'max_connections'")
        (most,) = cursor.fetchone()
    yield from (CONNECTIONS.of(count, state) for state, count in found.items())
    yield CONNECTIONS_MOST.of(int(most))
