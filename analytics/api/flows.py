"""Numbers of whole watches: lead time, flow, first-pass yield. They know no persons."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from analytics.api import shapes
from analytics.api.forms import (
    ComparedPeriodForm,
    Form,
    LengthsForm,
    PeriodForm,
    ShareForm,
    spans,
)
from analytics.api.questions import BRAND, METAL, PERIOD, Question
from analytics.api.views import PeriodView
from analytics.deadlines import Kept, deadlines
from analytics.escape import escape_rate
from analytics.first_pass import first_pass_yield
from analytics.flow import Day, flow
from analytics.lead_time import Lead, lead_time
from analytics.periods import Period
from analytics.spreads import Spread
from analytics.statuses import statuses
from receipts.states import Status


class StatusTimeForm(LengthsForm):
    """Receipts that were in this status before they were ready; a hold stands by its reason."""

    example: ClassVar = {
        **LengthsForm.example,
        "status": "on_hold",
        "hold_reason_id": 1,
        "reason": "Ждём запчасти",
        "percent": 18.4,
    }

    status = serializers.ChoiceField(choices=Status.choices)
    hold_reason_id = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    percent = serializers.FloatField(allow_null=True, help_text="of all the time to ready")


class CollectingForm(Form):
    example: ClassVar = {"count": 19, "median_seconds": 68400, "p90_seconds": 241200}

    count = serializers.IntegerField()
    median_seconds = serializers.IntegerField(allow_null=True)
    p90_seconds = serializers.IntegerField(allow_null=True)


class KeptForm(Form):
    example: ClassVar = {"share": ShareForm.example, "ahead": 3}

    share = ShareForm(help_text="ready by the deadline / deadlines that have passed")
    ahead = serializers.IntegerField(help_text="deadlines of the period that are still to come")


class DeadlinesForm(Form):
    first = KeptForm(help_text="the first promise")
    current = KeptForm(help_text="the deadline as it stands now")


class BothLengthsForm(Form):
    ready = LengthsForm(help_text="received → ready, of those that became ready")
    issued = LengthsForm(help_text="received → issued, of those handed out")


class PreviousLeadTimeForm(BothLengthsForm):
    period = ComparedPeriodForm()


class LeadTimeForm(BothLengthsForm):
    period = PeriodForm()
    statuses = StatusTimeForm(many=True)
    collecting = CollectingForm(help_text="ready → issued, by the calendar: the customer's time")
    deadlines = DeadlinesForm()
    previous = PreviousLeadTimeForm(allow_null=True)


class LeadTimeNumbers(PeriodView):
    """How long watches take, where the time goes, and whether deadlines were kept.

    Of the receipts that became ready (were handed out) in the period for the last time: median and
    p90 (nearest rank) by the calendar and in working time; the time in each status before ready, a
    hold by its reason. Deadlines: of those that fell into the period and have passed, how many
    receipts were ready by them. Refused and void receipts are in none.
    """

    parameters = (*PERIOD, BRAND, METAL)
    answer_form = LeadTimeForm

    def numbers(self, asked: Period, question: Question) -> dict[str, Any]:
        at, filters = question.at, question.filters
        spent = statuses(asked, at=at, filters=filters)
        kept = deadlines(asked, at=at, filters=filters)
        return {
            **self.brief(asked, question),
            "statuses": [
                {
                    "status": one.status,
                    "hold_reason_id": one.hold_reason_id,
                    "reason": one.reason,
                    **_lengths(one.calendar, one.working),
                    "percent": shapes.percent(one.share),
                }
                for one in spent.statuses
            ],
            "collecting": _calendar(spent.collecting),
            "deadlines": {"first": _kept(kept.first), "current": _kept(kept.current)},
        }

    def brief(self, asked: Period, question: Question) -> dict[str, Any]:
        found = lead_time(asked, at=question.at, filters=question.filters)
        return {"ready": _lead(found.ready), "issued": _lead(found.issued)}


def _lead(one: Lead) -> dict[str, Any]:
    return _lengths(one.calendar, one.working)


def _calendar(one: Spread) -> dict[str, Any]:
    return {
        "count": one.n,
        "median_seconds": shapes.seconds(one.median),
        "p90_seconds": shapes.seconds(one.p90),
    }


def _lengths(calendar: Spread, working: Spread) -> dict[str, Any]:
    return {
        **_calendar(calendar),
        "working_median_seconds": shapes.seconds(working.median),
        "working_p90_seconds": shapes.seconds(working.p90),
    }


def _kept(one: Kept) -> dict[str, Any]:
    return {"share": shapes.of_share(one.kept), "ahead": one.ahead}


class FlowCountsForm(Form):
    """Each receipt where it stands for the last time."""

    example: ClassVar[dict[str, Any]] = {"received": 49, "ready": 41, "issued": 20, "refused": 2}

    received = serializers.IntegerField()
    ready = serializers.IntegerField()
    issued = serializers.IntegerField(help_text="handed out, repaired or not")
    refused = serializers.IntegerField()


class FlowPointForm(FlowCountsForm):
    example: ClassVar = {
        **FlowCountsForm.example,
        "from": "2026-11-03",
        "to": "2026-11-03",
        "partial": False,
    }

    def get_fields(self) -> dict[str, Any]:
        return {**spans(), **super().get_fields()}


class PreviousFlowForm(Form):
    period = ComparedPeriodForm()
    total = FlowCountsForm()


class FlowForm(Form):
    example: ClassVar = {"unrepaired": 1, "balance": 29}

    period = PeriodForm()
    total = FlowCountsForm()
    unrepaired = serializers.IntegerField(help_text="of those issued")
    balance = serializers.IntegerField(help_text="received − issued")
    series = FlowPointForm(many=True)
    previous = PreviousFlowForm(allow_null=True)


class FlowNumbers(PeriodView):
    """What came in and what went out, by day, week or month.

    A receipt counts at the last time it became ready, was refused or handed out; one that has left
    that state again does not. Void receipts are in none. Points without anything stand with 0.
    """

    parameters = (*PERIOD, BRAND, METAL)
    answer_form = FlowForm

    def numbers(self, asked: Period, question: Question) -> dict[str, Any]:
        found = flow(asked, at=question.at, filters=question.filters)
        return {
            "total": _day(found.total),
            "unrepaired": found.unrepaired,
            "balance": found.balance,
            "series": [
                {**span, **_day(found.per_bucket[span["from"]])}
                for span in shapes.of_buckets(asked, question.at)
            ],
        }

    def brief(self, asked: Period, question: Question) -> dict[str, Any]:
        found = flow(asked, at=question.at, filters=question.filters)
        return {"total": _day(found.total)}


def _day(one: Day) -> dict[str, int]:
    return {
        "received": one.received,
        "ready": one.ready,
        "issued": one.issued,
        "refused": one.refused,
    }


class TypeYieldForm(Form):
    example: ClassVar = {"type_id": 1, "name": "Сборка"}

    type_id = serializers.IntegerField()
    name = serializers.CharField()
    good = ShareForm(help_text="receipts on which the first check hit no such work")


class YieldPointForm(Form):
    example: ClassVar = {
        "from": "2026-11-03",
        "to": "2026-11-03",
        "partial": False,
        "passed": 4,
        "checked": 5,
    }

    passed = serializers.IntegerField()
    checked = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        return {**spans(), **super().get_fields()}


class EscapeForm(Form):
    example: ClassVar = {"days": 30}

    days = serializers.IntegerField()
    share = ShareForm(help_text="came back under warranty / with the owner for that long")


class YieldCountsForm(Form):
    passed = ShareForm(help_text="passed / first checked")
    reworked = ShareForm(help_text="of the same: came back from QC at least once")


class PreviousYieldForm(YieldCountsForm):
    period = ComparedPeriodForm()


class FirstPassForm(YieldCountsForm):
    example: ClassVar = {
        "final": False,
        "returns": 19,
        "returns_per_receipt": 0.46,
        "rolled_percent": 37.2,
    }

    period = PeriodForm()
    final = serializers.BooleanField(help_text="it ended 14 days ago")
    returns = serializers.IntegerField(help_text="how often they came back in all")
    returns_per_receipt = serializers.FloatField(allow_null=True)
    rolled_percent = serializers.FloatField(
        allow_null=True, help_text="product of the yields of the types"
    )
    by_type = TypeYieldForm(many=True)
    series = YieldPointForm(many=True)
    escapes = EscapeForm(many=True, help_text="of the receipts issued in the period")
    previous = PreviousYieldForm(allow_null=True)


class FirstPassNumbers(PeriodView):
    """What quality control let go at once, and what came back from the customer.

    Receipts whose first decided check passed, of those first checked in the period; how many of
    them came back at all and how often; the rolled throughput yield over the types of work.
    Escapes: confirmed warranty repeats within 30, 90 and 365 days of the hand-over, of the receipts
    issued in the period that have been with their owners for so long.
    """

    parameters = (*PERIOD, BRAND, METAL)
    answer_form = FirstPassForm

    def numbers(self, asked: Period, question: Question) -> dict[str, Any]:
        at, filters = question.at, question.filters
        found = first_pass_yield(asked, at=at, filters=filters)
        escapes = escape_rate(asked, at=at, filters=filters)
        per_receipt = found.returns_per_receipt
        return {
            "final": found.final,
            "passed": shapes.of_share(found.passed),
            "reworked": shapes.of_share(found.reworked),
            "returns": found.returns,
            "returns_per_receipt": None if per_receipt is None else round(per_receipt, 4),
            "rolled_percent": shapes.percent(found.rolled),
            "by_type": [
                {"type_id": one.type_id, "name": one.name, "good": shapes.of_share(one.good)}
                for one in found.by_type
            ],
            "series": [
                {
                    **span,
                    "passed": found.per_bucket[span["from"]].part,
                    "checked": found.per_bucket[span["from"]].whole,
                }
                for span in shapes.of_buckets(asked, at)
            ],
            "escapes": [
                {"days": days, "share": shapes.of_share(share)}
                for days, share in escapes.within.items()
            ],
        }

    def brief(self, asked: Period, question: Question) -> dict[str, Any]:
        found = first_pass_yield(asked, at=question.at, filters=question.filters)
        return {
            "passed": shapes.of_share(found.passed),
            "reworked": shapes.of_share(found.reworked),
        }
