"""Where the watches are that are here, each in one place: what every count of the present uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.utils.translation import gettext_lazy as _

from analytics.filters import Filters
from receipts.models import Assignment, DetachedPart, Hold, Receipt
from receipts.states import URGENT_LIST, Status


class Place(TextChoices):
    """What a watch in the workshop waits for: exactly one of these."""

    WAITING = "waiting", _("Waiting for hand-out")
    MASTER = "master", _("At the masters")
    POLISHER = "polisher", _("At the polishers")
    QC = "qc", _("At quality control")
    HOLD = "hold", _("On hold")
    READY = "ready", _("Ready for hand-over")
    REFUSED = "refused", _("Without repair")


POLISHED = (DetachedPart.Part.CASE, DetachedPart.Part.BRACELET)


def placed(rows: QuerySet[Receipt]) -> QuerySet[Any]:
    """Receipts in the workshop, each with ``stands`` (its Place) and ``hold_reason`` (an id).

    A part at the polisher is what the watch waits for, whoever has the rest: it cannot pass
    without it. A hold, "ready" and "without repair" go before that. Waiting is for a master:
    taken in and not handed out, or returned and not handed back.
    """
    return rows.annotate(
        _away=Exists(
            DetachedPart.objects.filter(
                receipt=OuterRef("pk"), part__in=POLISHED, until__isnull=True
            )
        ),
        stands=Case(
            When(status=Status.READY, then=Value(Place.READY.value)),
            When(status=Status.REFUSED, then=Value(Place.REFUSED.value)),
            When(status=Status.ON_HOLD, then=Value(Place.HOLD.value)),
            When(_away=True, then=Value(Place.POLISHER.value)),
            When(status=Status.QUALITY_CONTROL, then=Value(Place.QC.value)),
            When(status=Status.IN_WORK, then=Value(Place.MASTER.value)),
            default=Value(Place.WAITING.value),
            output_field=CharField(),
        ),
        hold_reason=Case(When(status=Status.ON_HOLD, then=_reason()), default=None),
    )


def _reason() -> Subquery:
    """Why it is on hold now; the newest, should an old hold have been left open."""
    holds = Hold.objects.filter(
        receipt=OuterRef("pk"), voided_at__isnull=True, ended_at__isnull=True
    )
    return Subquery(holds.order_by("-pk").values("reason")[:1])


def with_late(rows: QuerySet[Any], at: datetime) -> QuerySet[Any]:
    """The same with ``late``: past the deadline at ``at`` while it still has to be finished."""
    return rows.annotate(
        late=Case(
            When(status__in=URGENT_LIST, deadline__lt=at, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
    )


def narrowed(rows: QuerySet[Any], filters: Filters, person: str = "master") -> QuerySet[Any]:
    """Receipts of the present: the current master, the purpose he has it for, brand and metal."""
    condition = Q()
    if filters.employees:
        condition &= Q(**{f"{person}__in": filters.employees})
    if filters.brand:
        condition &= Q(watch__brand=filters.brand)
    if filters.metal is not None:
        condition &= Q(watch__metal=filters.metal)
    if filters.types:
        handed = Assignment.objects.filter(
            receipt=OuterRef("pk"),
            purpose__in=filters.types,
            ended_at__isnull=True,
            voided_at__isnull=True,
        )
        condition &= Q(Exists(handed))
    return rows.filter(condition)


OLDEST_FIRST = (F("received_at").asc(), F("pk").asc())
