"""The cards of the first page: each number is a link to exactly the rows it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from analytics.day_by_day import passed, received, returned
from analytics.first_pass import passed_at_once
from analytics.intervals import Proportion
from analytics.periods import Kind, period, previous
from polishing.models import PolishingOrder
from receipts.models import IN_URGENT_LIST, Receipt
from receipts.states import IN_WORKSHOP, URGENT_LIST, Status
from workshop.lib import clock

RECEIPTS = "receipts_receipt"


@dataclass(frozen=True)
class Card:
    """A number, what it says, and the list behind it."""

    label: str
    count: int
    url: str
    tone: str = "plain"


@dataclass(frozen=True)
class Share:
    """A share of the month in words, and the same of the month before."""

    label: str
    told: str
    before: str
    url: str


def _list(page: str, **query: str) -> str:
    return f"{reverse(f'admin:{page}_changelist')}?{urlencode(query)}"


def now_cards(at: datetime) -> list[Card]:
    """What is in the workshop now; only the rows that are here are looked at."""
    here = Receipt.objects.valid().filter(status__in=IN_WORKSHOP)
    start, end = clock.day_bounds(clock.local(at).date())
    unfinished = Q(status__in=URGENT_LIST)
    rows = (
        here.order_by()
        .values_list("status")
        .annotate(
            n_here=Count("pk"),
            n_today=Count("pk", filter=unfinished & Q(deadline__gte=start, deadline__lt=end)),
            n_overdue=Count("pk", filter=unfinished & Q(deadline__lt=at)),
            n_urgent=Count("pk", filter=IN_URGENT_LIST),
        )
    )
    counts = {status: numbers for status, *numbers in rows}
    whole, due_today, overdue, urgent = (
        sum(numbers[place] for numbers in counts.values()) for place in range(4)
    )
    polishing = PolishingOrder.objects.open().count()

    def one(status: Status) -> Card:
        url = _list(RECEIPTS, status=status.value)
        return Card(str(status.label), counts.get(status.value, [0])[0], url)

    return [
        Card(_("In the workshop"), whole, _list(RECEIPTS, status="here")),
        Card(_("Overdue"), overdue, _list(RECEIPTS, due="overdue"), _tone("danger", overdue)),
        Card(_("Due today"), due_today, _list(RECEIPTS, due="today"), _tone("warning", due_today)),
        Card(_("🔥 Urgent ones"), urgent, _list(RECEIPTS, urgent="list")),
        one(Status.RECEIVED),
        one(Status.IN_WORK),
        Card(_("🪙 In polishing"), polishing, _list("polishing_polishingorder", open="1")),
        *map(one, (Status.QUALITY_CONTROL, Status.RETURNED, Status.ON_HOLD)),
        *map(one, (Status.READY, Status.REFUSED)),
    ]


def _tone(tone: str, count: int) -> str:
    return tone if count else "plain"


def today_cards(at: datetime) -> list[Card]:
    """What happened today."""
    asked = period(Kind.TODAY, at=at)
    day = asked.first.isoformat()
    counts = (received(asked), passed(asked), returned(asked))
    links = three_lists(day, day)
    labels = (_("Received today"), _("Passed QC today"), _("Returned today"))
    return [
        Card(label, rows.count(), url)
        for label, rows, url in zip(labels, counts, links, strict=True)
    ]


def three_lists(first: str, last: str) -> tuple[str, str, str]:
    """Where the receipts received, checks passed and returns of these days are listed."""
    decided = {"decided_at_from": first, "decided_at_to": last}
    return (
        _list(RECEIPTS, received_at_from=first, received_at_to=last),
        _list("receipts_qualitycheck", decision__exact="passed", **decided),
        _list("receipts_returncase", returned_at_from=first, returned_at_to=last),
    )


def first_pass(at: datetime) -> Share:
    """First-pass yield of this month, with as much of the month before."""
    asked = period(Kind.MONTH, at=at)
    before = previous(asked, at=at)
    found = passed_at_once([asked, before] if before else [asked], at=at)
    earlier = found[1] if before else Proportion(0, 0)
    return Share(
        _("First-pass yield, this month"),
        share_words(found[0]),
        share_words(earlier),
        f"{reverse('numbers-first-pass')}?period={asked.kind.value}",
    )


def share_words(found: Proportion) -> str:
    """Per cent with one decimal; too few cases and none are said to be so."""
    if found.share is None:
        return _("no data")
    if not found.enough:
        return _("too few to judge (%(n)s)") % {"n": found.whole}
    return f"{number_format(100 * found.share, 1)} %"
