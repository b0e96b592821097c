"""Addresses of the numbers: one GET each, the measure itself is a selector of analytics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api import forms, shapes
from analytics.api.questions import FILTERS, PERIOD, Parameter, Question, understood
from analytics.output import Output, output
from analytics.periods import Period, previous
from analytics.quality import quality
from analytics.responsible import responsible
from analytics.returns import returns
from analytics.snapshots import snapshot
from workshop.lib.api.access import access_of
from workshop.lib.api.permissions import ensure_scope
from workshop.lib.api.rows import SerializerClass
from workshop.lib.api.views import ApiView, tag_of, tagged

READ: Final = {"GET": "analytics:read"}
PEOPLE: Final = "analytics:people"


class NumbersView(ApiView, ABC):
    """One question, one answer with an ETag; counted apart from other requests (10 a minute).

    Numbers about named people need a scope of their own: without it the lists of people are empty,
    and to narrow a number to one of them is refused.
    """

    rate = "API_ANALYTICS_RATE"
    scopes = READ
    parameters: ClassVar[Sequence[Parameter]] = (*PERIOD, *FILTERS)
    answer_form: ClassVar[SerializerClass]

    def get_authenticators(self) -> list[Any]:
        """Also those who signed up for the numbers."""
        return [import_string(name)() for name in settings.API_ANALYTICS_AUTHENTICATION]

    def get(self, request: Request) -> Response:
        question = understood(request.query_params, self.parameters)
        if question.filters.employees:
            ensure_scope(access_of(request), PEOPLE)
        with snapshot():  # the parts of one answer agree, whatever is written meanwhile
            answer = self.answer(question)
        return tagged(request, answer, tag_of(answer))

    @property
    def shows_people(self) -> bool:
        return PEOPLE in access_of(self.request).scopes

    @abstractmethod
    def answer(self, question: Question) -> dict[str, Any]:
        """The measure in the form of ``answer_form``."""


class PeriodView(NumbersView, ABC):
    """A number of a period, with that of the period before beside it."""

    def answer(self, question: Question) -> dict[str, Any]:
        asked, at = question.period, question.at
        if asked is None:
            raise LookupError(f"{type(self).__name__} asks for no period")
        before = previous(asked, at=at)
        compared = before and {
            "period": shapes.of_compared(before),
            **self.brief(before, question),
        }
        return {
            "period": shapes.of_period(asked, at),
            **self.numbers(asked, question),
            "previous": compared,
        }

    @abstractmethod
    def numbers(self, asked: Period, question: Question) -> dict[str, Any]:
        """Of the period that was asked for."""

    @abstractmethod
    def brief(self, asked: Period, question: Question) -> dict[str, Any]:
        """Of the period before: what is compared."""


class QualityNumbers(PeriodView):
    """Quality of the works performed in the period, per operation type and person.

    Quality = 1 − returned works / checked works, with the Wilson interval (95 %). A work is checked
    when quality control decided about its watch afterwards, returned when a reason of a return
    points at it, at most once. A person's rework of his own work is none. Without checked works the
    share is null.
    """

    answer_form = forms.QualityForm

    def numbers(self, asked: Period, question: Question) -> dict[str, Any]:
        report = quality(asked, at=question.at, filters=question.filters)
        people = report.people if self.shows_people else []
        return {
            "final": report.final,
            "people_shown": self.shows_people,
            "total": shapes.of_cell(report.total),
            "by_type": shapes.of_cells(report.by_type, report),
            "people": [shapes.of_person(one, report) for one in people],
        }

    def brief(self, asked: Period, question: Question) -> dict[str, Any]:
        report = quality(asked, at=question.at, filters=question.filters)
        return {"total": shapes.of_cell(report.total)}


class ReturnsNumbers(PeriodView):
    """Returns registered in the period: how many, why, of what.

    By the date of the return. Each reason stands in exactly one column: it hit a work, somebody
    answers for it without such a work, it is not our fault, or it is undecided. `people` are those
    who answer for the reasons of the first two.
    """

    answer_form = forms.ReturnsForm

    def numbers(self, asked: Period, question: Question) -> dict[str, Any]:
        found = returns(asked, at=question.at, filters=question.filters)
        shown = self.shows_people
        people = responsible(asked, at=question.at, filters=question.filters) if shown else []
        return {
            **shapes.of_counts(found),
            "people_shown": shown,
            "people": [vars(one) for one in people],
            "by_reason": shapes.of_bars(found.by_reason, ids=True),
            "by_type": shapes.of_bars(found.by_type, ids=True),
            "by_brand": shapes.of_bars(found.by_brand, ids=False),
            "by_calibre": shapes.of_bars(found.by_calibre, ids=False),
        }

    def brief(self, asked: Period, question: Question) -> dict[str, Any]:
        found = returns(asked, at=question.at, filters=question.filters, watches=False)
        return shapes.of_counts(found)


class OutputNumbers(PeriodView):
    """Works of the period by operation type, person and time.

    Works that count: not void, no rework of one's own work. People are ordered by their number.
    """

    answer_form = forms.OutputForm

    def numbers(self, asked: Period, question: Question) -> dict[str, Any]:
        made = output(asked, at=question.at, filters=question.filters)
        people = made.top(len(made.people)) if self.shows_people else []
        return {
            "people_shown": self.shows_people,
            "works": made.total,
            "by_type": _of_types(_sums(made), made),
            "people": [
                {
                    "employee_id": person,
                    "name": made.people[person],
                    "works": works,
                    "by_type": _of_types(made.by_person[person], made),
                }
                for person, works in people
            ],
            "series": [
                {**span, "works": made.per_bucket[span["from"]]}
                for span in shapes.of_buckets(asked, question.at)
            ],
        }

    def brief(self, asked: Period, question: Question) -> dict[str, Any]:
        return {"works": output(asked, at=question.at, filters=question.filters).total}


def _sums(made: Output) -> dict[int, int]:
    return {
        kind: sum(cells.get(kind, 0) for cells in made.by_person.values()) for kind in made.types
    }


def _of_types(cells: Mapping[int, int], made: Output) -> list[dict[str, Any]]:
    return [
        {"type_id": kind, "name": name, "works": cells[kind]}
        for kind, name in made.types.items()
        if kind in cells
    ]
