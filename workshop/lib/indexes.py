"""Indexes for tables that people are writing to while the program is upgraded."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from workshop.lib.session import limits


class AddIndexOnline(migrations.AddIndex):
    """PostgreSQL builds it beside the writers; its migration says ``atomic = False``.

    An attempt that was broken off leaves an invalid index behind: it goes before the next one.
    Nobody waits behind it, so it may wait: for every transaction that is open when it begins.
    """

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            with limits(schema_editor.connection, lock_timeout=0, statement_timeout=0):
                schema_editor.remove_index(model, self.index, concurrently=True)
                schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            with limits(schema_editor.connection, lock_timeout=0, statement_timeout=0):
                schema_editor.remove_index(model, self.index, concurrently=True)
