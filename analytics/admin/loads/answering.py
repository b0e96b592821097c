"""What people answer for: works waived, records voided, undone and moved, items undecided."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics.accountability import Deed, accountability
from analytics.admin import frame
from analytics.admin.asked import read
from analytics.admin.loads.pages import kept
from analytics.admin.loads.words import age, number
from analytics.receipt_charts import buckets, stacked
from history.registry import payload_class

DEEDS = "numbers-deeds"


def accountability_page(request: HttpRequest) -> HttpResponse:
    """Counts by who did it, what was voided, and how it went in time."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, ("person",))
    found = accountability(asked.period, at=asked.at, filters=asked.filters)
    same = kept(asked)
    rows = [
        (
            one.name or _("not known"),
            [
                number(one.counts[deed], DEEDS, {**same, "what": deed.value, "who": one.key})
                for deed in Deed
            ],
        )
        for one in found.people
    ]
    kinds = [
        number(
            count,
            DEEDS,
            {**same, "what": "voided", "kind": kind},
            label=str(payload_class(kind).label),
        )
        for kind, count in sorted(found.kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    in_time = [
        (label, [found.per_bucket[first][deed] for deed in Deed])
        for first, _after, label in buckets(asked.period)
    ]
    totals = [number(found.counts[deed], DEEDS, {**same, "what": deed.value}) for deed in Deed]
    context = {
        "asked": asked,
        "deeds": [str(deed.label) for deed in Deed],
        "rows": rows,
        "totals": totals,
        "kinds": kinds,
        "waiting": number(found.waiting, "numbers-items", {"what": "undecided", "period": "all"}),
        "waiting_age": age(found.waiting_since, asked.at),
        "drawing": stacked(in_time, [str(deed.label) for deed in Deed]),
    }
    return frame.page(request, "loads/accountability", _("What people answer for"), context)
