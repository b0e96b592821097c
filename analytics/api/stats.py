"""One call for a dashboard."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from rest_framework import serializers

from analytics.activity import Point, activity, due_today
from analytics.api import shapes
from analytics.api.forms import Form, PeriodForm, PersonForm
from analytics.api.loads import PlacesForm
from analytics.api.questions import DASHBOARD_PERIOD, DAY, Question
from analytics.api.views import NumbersView
from analytics.output import output
from analytics.periods import Kind
from analytics.places import Place
from analytics.workshop_now import workshop_now
from receipts.models import Receipt
from receipts.states import URGENT_LIST, Status

RECENT: Final = 10
BEST: Final = 5
_KINDS: Final = {Kind.TODAY: DAY}  # told as it was asked


class NowForm(Form):
    example: ClassVar = {"in_workshop": 38, "overdue": 2, "due_today": 3}

    in_workshop = serializers.IntegerField()
    overdue = serializers.IntegerField()
    due_today = serializers.IntegerField(help_text="still to be finished")
    places = PlacesForm()


class SumsForm(Form):
    example: ClassVar[dict[str, Any]] = {
        "received": 9,
        "ready": 7,
        "issued": 6,
        "works": 12,
        "returns": 1,
    }

    received = serializers.IntegerField()
    ready = serializers.IntegerField()
    issued = serializers.IntegerField()
    works = serializers.IntegerField()
    returns = serializers.IntegerField()


class SummaryForm(Form):
    now = NowForm()
    period = SumsForm(help_text="the points of `activity_timeline` together")


class ActivityForm(SumsForm):
    """An hour of a day, a day of a week or a month."""

    example: ClassVar = {
        **SumsForm.example,
        "start": "2026-11-03T06:00:00Z",
        "end": "2026-11-03T07:00:00Z",
    }

    start = serializers.DateTimeField(help_text="included")
    end = serializers.DateTimeField(help_text="excluded")


class RecentForm(Form):
    example: ClassVar = {
        "id": 42,
        "number": "Д-1042",
        "status": "in_work",
        "received_at": "2026-11-30T09:00:00Z",
        "deadline": "2026-12-14T15:00:00Z",
        "urgent": False,
        "overdue": False,
    }

    id = serializers.IntegerField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    received_at = serializers.DateTimeField()
    deadline = serializers.DateTimeField(allow_null=True)
    urgent = serializers.BooleanField()
    overdue = serializers.BooleanField()


class BestForm(PersonForm):
    example: ClassVar = {**PersonForm.example, "works": 39}

    works = serializers.IntegerField()


class StatsForm(Form):
    """Lists are never null."""

    example: ClassVar = {"people_shown": True}

    period = PeriodForm()
    summary = SummaryForm()
    activity_timeline = ActivityForm(many=True)
    recent_receipts = RecentForm(many=True, help_text="the ten that were taken in last")
    people_shown = serializers.BooleanField()
    top_employees = BestForm(many=True, help_text="most works first, five at most")


class Stats(NumbersView):
    """Everything for a dashboard in one call: today, this week or this month.

    `activity_timeline` has every hour of a day (24), every day of a week (7) or of a month (28–31)
    of the workshop's calendar, also those without anything. Receipts stand in it where they are for
    the last time. `top_employees` are ordered by works, and by nothing else.
    """

    parameters = DASHBOARD_PERIOD
    answer_form = StatsForm

    def answer(self, question: Question) -> dict[str, Any]:
        asked, at = question.period, question.at
        if asked is None:
            raise LookupError("a dashboard needs a period")
        points = activity(asked, at=at)
        shown = self.shows_people
        return {
            "period": shapes.of_period(asked, at)
            | {"kind": _KINDS.get(asked.kind, asked.kind.value)},
            "summary": {"now": _now(at), "period": _sums(points)},
            "activity_timeline": [
                {"start": one.start, "end": one.end, **_counts(one)} for one in points
            ],
            "recent_receipts": _recent(at),
            "people_shown": shown,
            "top_employees": _best(question) if shown else [],
        }


def _now(at: datetime) -> dict[str, Any]:
    found = workshop_now(at=at)
    places = dict.fromkeys(Place.values, 0)
    for group in found.groups:
        places[group.place] += group.count
    return {
        "in_workshop": found.total,
        "overdue": found.overdue,
        "due_today": due_today(at).count(),
        "places": places,
    }


def _counts(one: Point) -> dict[str, int]:
    return {name: getattr(one, name) for name in SumsForm.example}


def _sums(points: list[Point]) -> dict[str, int]:
    return {name: sum(getattr(one, name) for one in points) for name in SumsForm.example}


def _recent(at: datetime) -> list[dict[str, Any]]:
    names = ("id", "number", "status", "received_at", "deadline", "urgent")
    rows = Receipt.objects.valid().order_by("-id").values_list(*names)[:RECENT]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for row in found:
        due = row["deadline"]
        row["overdue"] = row["status"] in URGENT_LIST and due is not None and due < at
    return found


def _best(question: Question) -> list[dict[str, Any]]:
    if question.period is None:
        return []
    made = output(question.period, at=question.at)
    return [
        {"employee_id": person, "name": made.people[person], "works": works}
        for person, works in made.top(BEST)
    ]
