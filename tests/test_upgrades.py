"""docs/upgrades.md names migrations that exist: upgrades start from them later."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "upgrades.md"
ROW = re.compile(r"^\| (\w+) \| (\d{4}_\w+) \|$", re.MULTILINE)
OURS = {"history", "staff", "receipts", "polishing", "botapp"}


@pytest.mark.django_db
def test_every_release_names_existing_migrations():
    known = MigrationLoader(connection).disk_migrations or {}
    named = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert named
    assert [row for row in named if row not in known] == []


def test_the_first_release_names_each_app():
    first = DOCUMENT.read_text(encoding="utf-8").split("## ")[1]
    assert {app for app, _name in ROW.findall(first)} == OURS


@pytest.mark.django_db
def test_the_schema_of_the_tests_is_the_present_one():
    loader = MigrationLoader(connection)
    assert {key for key in loader.graph.leaf_nodes() if key[0] in OURS} <= set(
        loader.applied_migrations
    )
