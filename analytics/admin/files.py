"""A page of numbers as a file: the same question and numbers, for whoever may see the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from tempfile import TemporaryFile
from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from analytics.admin import frame
from analytics.admin.asked import Asked, read
from analytics.admin.loads.pages import POLISHING, PRESENT
from analytics.admin.narrowing import WATCHES, WORKS
from analytics.reports.files import FORMS, write
from analytics.reports.layout import document
from analytics.reports.pages import PAGES
from analytics.reports.question import Question
from analytics.snapshots import snapshot
from workshop.lib import export
from workshop.lib.documents import Table, shown
from workshop.lib.export import Column, Sheet, file_name, sheet_of, write_xlsx

MOST_ROWS: Final = 20_000
"""Rows of a list in a spreadsheet; more are no answer to wait for: the period is to be narrowed."""

MOST_ON_PAPER: Final = 500


Row = Sequence[Any]

NARROWED: Final = {
    **dict.fromkeys(("quality", "returns", "output"), WORKS),
    **dict.fromkeys(("lead-time", "deadlines", "first-pass", "flow"), WATCHES),
    **dict.fromkeys(("workshop", "masters"), PRESENT),
    "polishing": POLISHING,
    "accountability": ("person",),
}
"""What the file of a page can be narrowed to, as the page itself."""


def question_of(asked: Asked) -> Question:
    return Question(asked.period, asked.at, asked.filters, ", ".join(asked.narrowed))


def file_page(request: HttpRequest, page: str, form: str) -> HttpResponseBase:
    """The file of a page. A wrong question is shown where it was asked."""
    if refused := frame.refused(request):
        return refused
    build = PAGES.get(page)
    if build is None or form not in FORMS:
        raise Http404
    asked = read(request, NARROWED[page])
    if asked.errors:
        return HttpResponseRedirect(f"{reverse(f'numbers-{page}')}?{asked.query()}")
    with snapshot():  # all numbers of a file agree
        made = build(question_of(asked))
    target = TemporaryFile()  # noqa: SIM115  # closed with the answer
    write(target, made, form)
    return answer(target, file_name(f"{made.title} {asked.days}", form), form)


def list_file(
    request: HttpRequest,
    asked: Asked,
    title: str,
    columns: Sequence[Column],
    rows: QuerySet[Any],
) -> HttpResponseBase | None:
    """The rows behind a number as a file, when the address asks for one; else None."""

    def cells(most: int) -> Iterable[Row]:
        if most >= MOST_ROWS:
            return sheet_of(title, columns, rows).rows
        return ([one.of(row) for one in columns] for row in rows[:most])

    count = rows.order_by()[: MOST_ROWS + 1].count() if request.GET.get("file") in FORMS else 0
    header = [str(one.label) for one in columns]
    return table_file(request, asked, title, header, count, cells)


def table_file(
    request: HttpRequest,
    asked: Asked,
    title: str,
    header: Sequence[str],
    count: int,
    rows: Callable[[int], Iterable[Row]],
) -> HttpResponseBase | None:
    """The same of rows that no query makes; ``rows`` is asked for so many of the first."""
    form = request.GET.get("file", "")
    if form not in FORMS:
        return None
    if count > MOST_ROWS:
        text = _("More than %(most)s rows: choose a shorter period.") % {"most": MOST_ROWS}
        messages.error(request, text)
        kept = request.GET.copy()
        del kept["file"]
        return HttpResponseRedirect(f"{request.path}?{kept.urlencode()}")
    target = TemporaryFile()  # noqa: SIM115  # closed with the answer
    if form == export.XLSX:
        write_xlsx(target, Sheet(title, header, rows(MOST_ROWS)))
    else:
        table = _on_paper(title, header, count, rows(MOST_ON_PAPER))
        write(target, document(title, question_of(asked), table), form)
    return answer(target, file_name(f"{title} {asked.days}", form), form)


def links(request: HttpRequest) -> list[tuple[str, str]]:
    """Where the files of such a page are, for the same question."""
    same = {key: str(value) for key, value in request.GET.items() if key not in {"page", "file"}}
    return [(label, f"?{urlencode({**same, 'file': form})}") for label, form in frame.FILES]


def _on_paper(title: str, header: Sequence[str], count: int, rows: Iterable[Row]) -> Table:
    """The newest rows; paper is no place for thousands."""
    found = [[shown(value) for value in row] for row in rows]
    wide = 182 // len(header)
    widths = [*[wide] * (len(header) - 1), 182 - wide * (len(header) - 1)]
    rest = count - len(found)
    note = _("and %(count)s more in the spreadsheet") % {"count": rest} if rest > 0 else ""
    return Table(title, header, found, widths, empty=_("no data"), note=note)


def answer(target: Any, name: str, form: str) -> FileResponse:
    """Numbers about people are kept by no cache."""
    target.seek(0)
    told = FileResponse(target, as_attachment=True, filename=name, content_type=FORMS[form])
    told["Cache-Control"] = "private, no-store"
    return told
