"""The first page: what is in the workshop now and what happened today; every number is a link
to the list it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from receipts.models import QualityCheck, Receipt, ReturnCase
from receipts.states import IN_WORKSHOP, URGENT_LIST, Status
from staff.office.pages import actor_of
from staff.roles import INSPECTOR, MANAGER
from workshop.lib import clock


@dataclass(frozen=True)
class Card:
    """A number, what it says, and the list behind it."""

    label: str
    count: int
    url: str
    tone: str = "plain"


def context_of_index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """UNFOLD's DASHBOARD_CALLBACK."""
    if not request.user.has_perm("receipts.view_receipt"):
        return context
    total = _now_cards()
    return {
        **context,
        "title": _("Dashboard"),
        "now_cards": total,
        "today_cards": _today_cards(),
        "is_empty": not Receipt.objects.exists(),
        "may_register": actor_of(request).has(MANAGER, INSPECTOR),
    }


def _list(page: str, **query: str) -> str:
    return f"{reverse(f'admin:{page}_changelist')}?{urlencode(query)}"


def _now_cards() -> list[Card]:
    here = Receipt.objects.valid().filter(status__in=IN_WORKSHOP)
    counts = dict(here.order_by().values_list("status").annotate(Count("pk")))
    page = "receipts_receipt"
    open_ones = Receipt.objects.valid().filter(status__in=URGENT_LIST)
    start, end = clock.day_bounds(clock.today())
    due_today = open_ones.filter(deadline__gte=start, deadline__lt=end).count()
    overdue = open_ones.filter(deadline__lt=clock.now()).count()
    urgent = here.filter(urgent=True).count()
    cards = [
        Card(_("In the workshop"), sum(counts.values()), _list(page, status="here")),
        Card(_("Overdue"), overdue, _list(page, due="overdue"), "danger" if overdue else "plain"),
        Card(
            _("Due today"), due_today, _list(page, due="today"), "warning" if due_today else "plain"
        ),
        Card(_("🔥 Urgent ones"), urgent, _list(page, status="here", urgent="1")),
    ]
    for status in Status:
        if status in IN_WORKSHOP:
            url = _list(page, status=status.value)
            cards.append(Card(str(status.label), counts.get(status.value, 0), url))
    return cards


def _today_cards() -> list[Card]:
    today = clock.today()
    start, end = clock.day_bounds(today)
    day = today.isoformat()
    decided = {"decided_at_from": day, "decided_at_to": day}
    received = Receipt.objects.valid().filter(received_at__gte=start, received_at__lt=end)
    passed = QualityCheck.objects.valid().filter(
        decision=QualityCheck.Decision.PASSED, decided_at__gte=start, decided_at__lt=end
    )
    returned = ReturnCase.objects.valid().filter(returned_at__gte=start, returned_at__lt=end)
    return [
        Card(
            _("Received today"),
            received.count(),
            _list("receipts_receipt", received_at_from=day, received_at_to=day),
        ),
        Card(
            _("Passed QC today"),
            passed.count(),
            _list("receipts_qualitycheck", decision__exact="passed", **decided),
        ),
        Card(
            _("Returned today"),
            returned.count(),
            _list("receipts_returncase", returned_at_from=day, returned_at_to=day),
        ),
    ]
