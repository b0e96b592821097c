"""Lists of the office as tables: the rows that the filters leave, the columns that are shown."""

from __future__ import annotations

import html
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.text import capfirst

from workshop.lib.export import (
    CSV,
    TYPES,
    XLSX,
    Column,
    Sheet,
    csv_lines,
    file_name,
    sheet_of,
    write_xlsx,
)


def listed(page: Any, request: HttpRequest) -> QuerySet[Any]:
    """All rows of the list as the address filters and orders it."""
    rows: QuerySet[Any] = page.get_changelist_instance(request).queryset
    return rows


def columns_of(page: Any, request: HttpRequest) -> list[Column]:
    """Those declared for the export, else those of the list; only what the person may see."""
    declared: Sequence[Column] = page.export_columns
    if not declared:
        return [_shown(page, name) for name in page.get_list_display(request)]
    user = request.user
    return [one for one in declared if not one.permission or user.has_perm(one.permission)]


def listed_sheet(page: Any, request: HttpRequest) -> Sheet:
    """The list as a table."""
    rows = page.export_rows(listed(page, request))
    return sheet_of(title_of(page), columns_of(page, request), rows, page.complete)


def title_of(page: Any) -> str:
    return capfirst(str(page.opts.verbose_name_plural))


def file_answer(sheet: Sheet, form: str) -> HttpResponseBase:
    """The table as a download, sent while it is made."""
    name = file_name(sheet.title, form)
    answer: HttpResponseBase
    if form == CSV:
        answer = StreamingHttpResponse(csv_lines(sheet), content_type=TYPES[CSV])
        attached = content_disposition_header(as_attachment=True, filename=name)
        answer["Content-Disposition"] = str(attached)
    else:
        target = TemporaryFile()  # noqa: SIM115  # closed with the answer
        write_xlsx(target, sheet)
        target.seek(0)
        answer = FileResponse(target, as_attachment=True, filename=name, content_type=TYPES[XLSX])
    answer["Cache-Control"] = "private, no-store"
    return answer


def _shown(page: Any, name: Any) -> Column:
    """A column of the list: the value of a field, the text of anything else."""
    label = capfirst(str(label_for_field(name, page.model, page)))

    def value(row: Any) -> Any:
        field, _attribute, found = lookup_field(name, row, page)
        if field is None:
            return plain_text(found)
        if field.flatchoices:
            return dict(field.flatchoices).get(found, found)
        if field.is_relation:
            related = getattr(row, field.name)
            return None if related is None else str(related)
        return plain_text(found) if isinstance(found, str | list | dict) else found

    return Column(label, value)


def plain_text(found: Any) -> Any:
    """Without markup, in one line; a dash that stands for nothing is nothing."""
    if not isinstance(found, str):
        return found if isinstance(found, bool | int) or found is None else str(found)
    if hasattr(found, "__html__"):
        found = html.unescape(strip_tags(found.replace("<br>", ", ").replace("</", " </")))
        found = " ".join(found.split())
    return "" if found in {"—", "–", "-"} else found
