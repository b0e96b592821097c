"""What stands below the cards: what burns, the days, the loads, the reasons, the programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from analytics.admin.alerts.alerts import shown
from analytics.admin.asked import Asked
from analytics.admin.home.cards import three_lists
from analytics.admin.loads.bars import LyingBar, lying
from analytics.admin.loads.pages import HANDED, ROUNDS
from analytics.admin.loads.words import Number, age, number
from analytics.burning import Burning, Level, WhatBurns, what_burns
from analytics.day_by_day import day_by_day
from analytics.master_load import master_load
from analytics.monitoring import program_words
from analytics.monitoring.alert_people import open_alerts
from analytics.monitoring.checking import unchecked_since
from analytics.monitoring.status import status
from analytics.polishing_load import out_now
from analytics.receipt_charts import buckets, lines
from analytics.returns import OTHERS, returns
from analytics.system_state import SystemState, system_state
from receipts.standing import deadline_words, stay_words
from staff.models import Employee
from workshop.lib import clock

BURNING: Final = "numbers-burning"
ALERTS: Final = 5
FULLEST: Final = 10
"""People on the first page: those with the most; the pages of the loads have all."""


def burning(asked: Asked) -> dict[str, Any]:
    found = what_burns(at=asked.at)
    return {"rows": told(found), "levels": levels(found), "more": found.total - len(found.rows)}


def levels(found: WhatBurns) -> list[Number]:
    """How many on each level, with the list of it."""
    tones = {Level.OVERDUE: "danger", Level.SOON: "warning"}
    return [
        number(
            found.counts[level],
            BURNING,
            {"level": level.value},
            label=str(level.label),
            tone=tones.get(level, "plain"),
        )
        for level in Level
    ]


def told(found: WhatBurns) -> list[tuple[Burning, str, list[str]]]:
    """Each row with its colour and its reasons in words."""
    tones = {Level.OVERDUE.value: "danger", Level.SOON.value: "warning"}
    return [(row, tones.get(row.level, "info"), _reasons(row, found.at)) for row in found.rows]


def _reasons(row: Burning, at: datetime) -> list[str]:
    due = deadline_words(row.receipt, at) if row.level != Level.LONG else None
    return [*([due[0]] if due else []), *map(stay_words, row.stays)]


def days(asked: Asked) -> dict[str, Any]:
    found = day_by_day(asked.period, at=asked.at)
    names = [_("Received"), _("Passed QC"), _("Returned")]
    first, last = asked.period.first.isoformat(), asked.period.last.isoformat()
    today = clock.local(asked.at).date()  # a line at zero tomorrow would be a forecast
    rows = [
        (label, found.per_bucket[start])
        for start, _after, label in buckets(asked.period)
        if start <= today
    ]
    totals = zip(names, found.total, three_lists(first, last), strict=True)
    return {
        "drawing": lines(rows, names),
        "totals": [Number(n, url, name) for name, n, url in totals],
    }


def loads(asked: Asked) -> dict[str, Any]:
    benches = [_("On the bench"), _("elsewhere")]
    masters = [
        (
            one.name,
            number(0, HANDED, {"who": one.employee_id}).url,
            (one.bench, one.total - one.bench),
        )
        for one in master_load(at=asked.at).people
    ]
    out = out_now()
    names = Employee.objects.filter(pk__in=list(out)).order_by("full_name", "pk")
    polishers = [
        (
            name,
            number(0, ROUNDS, {"what": "out", "who": pk}).url,
            (out[pk].open - out[pk].difficult, out[pk].difficult),
        )
        for pk, name in names.values_list("pk", "short_name")
    ]
    rounds = [_("usual"), _("difficult")]
    return {
        "masters": _fullest(lying(masters, benches)),
        "benches": list(enumerate(benches)),
        "polishers": _fullest(lying(polishers, rounds)),
        "rounds": list(enumerate(rounds)),
    }


def _fullest(bars: list[LyingBar]) -> list[LyingBar]:
    """The ones with the most, in alphabetical order among equals."""
    return sorted(bars, key=lambda bar: -bar.count)[:FULLEST]


def reasons(asked: Asked) -> dict[str, Any]:
    found = returns(asked.period, at=asked.at, watches=False)
    shown = found.by_reason
    bars = lying(
        (
            (
                _("others") if bar.key == OTHERS else bar.label,
                number(0, "numbers-items", _items(asked, bar.key)).url,
                (bar.count,),
            )
            for bar in shown
        ),
        [_("Reasons")],
    )
    shares = [round(100 * bar.cumulative) for bar in shown]
    return {
        "bars": list(zip(bars, shares, strict=False)),
        "total": number(found.columns.total, "numbers-items", _items(asked, OTHERS)),
    }


def _items(asked: Asked, key: str) -> dict[str, object]:
    kept: dict[str, object] = {name: value for name, value in asked.values.items() if value}
    return kept | ({} if key == OTHERS else {"reason": key})


def alerts(asked: Asked) -> dict[str, Any]:
    """The open ones, the worst first, and whether anybody looks at the numbers at all."""
    found = open_alerts()
    rows = [shown(row) for row in found[:ALERTS]]
    return {
        "alerts": rows,
        "more": found.count() - len(rows) if len(rows) == ALERTS else 0,
        "unchecked": clock.show(unchecked_since(asked.at)),
    }


def system(asked: Asked) -> dict[str, Any]:
    found = system_state(at=asked.at)
    return {
        "programs": program_words.told(found),
        "judged": status(at=asked.at),
        "state": found,
        "lag": age_words(found),
        "backup_age": age(found.backup, found.at),
    }


def age_words(found: SystemState) -> str:
    """How long the oldest event has been waiting, to the minute: a queue is a matter of minutes."""
    if found.oldest is None:
        return ""
    minutes = int((found.at - found.oldest).total_seconds() // 60)
    if minutes < 60:
        return _("%(count)s min") % {"count": minutes}
    return age(found.oldest, found.at)
