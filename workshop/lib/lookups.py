"""`icontains` on PostgreSQL takes ё for е, as it does on SQLite (`workshop.lib.sqlite`)."""

from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, TextField
from django.db.models.lookups import IContains
from django.db.models.sql.compiler import SQLCompiler

YO: Final = str.maketrans("ёЁ", "еЕ")


class ContainsAsTyped(IContains):
    """People type «Полет» where «Полёт» is written; both find both."""

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs_is_direct_value():
            return super().as_sql(compiler, connection)
        column, column_params = self.process_lhs(compiler, connection)
        pattern, pattern_params = self.process_rhs(compiler, connection)
        # Django compares in upper case, so one letter is enough.
        sql = f"TRANSLATE({column}, 'Ё', 'Е') {self.get_rhs_op(connection, pattern)}"
        typed = (str(part).translate(YO) for part in pattern_params)
        return sql, (*column_params, *typed)


def register() -> None:
    """For every text field; idempotent."""
    CharField.register_lookup(ContainsAsTyped)
    TextField.register_lookup(ContainsAsTyped)
