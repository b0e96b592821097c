"""What polishers and masters have now, and how long rounds of polishing took."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework import serializers

from analytics.api import shapes
from analytics.api.forms import Form, LengthsForm, PeriodForm, PersonForm
from analytics.api.questions import BRAND, EMPLOYEE, FILTERS, METAL, PERIOD, Question
from analytics.api.views import NumbersView
from analytics.master_load import MasterLoad, MasterLoads, master_load
from analytics.places import Place
from analytics.polishing_load import PolisherLoad, PolishingLoad, Turnaround, polishing_load


class PartsForm(Form):
    example: ClassVar = {"case": 1, "bracelet": 1, "both": 0}

    case = serializers.IntegerField()
    bracelet = serializers.IntegerField()
    both = serializers.IntegerField(help_text="case and bracelet in one round")


class MetalCountForm(Form):
    example: ClassVar = {"metal_id": 1, "name": "Сталь", "count": 1}

    metal_id = serializers.IntegerField(allow_null=True, help_text="null: not entered")
    name = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class RoundsForm(Form):
    """Rounds that are out now, and those that were taken back in the period."""

    example: ClassVar = {
        "open": 2,
        "difficult": 1,
        "oldest": "2026-11-28T07:00:00Z",
        "without_work": 1,
    }

    open = serializers.IntegerField(help_text="rounds at the polisher now")
    difficult = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True, help_text="since when the oldest is out")
    by_part = PartsForm()
    by_metal = MetalCountForm(many=True)
    done = LengthsForm(help_text="taken back polished, not after a return")
    reworks = LengthsForm(help_text="polished again after a return that concerns polishing")
    without_work = serializers.IntegerField(help_text="came back unpolished")


class PolisherForm(PersonForm, RoundsForm):
    example: ClassVar = {**PersonForm.example, **RoundsForm.example}


class PolishingLoadForm(Form):
    example: ClassVar = {"people_shown": True}

    period = PeriodForm()
    people_shown = serializers.BooleanField()
    total = RoundsForm()
    people = PolisherForm(many=True)


class PolishingNumbers(NumbersView):
    """What is at the polishers now, and the turnaround of the rounds of the period.

    Open rounds: how many, difficult ones, by part and metal, since when. Of those taken back in the
    period: median and p90 (nearest rank) in calendar and in working time; reworks and rounds that
    came back without work apart. Void rounds are in none. `metal` is that of the round.
    """

    parameters = (*PERIOD, EMPLOYEE, BRAND, METAL)
    answer_form = PolishingLoadForm

    def answer(self, question: Question) -> dict[str, Any]:
        asked, at = question.period, question.at
        if asked is None:
            raise LookupError("the turnaround needs a period")
        found = polishing_load(asked, at=at, filters=question.filters)
        people = found.people if self.shows_people else []
        return {
            "period": shapes.of_period(asked, at),
            "people_shown": self.shows_people,
            "total": _rounds(found.total, found),
            "people": [
                {"employee_id": one.employee_id, "name": one.name, **_rounds(one, found)}
                for one in people
            ],
        }


def _rounds(one: PolisherLoad, found: PolishingLoad) -> dict[str, Any]:
    return {
        "open": one.open,
        "difficult": one.difficult,
        "oldest": one.oldest,
        "by_part": {part: one.by_part.get(part, 0) for part in PartsForm.example},
        "by_metal": [
            {"metal_id": pk, "name": found.metals.get(pk, "") if pk else "", "count": count}
            for pk, count in sorted(one.by_metal.items(), key=lambda pair: (-pair[1], pair[0] or 0))
        ],
        "done": _turnaround(one.done),
        "reworks": _turnaround(one.reworks),
        "without_work": one.without_work,
    }


def _turnaround(took: Turnaround) -> dict[str, Any]:
    return {
        "count": took.count,
        "median_seconds": shapes.seconds(took.median),
        "p90_seconds": shapes.seconds(took.p90),
        "working_median_seconds": shapes.seconds(took.working_median),
        "working_p90_seconds": shapes.seconds(took.working_p90),
    }


class PlacesForm(Form):
    """Each watch in exactly one."""

    example: ClassVar = dict.fromkeys(Place.values, 0) | {Place.MASTER.value: 4}

    def get_fields(self) -> dict[str, Any]:
        return {place.value: serializers.IntegerField(help_text=place.label) for place in Place}


class PurposeForm(Form):
    example: ClassVar = {"type_id": 1, "name": "Сборка", "count": 4}

    type_id = serializers.IntegerField(allow_null=True, help_text="null: handed over without one")
    name = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class LateForm(Form):
    example: ClassVar = {
        "place": "hold",
        "hold_reason_id": 1,
        "name": "Ждём запчасти",
        "count": 1,
    }

    place = serializers.ChoiceField(choices=Place.values, help_text="what it is stuck in")
    hold_reason_id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    count = serializers.IntegerField()


class LoadForm(Form):
    """Watches that were handed over and not taken back."""

    example: ClassVar = {
        "watches": 5,
        "bench": 4,
        "overdue": 1,
        "not_accepted": 0,
        "oldest": "2026-11-20T07:00:00Z",
    }

    watches = serializers.IntegerField()
    bench = serializers.IntegerField(help_text="in work, nothing of it at the polisher")
    oldest = serializers.DateTimeField(allow_null=True, help_text="since when the oldest is there")
    places = PlacesForm()
    purposes = PurposeForm(many=True, help_text="of the bench")
    overdue = serializers.IntegerField()
    causes = LateForm(many=True, help_text="what the overdue ones are stuck in")
    not_accepted = serializers.IntegerField(help_text="0 where masters do not serve themselves")


class MasterForm(PersonForm, LoadForm):
    example: ClassVar = {**PersonForm.example, **LoadForm.example}


class MasterLoadForm(Form):
    example: ClassVar = {"people_shown": True}

    people_shown = serializers.BooleanField()
    total = LoadForm()
    people = MasterForm(many=True)


class MasterNumbers(NumbersView):
    """What the masters have now.

    On the bench by the purpose of the hand-over; on hold, at the polisher, at quality control and
    waiting apart, each watch once; overdue ones with what they are stuck in; not accepted ones.
    """

    parameters = FILTERS
    answer_form = MasterLoadForm

    def answer(self, question: Question) -> dict[str, Any]:
        found = master_load(at=question.at, filters=question.filters)
        people = found.people if self.shows_people else []
        return {
            "people_shown": self.shows_people,
            "total": _load(found.total, found),
            "people": [
                {"employee_id": one.employee_id, "name": one.name, **_load(one, found)}
                for one in people
            ],
        }


def _load(one: MasterLoad, found: MasterLoads) -> dict[str, Any]:
    late = sorted(one.overdue.items(), key=lambda pair: (-pair[1], pair[0][0], pair[0][1] or 0))
    return {
        "watches": one.total,
        "bench": one.bench,
        "oldest": one.oldest,
        "places": {place: one.places.get(place, 0) for place in Place.values},
        "purposes": [
            {
                "type_id": pk,
                "name": found.purposes.get(pk, "") if pk else _("without a purpose"),
                "count": count,
            }
            for pk, count in sorted(one.purposes.items(), key=lambda pair: (-pair[1], pair[0] or 0))
        ],
        "overdue": one.late,
        "causes": [
            {
                "place": place,
                "hold_reason_id": reason,
                "name": found.reasons.get(reason, "") if reason else Place(place).label,
                "count": count,
            }
            for (place, reason), count in late
        ],
        "not_accepted": one.not_accepted,
    }
