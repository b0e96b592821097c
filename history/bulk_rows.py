"""Many rows at once into one table: COPY on PostgreSQL, executemany on SQLite.

COPY gets its text column by column: whole columns are nothing, or one value, or moments that come
again and again, and a look at a column costs less than one at each of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

from history.canonical import encoded
from workshop.lib import clock

NULL: Final = "\\N"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

if TYPE_CHECKING:
    Field = models.Field[Any, Any]
Column = Sequence[Any]


def insert_rows(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Insert instances (or anything with the columns as attributes), one at least, with the ids
    they have."""
    fields = model._meta.concrete_fields
    values = itemgetter(*(item.attname for item in fields))
    if connection.vendor == "postgresql":
        columns = list(zip(*(values(vars(row)) for row in rows), strict=True))
        told = [
            (item.column or "", text)
            for item, column in zip(fields, columns, strict=True)
            if (text := _text(item, column)) is not None
        ]
        text = "\n".join(map("\t".join, zip(*(text for _name, text in told), strict=False)))
        copy(model, [name for name, _text in told], text)
    else:
        insert(model, [values(vars(row)) for row in rows])


def copy(model: type[models.Model], columns: Iterable[str], text: str | bytes) -> None:
    """Lines in the text form of COPY, of these columns."""
    from history.bulk_sending import send  # an installation on SQLite loads nothing of it

    statement = f"COPY {_quoted(model._meta.db_table)} ({_names(columns)}) FROM STDIN"
    send(statement, text.encode() if isinstance(text, str) else text)


def insert(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Rows with every column of the table, on databases without COPY."""
    fields = model._meta.concrete_fields
    forms = [(place, form) for place, item in enumerate(fields) if (form := _form(item))]
    names = _names(item.column or "" for item in fields)
    marks = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608  # names only
    with connection.cursor() as cursor:
        cursor.executemany(statement, [_prepared(row, forms) for row in rows])


def copied(value: Any) -> bytes:
    """One value in the text form of COPY."""
    return (NULL if value is None else _escaped(str(value))).encode()


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(_quoted, columns))


# --- the text of COPY -----------------------------------------------------------------------


def _text(item: Field, column: Column) -> Iterable[str] | None:
    """A column in the text form of COPY; None for one that may be left out: it is empty."""
    first = column[0]
    if first is None and column.count(None) == len(column):
        left_out = item.null and item.db_default is NOT_PROVIDED
        return None if left_out else repeat(NULL)
    if isinstance(item, models.JSONField):
        return [NULL if value is None else _escaped(_json(value)) for value in column]
    if isinstance(item, models.CharField | models.TextField | models.FileField):
        return _texts(column)
    if isinstance(item, models.DateTimeField):
        return _moments(column)
    if isinstance(item, models.BooleanField):
        flags = {value: NULL if value is None else str(value) for value in set(column)}
        return [flags[value] for value in column]
    return [NULL if value is None else str(value) for value in column]


def _moments(column: Column) -> list[str]:
    if None not in column:
        # All at one go, which takes a tenth of the time.
        told = orjson.dumps(column, option=orjson.OPT_UTC_Z).decode()
        if told.count("Z") == len(column):  # of UTC each, and none of them naive
            return told[2:-2].split('","')
    moments = {value: clock.iso(value) or NULL for value in set(column)}
    return [moments[value] for value in column]


def _texts(column: Column) -> list[str]:
    texts = ["" if value is None else str(value) for value in column]
    if _is_special("".join(texts)):
        texts = [_escaped(text) for text in texts]
    if None in column:
        return [NULL if value is None else text for value, text in zip(column, texts, strict=True)]
    return texts


def _is_special(text: str) -> bool:
    """Is there anything to escape? Four looks for a letter take less than one for a pattern."""
    return "\\" in text or "\t" in text or "\n" in text or "\r" in text


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES) if _is_special(text) else text


# --- the values of SQLite -------------------------------------------------------------------

Forms = Sequence[tuple[int, Callable[[Any], Any]]]


def _prepared(row: Sequence[Any], forms: Forms) -> Sequence[Any]:
    values = list(row)
    for place, form in forms:
        values[place] = form(values[place])
    return values


def _json(value: Any) -> str:
    return encoded(value).decode(errors="surrogatepass")


def _form(item: Field) -> Callable[[Any], Any] | None:
    """How a value of the field is handed to the database, None for as it is."""
    if isinstance(item, models.JSONField):
        return _json
    if isinstance(item, models.FileField):
        return str
    if isinstance(item, models.DateTimeField | models.DateField | models.DecimalField):
        return lambda value: item.get_db_prep_save(value, connection)
    return None
