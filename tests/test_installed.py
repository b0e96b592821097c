"""After a transactional test the database is as it was installed."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from history.triggers import missing
from receipts.models import HoldReason, OperationType
from tests import installed
from tests.cast import make_cast, make_submitted
from tests.domain.snapshot import everything

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_sequences_and_triggers_are_back() -> None:
    installed.restore()  # what tests roll back leaves sequences of PostgreSQL where they were
    before, stood = everything(), _sequences()
    make_submitted(make_cast())
    OperationType.objects.filter(code="assembly").update(name="another")
    with connection.cursor() as cursor:  # a service deletes none of them
        cursor.execute(f'DELETE FROM "{HoldReason._meta.db_table}"')
    Group.objects.create(name="more")
    assert everything() != before
    assert _sequences() != stood

    assert installed.restore()

    assert everything() == before
    assert _sequences() == stood
    assert missing() == []


def _sequences() -> dict[str, int | None]:
    if connection.vendor == "sqlite":  # AUTOINCREMENT keeps them in a table
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, seq FROM sqlite_sequence")
            return dict(cursor.fetchall())
    with connection.cursor() as cursor:
        return installed.sequences(cursor)
