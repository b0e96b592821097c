"""One person: his quality in time with the limits of chance, and the numbers of a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from analytics.admin import frame
from analytics.admin.asked import read
from analytics.admin.files import answer, question_of
from analytics.admin.pages import Cell
from analytics.filters import EVERYTHING, Filters
from analytics.intervals import ENOUGH
from analytics.policies import ensure_may_compare_people
from analytics.quality import NONE, quality
from analytics.reports.files import FORMS, write
from analytics.reports.person import person_document
from analytics.trend import Point, Trend, place, trend
from analytics.trend_chart import trend_drawing
from analytics.trend_words import place_words, told, verdict, when
from receipts.models import OperationType
from staff.models import Employee
from staff.office.forms import is_id
from staff.office.registry import page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.documents import Document
from workshop.lib.errors import NotAllowed
from workshop.lib.export import file_name
from workshop.lib.picture import page_svg


@dataclass(frozen=True)
class Row:
    """A point of the chart as a line of the table; ``lowest`` is the limit of its quality."""

    point: Point
    name: str
    link: str
    told: list[str]

    @property
    def percent(self) -> float | None:
        share = self.point.returned.share
        return None if share is None else 100 * (1 - share)

    @property
    def lowest(self) -> float | None:
        return 100 * (1 - self.point.limits[1]) if self.point.limits else None


def person_page(request: HttpRequest, employee_id: int) -> HttpResponseBase:
    """The quality card; of an operation type alone with ``?type=``."""
    if refused := frame.refused(request):
        return refused
    person = get_object_or_404(Employee, pk=employee_id)
    asked = read(request)
    kind = _kind(request)
    filters = Filters(types=(kind.pk,)) if kind else EVERYTHING
    shown = trend(person.pk, at=asked.at, filters=filters)
    if shown is None:  # gone meanwhile
        return frame.refused(request) or HttpResponse(status=404)
    report = quality(asked.period, at=asked.at, filters=Filters(employees=(person.pk,)))
    form = request.GET.get("file", "")
    if form in FORMS and not asked.errors:
        return _file(form, person_document(shown, report, question_of(asked)))
    mine = report.people[0] if report.people else None
    cells = mine.by_type if mine else {}
    who = str(person.pk)
    kept = {"type": str(kind.pk)} if kind else {}
    context = {
        "asked": asked,
        "person": person,
        "kind": kind,
        "report": report,
        "types": [
            (
                name,
                Cell(cells.get(key, NONE), asked.query(person=who, type=str(key))),
                asked.query(type=str(key)),
            )
            for key, name in report.types.items()
        ],
        "total": Cell(mine.total if mine else NONE, asked.query(person=who)),
        "as_assembler": mine.as_assembler if mine else 0,
        "enough": ENOUGH,
        "view_card": card(shown),
        "trend": shown,
        "place": place_words(place(shown, at=asked.at, filters=filters)),
        "rows": [_row(one, shown, kind) for one in reversed(shown.points)],
        "files": [(label, f"?{asked.query(**kept, file=form)}") for label, form in frame.FILES],
    }
    return frame.page(request, "person", _("Quality: %(name)s") % {"name": person}, context)


def _file(form: str, made: Document) -> HttpResponseBase:
    target = TemporaryFile()  # noqa: SIM115  # closed with the answer
    write(target, made, form)
    return answer(target, file_name(f"{made.title} {made.subtitle}", form), form)


def card(shown: Trend) -> dict[str, Any]:
    """The chart and what it says."""
    drawing = trend_drawing(shown)
    return {
        "trend": shown,
        "svg": page_svg(drawing) if drawing else "",
        "note": drawing.note if drawing else "",
        "verdict": verdict(shown),
        "signals": [
            (when(point, shown.step), told(one), one.worse) for point, one in shown.signals
        ],
    }


def _kind(request: HttpRequest) -> OperationType | None:
    value = request.GET.get("type", "")
    return OperationType.objects.filter(pk=value).first() if is_id(value) else None


def _row(point: Point, shown: Trend, kind: OperationType | None) -> Row:
    question = {
        "period": "custom",
        "from": f"{point.first:%d.%m.%Y}",
        "to": f"{point.last:%d.%m.%Y}",
        "person": str(shown.employee_id),
        **({"type": str(kind.pk)} if kind else {}),
    }
    words = [told(one) for one in point.signals]
    return Row(point, when(point, shown.step), urlencode(question), words)


@page_section("staff.Employee", "office/analytics/card.html", order=40)
def quality_card(target: Employee, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    """On a person's page, for whoever may compare people; nothing for who never worked here."""
    try:
        ensure_may_compare_people(actor)
    except NotAllowed:
        return None
    shown = trend(target.pk, at=clock.now())
    if shown is None or not any(point.works for point in shown.points):
        return None
    return {**card(shown), "person": target}
