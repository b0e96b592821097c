"""Reading monitoring: the numbers, their course, the state, and what is in danger."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.monitoring import forms, shapes
from analytics.api.monitoring.alerts import ALERTS, RULES, AlertForm, RuleForm, open_rows, told_rows
from analytics.api.questions import Parameter, values_of
from analytics.models import AlertRule
from analytics.monitoring import catalogue, reading
from analytics.monitoring.layout import glance
from analytics.monitoring.reading import MOST_SNAPSHOTS, Bucket
from analytics.monitoring.risk import Level, risk_focus
from analytics.monitoring.status import status
from analytics.monitoring.trying import says_now
from analytics.services.snapshots import capture
from analytics.snapshots import snapshot
from history.api.verbs import ServiceVerb, ensure_good, sent_values
from history.commands import Outcome
from workshop.lib import clock
from workshop.lib.api.fields import MomentField
from workshop.lib.api.rows import SerializerClass
from workshop.lib.api.views import ApiView, private, tag_of, tagged

READ: Final = "monitoring:read"
MANAGE: Final = "monitoring:manage"
DAY: Final = timedelta(days=1)
Values = Mapping[str, Any]


def _whole(name: str, usual: int, most: int, told: str) -> Parameter:
    field = serializers.IntegerField(min_value=1, max_value=most)

    def read(text: str) -> int:
        return int(field.run_validation(text if text.isascii() and text.isdigit() else "x"))

    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return Parameter(name, read, schema, told)


def _moment(name: str, told: str) -> Parameter:
    field = MomentField()

    def read(text: str) -> datetime:
        # A plus that was not encoded is a blank in an address.
        return field.run_validation(text.replace(" ", "+")).astimezone(UTC)

    return Parameter(name, read, {"type": "string", "format": "date-time"}, told)


def _choice(name: str, choices: Sequence[str], told: str) -> Parameter:
    field = serializers.ChoiceField(choices=list(choices))
    schema = {"type": "string", "enum": list(choices)}
    return Parameter(name, field.run_validation, schema, told)


_LABEL: Final = "[A-Za-z0-9_.-]{1,80}"


def _codes(text: str) -> list[str]:
    """Codes or keys; a wrong one is named."""
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if not _is_known(name):
            message = _("There is no metric “%(name)s”.") % {"name": name[:120]}
            raise serializers.ValidationError([message], code="unknown")
    return names


def _is_known(name: str) -> bool:
    """A metric with labels may be asked for without one: it stands for all of them then."""
    code, separator, label = name.partition(catalogue.SEPARATOR)
    metric = catalogue.metrics().get(code)
    if metric is None or not separator:
        return metric is not None
    return metric.labelled and re.fullmatch(_LABEL, label) is not None


def _metrics_schema() -> dict[str, Any]:
    known = catalogue.metrics().values()
    labelled = "|".join(one.code for one in known if one.labelled)
    names = {"type": "string", "enum": [one.code for one in known]}
    keys = {"type": "string", "pattern": f"^({labelled}):{_LABEL}$"}
    return {
        "type": "array",
        "items": {"anyOf": [names, keys]},
        "minItems": 1,
        "maxItems": reading.MOST_SERIES,
    }


LIMIT: Final = _whole("limit", 20, MOST_SNAPSHOTS, "So many, the newest first.")
WORST: Final = _whole("limit", 20, 100, "So many, the worst first.")
LEVEL: Final = _choice("level", Level.values, "Only these.")
METRICS: Final = Parameter(
    "metrics",
    _codes,
    _metrics_schema(),
    "Codes of metrics; one with labels stands for all of them, `code:label` for one. "
    "Left out: those at a glance.",
    several=True,
)
RANGE: Final = (
    _moment("from", "Included; a day before `to` when left out."),
    _moment("to", "Excluded; now when left out."),
    _choice(
        "bucket",
        Bucket.values,
        "Left out: raw up to two days, by hours up to 31 days, then by days.",
    ),
)


class MonitoringView(ApiView, ABC):
    """One question, one answer with an ETag; counted with the other numbers."""

    rate = "API_ANALYTICS_RATE"
    scopes = {"GET": READ}
    parameters: ClassVar[Sequence[Parameter]] = ()
    answer_form: ClassVar[SerializerClass]

    def get(self, request: Request) -> Response:
        values = values_of(request.query_params, self.parameters)
        with snapshot():  # the parts of one answer agree, whatever is written meanwhile
            answer = self.answer(values, clock.now())
        return tagged(request, answer, tag_of(answer))

    @abstractmethod
    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        """In the form of ``answer_form``."""


class Metrics(MonitoringView):
    """The catalogue: every metric with its definition, unit and which way is better."""

    answer_form = forms.MetricsForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        return {"results": shapes.of_metrics()}


class Layout(MonitoringView):
    """Which metrics stand together and in which order, for programs that draw pages."""

    answer_form = forms.LayoutForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        return shapes.of_layout()


class Latest(MonitoringView):
    """The newest snapshot with its age.

    Snapshots are taken every 15 minutes; before the first one `snapshot` is null, which is no
    alarm.
    """

    answer_form = forms.LatestForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        return shapes.of_latest(status(at=at))


class Capture(ServiceVerb):
    """Take a snapshot now.

    With an `Idempotency-Key` a repetition answers with the same snapshot.
    """

    rate = "API_ANALYTICS_RATE"
    scopes = {"POST": MANAGE}
    body = forms.NothingForm
    created = True
    result = forms.SnapshotForm
    service = capture

    def represent(self, outcome: Outcome[Any]) -> Any:
        return shapes.of_snapshot(outcome.object)


class History(MonitoringView):
    """The last snapshots with all their numbers, the newest first."""

    parameters = (LIMIT,)
    answer_form = forms.HistoryForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        rows = reading.history(values.get("limit", 20))
        return {"results": [shapes.of_snapshot(row) for row in rows]}


class TryRule(ApiView):
    """What the rule would say now: each of its numbers is read at this moment and judged.

    Nothing fires, nobody is told and nothing is written. Whether it would last long enough, quiet
    hours and other alerts are left out.
    """

    rate = "API_ANALYTICS_RATE"
    scopes = {"POST": READ}
    body = forms.NothingForm
    answer_form = forms.TriedForm
    created = False

    def post(self, request: Request, pk: int) -> Response:
        sent = sent_values(request)
        ensure_good(forms.NothingForm(data=sent), sent)
        rule = AlertRule.objects.filter(pk=pk).first()
        if rule is None:
            raise NotFound
        at = clock.now()
        with snapshot():
            said = says_now(rule, at=at)
        return private(Response(shapes.of_tried(rule.pk, said, at)))


class TimeSeries(MonitoringView):
    """Numbers in time: lowest, highest, average and last of each bucket; gaps are told.

    Hours and days are those of the workshop; the first and the last bucket are whole. Snapshots
    older than 30 days live on as days. Up to 2 000 points and 50 series, beyond that 422. A metric
    that does not exist is a 400 that names it.
    """

    parameters = (METRICS, *RANGE)
    answer_form = forms.TimeSeriesForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        end = values.get("to", at)
        start = values.get("from", end - DAY)
        bucket = Bucket(values["bucket"]) if "bucket" in values else usual_bucket(start, end)
        codes = values.get("metrics") or [one.code for one in glance()]
        found = reading.series(codes, start=start, end=end, bucket=bucket, at=at)
        return {
            "from": start,
            "to": end,
            "bucket": bucket.value,
            "series": [shapes.of_series(key, points, bucket, at) for key, points in found.items()],
        }


def usual_bucket(start: datetime, end: datetime) -> Bucket:
    """As fine as a chart can show."""
    if end - start <= 2 * DAY:
        return Bucket.RAW
    return Bucket.HOUR if end - start <= 31 * DAY else Bucket.DAY


class StatusNow(MonitoringView):
    """Ok, warning or critical, with every cause: its value, its threshold and where to look.

    Judged is the newest snapshot by the rules that are active now; `age_seconds` and `stale` say
    how old it is. Before the first snapshot it is `ok` with `has_data` false.
    """

    answer_form = forms.StatusForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        return shapes.of_status(status(at=at))


class RiskNow(MonitoringView):
    """Receipts in danger, the worst first, each once and with its reasons in words.

    Critical: overdue, or late by estimate (the usual rest of the working time of finished watches
    in the same status; of fewer than 20 nothing is estimated). Warning: due within 24 hours, or
    over a service limit. Stale: nothing was recorded for days. Then those without a deadline.
    """

    parameters = (WORST, LEVEL)
    answer_form = forms.RisksForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        level, most = values.get("level", ""), values.get("limit", 20)
        return shapes.of_risks(risk_focus(at=at, level=level, most=most))


class BootstrapForm(forms.Form):
    """Everything that a page needs when it opens."""

    metrics = forms.MetricForm(many=True)
    layout = forms.LayoutForm()
    status = forms.StatusForm()
    latest = forms.LatestForm()
    rules = RuleForm(many=True)


class Bootstrap(MonitoringView):
    """One call when a page opens: catalogue, layout, state, newest numbers and rules."""

    answer_form = BootstrapForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        found = status(at=at)
        return {
            "metrics": shapes.of_metrics(),
            "layout": shapes.of_layout(),
            "status": shapes.of_status(found),
            "latest": shapes.of_latest(found),
            "rules": told_rows(RULES, RULES.table().order_by("name", "pk")),
        }


class DashboardForm(forms.Form):
    """Everything that changes."""

    status = forms.StatusForm()
    latest = forms.LatestForm()
    alerts = AlertForm(many=True, help_text="open ones, the newest first, at most a hundred")
    risks = forms.RisksForm(help_text="the ten worst")


class Dashboard(MonitoringView):
    """One call to refresh a page: state and numbers of one snapshot, open alerts, worst receipts.

    `status` and `latest` are of the same data set. `alerts` are what rules have fired so far: one
    may be open that is no cause any more, until its rule lets go of it.
    """

    answer_form = DashboardForm

    def answer(self, values: Values, at: datetime) -> dict[str, Any]:
        found = status(at=at)
        return {
            "status": shapes.of_status(found),
            "latest": shapes.of_latest(found),
            "alerts": told_rows(ALERTS, open_rows()),
            "risks": shapes.of_risks(risk_focus(at=at, most=10)),
        }
