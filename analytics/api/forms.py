"""The forms of the answers, as the description tells them. Shares are per cent, 0 to 100."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

Form = serializers.Serializer[Any]


class PeriodForm(Form):
    """Days of the workshop's calendar."""

    example: ClassVar = {
        "kind": "month",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "start": "2026-10-31T21:00:00Z",
        "end": "2026-11-30T21:00:00Z",
        "partial": True,
    }

    kind = serializers.CharField()
    start = serializers.DateTimeField(help_text="included")
    end = serializers.DateTimeField(help_text="excluded")

    def get_fields(self) -> dict[str, Any]:
        """Names that Python or the framework has taken."""
        return {
            **super().get_fields(),
            "from": serializers.DateField(help_text="first day"),
            "to": serializers.DateField(help_text="last day, included"),
            "partial": serializers.BooleanField(help_text="it still runs"),
        }


class ComparedPeriodForm(Form):
    """The same unit of the calendar before."""

    example: ClassVar = {"kind": "month", "from": "2026-10-01", "to": "2026-10-31", "cut": True}

    kind = serializers.CharField()
    cut = serializers.BooleanField(
        help_text="only as much of it as has passed of the period asked for"
    )

    def get_fields(self) -> dict[str, Any]:
        days = {"from": serializers.DateField(), "to": serializers.DateField()}
        return {**super().get_fields(), **days}


def spans() -> dict[str, Any]:
    """Of a point of a series: its days, and whether it still runs."""
    return {
        "from": serializers.DateField(),
        "to": serializers.DateField(),
        "partial": serializers.BooleanField(),
    }


class IntervalForm(Form):
    example: ClassVar = {"low": 80.1, "high": 95.6}

    low = serializers.FloatField()
    high = serializers.FloatField()


class ShareForm(Form):
    """A part of a whole; no cases are null, never 0 or 100."""

    example: ClassVar = {
        "part": 36,
        "whole": 40,
        "percent": 90.0,
        "interval": IntervalForm.example,
        "enough": True,
    }

    part = serializers.IntegerField()
    whole = serializers.IntegerField()
    percent = serializers.FloatField(allow_null=True)
    interval = IntervalForm(allow_null=True, help_text="Wilson, 95 %")
    enough = serializers.BooleanField(help_text="of fewer than 20 cases nothing can be judged")


class LengthsForm(Form):
    """Lengths of time, nearest ranks; null where there was nothing to measure."""

    example: ClassVar[dict[str, Any]] = {
        "count": 5,
        "median_seconds": 118800,
        "p90_seconds": 183600,
        "working_median_seconds": 64800,
        "working_p90_seconds": 75600,
    }

    count = serializers.IntegerField()
    median_seconds = serializers.IntegerField(allow_null=True)
    p90_seconds = serializers.IntegerField(allow_null=True)
    working_median_seconds = serializers.IntegerField(allow_null=True)
    working_p90_seconds = serializers.IntegerField(allow_null=True)


class CellForm(Form):
    """Works of one kind, performed in the period, and what became of them."""

    example: ClassVar = {
        "works": 44,
        "own_reworks": 3,
        "checked": 40,
        "waiting": 4,
        "returned": 4,
        "returns": 5,
        "quality": ShareForm.example,
    }

    works = serializers.IntegerField()
    own_reworks = serializers.IntegerField(help_text="repairs of one's own work: no works")
    checked = serializers.IntegerField(help_text="works that QC decided about afterwards")
    waiting = serializers.IntegerField(help_text="works that QC has not decided about")
    returned = serializers.IntegerField(help_text="works that came back, once each")
    returns = serializers.IntegerField(help_text="how often they came back")
    quality = ShareForm(help_text="1 − returned / checked")


class TypeCellForm(CellForm):
    example: ClassVar = {"type_id": 1, "name": "Сборка", **CellForm.example}

    type_id = serializers.IntegerField()
    name = serializers.CharField()


class PersonForm(Form):
    example: ClassVar = {"employee_id": 7, "name": "Иванов И."}

    employee_id = serializers.IntegerField()
    name = serializers.CharField()


class PersonQualityForm(PersonForm):
    example: ClassVar = PersonForm.example

    as_assembler = serializers.IntegerField(
        help_text="returns registered in the period with him as assembler of record"
    )
    from_customer = serializers.IntegerField(
        help_text="works of the period that came back on a confirmed warranty repeat"
    )
    total = CellForm()
    by_type = TypeCellForm(many=True)


class PreviousQualityForm(Form):
    period = ComparedPeriodForm()
    total = CellForm()


class QualityForm(Form):
    """People stand in alphabetical order: quality is no league table."""

    example: ClassVar = {"final": False, "people_shown": True}

    period = PeriodForm()
    final = serializers.BooleanField(help_text="it ended 14 days ago: nothing is likely to change")
    people_shown = serializers.BooleanField(help_text="false without the scope `analytics:people`")
    total = CellForm()
    by_type = TypeCellForm(many=True)
    people = PersonQualityForm(many=True)
    previous = PreviousQualityForm(allow_null=True, help_text="null for all time")


class ColumnsForm(Form):
    """Each reason of a return is in exactly one; they sum up to the total."""

    example: ClassVar = {
        "hit_a_work": 17,
        "without_a_work": 1,
        "not_ours": 2,
        "undecided": 1,
        "total": 21,
    }

    hit_a_work = serializers.IntegerField()
    without_a_work = serializers.IntegerField(help_text="somebody answers, with no work of his")
    not_ours = serializers.IntegerField()
    undecided = serializers.IntegerField()
    total = serializers.IntegerField()


class BarForm(Form):
    """One bar of a Pareto chart, most frequent first."""

    example: ClassVar = {
        "id": 3,
        "name": "Грязь внутри",
        "others": False,
        "count": 7,
        "cumulative": 33.33,
    }

    id = serializers.IntegerField(allow_null=True, help_text="null where names are texts")
    name = serializers.CharField(allow_blank=True, help_text="empty: not known")
    others = serializers.BooleanField(help_text="the rest, summed up")
    count = serializers.IntegerField()
    cumulative = serializers.FloatField(help_text="per cent of it and all before it")


class ReturnCountsForm(Form):
    example: ClassVar = {"cases": 19, "receipts": 16}

    cases = serializers.IntegerField()
    receipts = serializers.IntegerField(help_text="receipts that came back, once each")
    columns = ColumnsForm()


class PreviousReturnsForm(ReturnCountsForm):
    example: ClassVar = ReturnCountsForm.example

    period = ComparedPeriodForm()


class ResponsibleForm(PersonForm):
    example: ClassVar = {**PersonForm.example, "hit_a_work": 2, "without_a_work": 1}

    hit_a_work = serializers.IntegerField()
    without_a_work = serializers.IntegerField()


class ReturnsForm(ReturnCountsForm):
    """By the date of the return, not of the work that came back."""

    example: ClassVar = {**ReturnCountsForm.example, "people_shown": True}

    period = PeriodForm()
    people_shown = serializers.BooleanField()
    people = ResponsibleForm(many=True, help_text="who answers for them, in alphabetical order")
    by_reason = BarForm(many=True)
    by_type = BarForm(many=True)
    by_brand = BarForm(many=True)
    by_calibre = BarForm(many=True)
    previous = PreviousReturnsForm(allow_null=True)


class TypeCountForm(Form):
    example: ClassVar = {"type_id": 1, "name": "Сборка", "works": 39}

    type_id = serializers.IntegerField()
    name = serializers.CharField()
    works = serializers.IntegerField()


class PersonOutputForm(PersonForm):
    example: ClassVar = {**PersonForm.example, "works": 39}

    works = serializers.IntegerField()
    by_type = TypeCountForm(many=True)


class PointForm(Form):
    """Days up to 62, then weeks, then months; nothing is left out."""

    example: ClassVar = {"from": "2026-11-03", "to": "2026-11-03", "partial": False, "works": 5}

    works = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        return {**spans(), **super().get_fields()}


class PreviousOutputForm(Form):
    example: ClassVar = {"works": 51}

    period = ComparedPeriodForm()
    works = serializers.IntegerField()


class OutputForm(Form):
    """Works that count; the only number by which people are ordered."""

    example: ClassVar = {"people_shown": True, "works": 58}

    period = PeriodForm()
    people_shown = serializers.BooleanField()
    works = serializers.IntegerField()
    by_type = TypeCountForm(many=True)
    people = PersonOutputForm(many=True)
    series = PointForm(many=True)
    previous = PreviousOutputForm(allow_null=True)
