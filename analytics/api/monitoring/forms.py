"""The forms of the answers, as the description tells them. Missing numbers are null, never 0."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from analytics.monitoring.catalogue import Better, Category, Unit
from analytics.monitoring.judging import Comparison, Severity
from analytics.monitoring.reading import Bucket
from analytics.monitoring.risk import Kind, Level
from analytics.monitoring.status import State
from receipts.states import Status

Form = serializers.Serializer[Any]
MOMENT = "2026-11-30T09:00:00Z"
LIST = "/admin/receipts/receipt/?due=overdue"
WORDS = "Просрочены: 3 (тревога, если больше 0)"


class NothingForm(Form):
    """Nothing to say besides."""


class MetricForm(Form):
    """A metric of the catalogue; its numbers stand under `code`, with labels under `code:label`."""

    example: ClassVar = {
        "code": "overdue",
        "category": "deadlines",
        "label": "Просрочены",
        "about": "Срок прошёл, а часы не готовы.",
        "unit": "count",
        "better": "lower",
        "alert": True,
        "series": True,
        "status": True,
        "labels": {},
    }

    code = serializers.CharField()
    category = serializers.ChoiceField(choices=Category.choices)
    about = serializers.CharField(help_text="its definition")
    unit = serializers.ChoiceField(choices=Unit.choices)
    better = serializers.ChoiceField(choices=Better.choices)
    alert = serializers.BooleanField(help_text="rules may ask it")
    series = serializers.BooleanField(help_text="worth a chart")
    status = serializers.BooleanField(help_text="part of the state at a glance")
    labelled = serializers.BooleanField()
    minutely = serializers.BooleanField(help_text="judged every minute")
    labels = serializers.DictField(help_text="known labels by name")

    def get_fields(self) -> dict[str, Any]:
        """A name that the framework has taken."""
        told = "in the language that was asked for"
        return {**super().get_fields(), "label": serializers.CharField(help_text=told)}


class MetricsForm(Form):
    results = MetricForm(many=True)


class PanelForm(Form):
    example: ClassVar = {"code": "deadlines", "title": "Сроки", "metrics": ["overdue"]}

    code = serializers.CharField(help_text="a category of metrics")
    title = serializers.CharField()
    metrics = serializers.ListField(child=serializers.CharField(), help_text="codes, in order")


class LayoutForm(Form):
    """What stands where: derived from the catalogue, so that every page shows the same."""

    example: ClassVar = {"glance": ["overdue"]}

    glance = serializers.ListField(
        child=serializers.CharField(), help_text="codes of the metrics at a glance"
    )
    panels = PanelForm(many=True)


class SnapshotForm(Form):
    """All numbers of one moment."""

    example: ClassVar = {
        "id": 42,
        "slot": MOMENT,
        "taken_at": MOMENT,
        "duration_ms": 84,
        "schema": 1,
        "build": "1.0.0",
        "numbers": {"overdue": 3, "open_by_status:in_work": 17},
        "failed": [],
    }

    id = serializers.IntegerField()
    slot = serializers.DateTimeField(allow_null=True, help_text="null: it was asked for")
    taken_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    schema = serializers.IntegerField(help_text="version of the numbers")
    build = serializers.CharField(allow_blank=True)
    numbers = serializers.DictField(
        child=serializers.FloatField(allow_null=True), help_text="by key; null: no data"
    )
    failed = serializers.ListField(
        child=serializers.CharField(), help_text="sources that could not be read"
    )


class LatestForm(Form):
    """The newest snapshot; null before the first one."""

    example: ClassVar = {"snapshot": SnapshotForm.example, "age_seconds": 312, "stale": False}

    snapshot = SnapshotForm(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True)
    stale = serializers.BooleanField(help_text="nobody has looked for more than half an hour")


class HistoryForm(Form):
    results = SnapshotForm(many=True)


class MeasuredForm(Form):
    """One bucket; `count` 0 is a gap: nothing was measured."""

    example: ClassVar = {
        "start": MOMENT,
        "min": 2,
        "max": 4,
        "avg": 2.75,
        "last": 3,
        "count": 4,
        "partial": False,
    }

    start = serializers.DateTimeField()
    avg = serializers.FloatField(allow_null=True)
    last = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField(help_text="snapshots in it")

    def get_fields(self) -> dict[str, Any]:
        """Names that Python or the framework has taken."""
        ends = {name: serializers.FloatField(allow_null=True) for name in ("min", "max")}
        runs = serializers.BooleanField(help_text="it still runs")
        return {**super().get_fields(), **ends, "partial": runs}


class SeriesForm(Form):
    example: ClassVar = {"key": "overdue", "metric": "overdue", "title": "Просрочены"}

    key = serializers.CharField()
    metric = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.ChoiceField(choices=Unit.choices)
    points = MeasuredForm(many=True)


class TimeSeriesForm(Form):
    """Points from the bucket of `from` to that of `to`, without holes; gaps have `count` 0."""

    example: ClassVar = {"from": MOMENT, "to": "2026-11-30T10:00:00Z", "bucket": "hour"}

    bucket = serializers.ChoiceField(choices=Bucket.choices)
    series = SeriesForm(many=True)

    def get_fields(self) -> dict[str, Any]:
        moments = {name: serializers.DateTimeField() for name in ("from", "to")}
        return {**moments, **super().get_fields()}


class CauseForm(Form):
    """A number beyond the threshold of an active rule."""

    example: ClassVar = {
        "rule_id": 1,
        "rule": "Просроченные квитанции",
        "severity": "warning",
        "key": "overdue",
        "value": "3",
        "threshold": "0",
        "comparison": "above",
        "alert_in_seconds": None,
        "words": WORDS,
        "link": LIST,
    }

    rule_id = serializers.IntegerField()
    rule = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    key = serializers.CharField()
    value = serializers.CharField(help_text="decimal, in the unit of the metric")
    threshold = serializers.CharField(help_text="decimal")
    comparison = serializers.ChoiceField(choices=Comparison.choices)
    alert_in_seconds = serializers.IntegerField(
        allow_null=True,
        help_text="so long it still has to last; null: its alert is on, or needs no time",
    )
    words = serializers.CharField(help_text="in the language that was asked for")
    link = serializers.CharField(allow_blank=True, help_text="the office's list behind the number")


class StatusForm(Form):
    """The newest snapshot, judged by the rules; `ok` without causes and before the first one."""

    example: ClassVar = {
        "state": "warning",
        "has_data": True,
        "taken_at": MOMENT,
        "age_seconds": 312,
        "stale": False,
        "failed": [],
    }

    state = serializers.ChoiceField(choices=State.choices)
    has_data = serializers.BooleanField()
    taken_at = serializers.DateTimeField(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True)
    stale = serializers.BooleanField()
    failed = serializers.ListField(
        child=serializers.CharField(), help_text="sources without numbers"
    )
    causes = CauseForm(many=True)


class SaidForm(Form):
    """One number as it is now."""

    example: ClassVar = {
        "key": "overdue",
        "value": "3",
        "beyond": True,
        "words": WORDS,
        "link": LIST,
    }

    key = serializers.CharField(help_text="of the number: code or code:label")
    value = serializers.CharField(allow_null=True, help_text="decimal; null: no data, no alert")
    beyond = serializers.BooleanField(help_text="beyond the threshold now")
    words = serializers.CharField(help_text="in the language that was asked for")
    link = serializers.CharField(allow_blank=True, help_text="the office's list behind the number")


class TriedForm(Form):
    """What a rule says now, to each number that it speaks of."""

    example: ClassVar = {"rule_id": 3, "at": MOMENT, "beyond": True}

    rule_id = serializers.IntegerField()
    at = serializers.DateTimeField(help_text="when the numbers were read")
    beyond = serializers.BooleanField(help_text="one of them at least is beyond the threshold")
    results = SaidForm(many=True, help_text="none: nothing is there to be judged")


class RiskForm(Form):
    """A receipt in danger, with every reason in words."""

    example: ClassVar = {
        "receipt_id": 42,
        "number": "Д-1042",
        "status": "in_work",
        "status_since": MOMENT,
        "deadline": MOMENT,
        "urgent": False,
        "master_id": 7,
        "level": "critical",
        "kind": "overdue",
        "reasons": ["Просрочено с 30.11.2026 12:00"],
        "estimate": None,
        "link": "/admin/receipts/receipt/42/change/",
    }

    receipt_id = serializers.IntegerField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    status_since = serializers.DateTimeField()
    deadline = serializers.DateTimeField(allow_null=True)
    urgent = serializers.BooleanField()
    master_id = serializers.IntegerField(allow_null=True)
    level = serializers.ChoiceField(choices=Level.choices)
    kind = serializers.ChoiceField(choices=Kind.choices)
    reasons = serializers.ListField(child=serializers.CharField())
    estimate = serializers.DictField(
        allow_null=True,
        help_text="left_seconds and typical_seconds of working time, cases",
    )
    link = serializers.CharField()


class RisksForm(Form):
    """`total` and `counts` are of all of them, `results` are the worst."""

    example: ClassVar = {
        "at": MOMENT,
        "total": 1,
        "levels": {"critical": 1, "warning": 0, "stale": 0, "no_deadline": 0},
        "counts": {
            "overdue": 1, "will_miss": 0, "soon": 0, "long": 0, "stale": 0, "no_deadline": 0,
        },
        "capped": False,
    }  # fmt: skip

    at = serializers.DateTimeField()
    total = serializers.IntegerField()
    levels = serializers.DictField(child=serializers.IntegerField())
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="by kind")
    capped = serializers.BooleanField(help_text="there may be more than were looked at")
    results = RiskForm(many=True)
