"""Metrics of what is done today, and of quality."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from analytics import facts
from analytics.day_by_day import passed, received, returned
from analytics.intervals import Proportion
from analytics.monitoring.catalogue import Better, Category, Link, Metric, Unit, key
from analytics.monitoring.sources import Measured
from analytics.periods import Kind, period
from analytics.services import drops
from analytics.snapshots import snapshot
from receipts.models import OperationType, QualityCheck
from workshop.lib import clock

WEEK: Final = timedelta(days=7)


def _list(page: str, field: str, days: int = 0, **query: str) -> Link:
    """The list of an office page from so many days ago until today."""

    def link(label: str) -> str:
        today = clock.today()
        first = (today - timedelta(days=days)).isoformat()
        asked = {**query, f"{field}_from": first, f"{field}_to": today.isoformat()}
        return f"{reverse(f'admin:{page}_changelist')}?{urlencode(asked)}"

    return link


def _works_link(label: str) -> str:
    kind = OperationType.objects.filter(code=label).values_list("pk", flat=True).first()
    asked = {"period": Kind.TODAY.value} | ({"type": str(kind)} if kind else {})
    return f"{reverse('numbers-works')}?{urlencode(asked)}"


def _type_names() -> Mapping[str, str]:
    return dict(OperationType.objects.order_by("order", "name").values_list("code", "name"))


TODAY: Final = (
    Metric(
        code="received_today",
        category=Category.RECEIPTS,
        label=_("Received today"),
        about=_("Receipts taken in on this day of the workshop, not void."),
        better=Better.NEITHER,
        link=_list("receipts_receipt", "received_at"),
    ),
    Metric(
        code="passed_today",
        category=Category.QUALITY,
        label=_("Passed QC today"),
        about=_("Decisions of quality control on this day to let a watch go, not void."),
        better=Better.HIGHER,
        alert=True,
        link=_list("receipts_qualitycheck", "decided_at", decision__exact="passed"),
    ),
    Metric(
        code="returned_today",
        category=Category.QUALITY,
        label=_("Returned today"),
        about=_("Returns registered on this day, not void."),
        alert=True,
        link=_list("receipts_returncase", "returned_at"),
    ),
    Metric(
        code="works_today",
        category=Category.QUALITY,
        label=_("Works today by type"),
        about=_(
            "Works performed on this day, not void, without a person's rework of his own work."
        ),
        better=Better.HIGHER,
        labelled=True,
        link=_works_link,
        label_names=_type_names,
    ),
)

QUALITY: Final = (
    Metric(
        code="return_rate_7d",
        category=Category.QUALITY,
        label=_("Returned by QC, 7 days"),
        about=_(
            "Of the checks that quality control decided in the last 7 × 24 hours, the share that"
            " were returned. No data for fewer than 20 decisions."
        ),
        unit=Unit.PERCENT,
        alert=True,
        status=True,
        link=_list("receipts_qualitycheck", "decided_at", days=7),
    ),
    Metric(
        code="quality_drops",
        category=Category.QUALITY,
        label=_("People whose quality dropped"),
        about=_(
            "People with a final week or month outside the limits of chance, final for no more than"
            " 31 days. No data until the roll-ups are complete."
        ),
        alert=True,
        status=True,
        link=lambda label: reverse("numbers-quality"),
    ),
)


def today(at: datetime) -> Measured:
    """What was done since midnight; five queries."""
    asked = period(Kind.TODAY, at=at)
    kinds = OperationType.objects.filter(active=True).values_list("code", flat=True)
    numbers = {key("works_today", code): 0 for code in kinds}
    works = facts.works(asked.start, asked.end).filter(performed_at__lte=at).order_by()
    for code, number in works.values_list("type__code").annotate(Count("pk")):
        numbers[key("works_today", code)] = number
    return {
        "received_today": _until(received(asked), "received_at", at),
        "passed_today": _until(passed(asked), "decided_at", at),
        "returned_today": _until(returned(asked), "returned_at", at),
        **numbers,
    }


def _until(rows: QuerySet[Any], moment: str, at: datetime) -> int:
    return rows.filter(**{f"{moment}__lte": at}).count()


def quality(at: datetime) -> Measured:
    """Decisions of a week, and drops that are news; a fixed number of queries."""
    decided = QualityCheck.objects.valid().filter(
        decision__isnull=False, decided_at__gt=at - WEEK, decided_at__lte=at
    )
    back = Q(decision=QualityCheck.Decision.RETURNED)
    counts = decided.aggregate(whole=Count("pk"), part=Count("pk", filter=back))
    found = Proportion(counts["part"], counts["whole"])
    rate = 100 * found.share if found.share is not None and found.enough else None
    return {"return_rate_7d": rate, "quality_drops": _drops(at)}


def _drops(at: datetime) -> int | None:
    """People; None until the roll-ups are complete: two years of facts are too much for this."""
    with snapshot() as shot:
        if not shot.complete:
            return None
        return len({shown.employee_id for shown, _point in drops.fresh(at)})
