"""The whole database as values: proof that a refusal changed nothing, or what a change touched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import translation
from django.utils.functional import Promise

from history.models import Event
from workshop.lib.errors import WorkshopError

Rows = dict[str, list[tuple[Any, ...]]]


def everything() -> Rows:
    """All rows of all tables, the many-to-many ones included."""
    tables = _tables()
    # As text where the database has one for a row: what is asked is only whether they differ.
    row = '"{0}"::text' if connection.vendor == "postgresql" else "*"
    found: Rows = {table: [] for table in tables}
    with connection.cursor() as cursor:
        # Most are empty: one question tells which, instead of one to each.
        cursor.execute("SELECT " + ", ".join(f'EXISTS (SELECT 1 FROM "{it}")' for it in tables))
        for table, filled in zip(tables, cursor.fetchone(), strict=True):
            if filled:
                cursor.execute(f'SELECT {row.format(table)} FROM "{table}"')
                found[table] = sorted(cursor.fetchall(), key=repr)
    return found


@cache
def _tables() -> list[str]:
    ours = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    return sorted(ours & set(connection.introspection.table_names()))


def changed(before: Rows, after: Rows) -> list[str]:
    """Names of the tables that differ."""
    return [table for table in before if before[table] != after[table]]


@contextmanager
def rolled_back() -> Iterator[None]:
    """A block whose changes are taken back at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def refused(kind: type[WorkshopError], code: str, field: str | None = None) -> Iterator[Any]:
    """The block is refused with this code (and field), in words, and no row of any table differs.

    The exception is exact: a StaleState is no Duplicate although both answer 409.
    """
    before = everything()
    with pytest.raises(WorkshopError) as info, transaction.atomic():
        yield info
    assert (type(info.value), info.value.code) == (kind, code)
    if field is not None:
        assert info.value.field == field
    assert changed(before, everything()) == []
    for language in ("ru", "en"):
        with translation.override(language):
            assert info.value.text()
            assert "%(" not in info.value.text()
            if not isinstance(info.value.message, Promise):
                continue  # Django's own text, translated when it was raised
            in_russian = bool(re.search("[а-яё]", str(info.value.message), re.IGNORECASE))
            assert in_russian == (language == "ru"), str(info.value.message)


@contextmanager
def writes(*kinds: str) -> Iterator[list[Event]]:
    """The block writes events of exactly these kinds, in this order; they are collected."""
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found: list[Event] = []
    yield found
    found.extend(Event.objects.filter(pk__gt=last).order_by("pk"))
    assert [event.kind for event in found] == list(kinds)
