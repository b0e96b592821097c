"""Lookups of texts: `icontains` that takes ё for е on PostgreSQL too, as it does on SQLite
(`workshop.lib.sqlite`), and `among` for a thousand values at once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, TextField
from django.db.models.lookups import IContains, Lookup
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup
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


def _array(texts: Sequence[str]) -> str:
    """As PostgreSQL writes an array; the driver would look at each text by itself."""
    told = '","'.join(texts)
    if "\\" in told or told.count('"') != 2 * max(0, len(texts) - 1):
        told = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return f'{{"{told}"}}' if texts else "{}"


class Among(_Lookup):
    """One of many texts, as `in`. PostgreSQL gets them as one array: a parameter for each took
    longer than the search.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        texts = tuple(self.rhs)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*params, _array(texts))
        marks = ", ".join(["%s"] * len(texts))
        return f"{column} IN ({marks})", (*params, *texts)


def register() -> None:
    """For every text field; idempotent."""
    for lookup in (ContainsAsTyped, Among):
        CharField.register_lookup(lookup)
        TextField.register_lookup(lookup)
