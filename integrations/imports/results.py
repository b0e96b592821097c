"""What became of each row, as a table for the person and as lists for the pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePath
from typing import Any, Final

from django.core.files.base import ContentFile, File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from integrations.imports.columns import CREATED, ERROR, UNCHANGED, UPDATED, Subject
from integrations.models import DataJob, ImportChunk
from workshop.lib.errors import Message
from workshop.lib.export import harmless

LABELS: Final[Mapping[str, Message]] = {
    CREATED: lazy("new"),
    UPDATED: lazy("corrected"),
    UNCHANGED: lazy("unchanged"),
    ERROR: lazy("error"),
}


def result_file(job: DataJob, subject: Subject, *, problems_only: bool = False) -> File[bytes]:
    """A CSV that spreadsheets open by themselves: row, outcome, id, column, reason."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow([_("Row"), _("Outcome"), _("Id"), _("Column"), _("Reason")])
    table.writerows(_lines(outcomes(job, problems_only=problems_only), subject))
    return ContentFile(text.getvalue().encode("utf-8-sig"))


def _lines(rows: Iterable[Sequence[Any]], subject: Subject) -> Iterator[Sequence[Any]]:
    """One line for each problem of a row, or one for the row."""
    labels = {outcome: harmless(str(label)) for outcome, label in LABELS.items()}
    for number, outcome, object_id, problems in rows:
        if not problems:
            yield number, labels[outcome], object_id or "", "", ""
        for column, why in problems:
            told = harmless(title(subject, column)), harmless(why)
            yield number, labels[outcome], object_id or "", *told


def result_name(file_name: str) -> str:
    return f"{PurePath(file_name).stem[:100]} – {_('result')}.csv"


def outcomes(job: DataJob, *, problems_only: bool = False) -> Iterator[Sequence[Any]]:
    """(number in the file, outcome, id, [[column, why]]) in the order of the file."""
    chunks = ImportChunk.objects.filter(job=job).order_by("first_row")
    if problems_only:
        chunks = chunks.filter(problems__gt=0)
    for rows in chunks.values_list("rows", flat=True).iterator(chunk_size=10):
        for row in rows:
            if row[1] == ERROR or not problems_only:
                yield row


def first_problems(job: DataJob, most: int) -> list[tuple[int, str, str]]:
    """(row, column, why) of the first wrong rows, columns by their names in the program."""
    rows = islice(outcomes(job, problems_only=True), most)
    return [(row[0], column, why) for row in rows for column, why in row[3]][:most]


def title(subject: Subject, column: str) -> str:
    """A column by its name on the screen."""
    found = subject.column(column)
    return str(found.label) if found else column
