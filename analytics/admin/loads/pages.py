"""Pages of the present: the workshop now, the load of masters and of polishers."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics.admin import frame
from analytics.admin.asked import Asked, read
from analytics.admin.loads.bars import lying
from analytics.admin.loads.words import Number, age, length, number
from analytics.master_load import MasterLoad, MasterLoads, master_load
from analytics.places import Place
from analytics.polishing_load import (
    BOTH,
    BRACELET,
    CASE,
    DONE,
    REWORK,
    WITHOUT_WORK,
    PolisherLoad,
    Turnaround,
    polishing_load,
)
from analytics.workshop_now import EDGES, Group, workshop_now
from receipts.services.calendars import current_calendar
from receipts.worktime import working_day_length

HERE = "numbers-here"
HANDED = "numbers-handed"
ROUNDS = "numbers-rounds"
APART = (Place.POLISHER, Place.QC, Place.HOLD, Place.WAITING, Place.REFUSED)
"""Where a watch that a master has may be, beside the bench."""

PRESENT = ("person", "type", "brand", "metal")
POLISHING = ("person", "brand", "metal")
"""What the pages may be narrowed to."""


def kept(asked: Asked) -> dict[str, object]:
    """The question for the list behind a number."""
    return {key: value for key, value in asked.values.items() if value}


def present(asked: Asked) -> dict[str, object]:
    """The same for a list of the present, which has no period."""
    return {key: value for key, value in kept(asked).items() if key in asked.fields}


def age_names() -> list[str]:
    """The buckets of age in words."""
    edges = [0, *EDGES]
    names = [
        _("up to %(to)s d") % {"to": last}
        if first == 0
        else _("%(from)s–%(to)s d") % {"from": first, "to": last}
        for first, last in zip(edges, EDGES, strict=False)
    ]
    return [*names, _("over %(from)s d") % {"from": EDGES[-1]}]


def now_page(request: HttpRequest) -> HttpResponse:
    """What is in the workshop, by what it waits for and by age."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, PRESENT)
    at, same = asked.at, present(asked)
    found, names = workshop_now(at=at, filters=asked.filters), age_names()
    rows = [
        (
            group.label,
            number(group.count, HERE, same | _group(group)),
            [
                number(count, HERE, {**same, **_group(group), "age": n})
                for n, count in enumerate(group.ages)
            ],
            number(group.overdue, HERE, {**same, **_group(group), "late": 1}, tone="danger"),
            age(group.oldest, at),
        )
        for group in found.groups
    ]
    context = {
        "at": at,
        "asked": asked,
        "ages": names,
        "rows": rows,
        "total": number(found.total, HERE, same),
        "totals": [number(count, HERE, {**same, "age": n}) for n, count in enumerate(found.ages)],
        "late": number(found.overdue, HERE, {**same, "late": 1}, tone="danger"),
        "bars": lying(
            (
                (label, whole.url, one.ages)
                for (label, whole, *_r), one in zip(rows, found.groups, strict=True)
            ),
            names,
        ),
        "legend": list(enumerate(names)),
    }
    return frame.page(request, "loads/now", _("In the workshop now"), context)


def _group(group: Group) -> dict[str, object]:
    return {"place": group.place, "hold": group.hold_reason}


def masters_page(request: HttpRequest) -> HttpResponse:
    """What every master has: on the bench by purpose, elsewhere, late and why."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, PRESENT)
    same = present(asked)
    found = master_load(at=asked.at, filters=asked.filters)
    kinds: list[tuple[int | None, str]] = list(found.purposes.items())
    if None in found.total.purposes:
        kinds.append((None, _("purpose not said")))
    names = [_("On the bench"), *(_place(place) for place in APART)]
    context = {
        "at": asked.at,
        "asked": asked,
        "kinds": [name for _pk, name in kinds],
        "apart": names[1:],
        "rows": [_master(one, found, kinds, same) for one in found.people],
        "total": _master(found.total, found, kinds, same) if found.people else None,
        "bars": lying(
            (
                (one.name, number(0, HANDED, {**same, "who": one.employee_id}).url, _spread(one))
                for one in found.people
            ),
            names,
        ),
        "legend": list(enumerate(names)),
    }
    return frame.page(request, "loads/masters", _("Load of the masters"), context)


def _place(place: str) -> str:
    """Where a watch of a master is: one that waits for hand-out has come back to him."""
    if place == Place.WAITING:
        return _("Returned, not handed back")
    return str(Place(place).label)


def _spread(one: MasterLoad) -> list[int]:
    return [one.bench, *(one.places.get(place, 0) for place in APART)]


def _master(
    one: MasterLoad,
    found: MasterLoads,
    kinds: list[tuple[int | None, str]],
    same: dict[str, object],
) -> dict[str, object]:
    who = one.employee_id or None
    his = {**same, "who": who}
    causes = sorted(one.overdue.items(), key=lambda pair: (-pair[1], str(pair[0])))
    bench = Place.MASTER.value
    return {
        "name": one.name,
        "key": who,
        "purposes": [
            number(one.purposes.get(pk, 0), HANDED, {**his, "place": bench, "purpose": pk or 0})
            for pk, _name in kinds
        ],
        "bench": number(one.bench, HANDED, {**his, "place": bench}),
        "apart": [
            number(one.places.get(place, 0), HANDED, {**his, "place": place.value})
            for place in APART
        ],
        "total": number(one.total, HANDED, his),
        "late": number(one.late, HANDED, {**his, "late": 1}, tone="danger"),
        "causes": [
            number(
                count,
                HANDED,
                {**his, "place": place, "hold": reason, "late": 1},
                label=found.reasons[reason] if reason else _place(place),
            )
            for (place, reason), count in causes
        ],
        "waiting": number(one.not_accepted, HANDED, {**his, "unaccepted": 1}, tone="warning"),
        "oldest": age(one.oldest, found.at),
    }


def polishing_page(request: HttpRequest) -> HttpResponse:
    """What is out at every polisher, and how long the rounds took that came back."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, POLISHING)
    found = polishing_load(asked.period, at=asked.at, filters=asked.filters)
    day = working_day_length(current_calendar())
    metals: list[tuple[int | None, str]] = list(found.metals.items())
    if None in found.total.by_metal:
        metals.append((None, _("metal not said")))
    names = [_("usual"), _("difficult")]
    context = {
        "asked": asked,
        "metals": [name for _pk, name in metals],
        "rows": [_polisher(one, asked, metals, day) for one in found.people],
        "total": _polisher(found.total, asked, metals, day) if found.people else None,
        "bars": lying(
            (
                (
                    one.name,
                    number(
                        0, ROUNDS, {**present(asked), "what": "out", "who": one.employee_id}
                    ).url,
                    [one.open - one.difficult, one.difficult],
                )
                for one in found.people
            ),
            names,
        ),
        "legend": list(enumerate(names)),
    }
    return frame.page(request, "loads/polishing", _("Load of the polishers"), context)


def _polisher(
    one: PolisherLoad,
    asked: Asked,
    metals: list[tuple[int | None, str]],
    day: timedelta,
) -> dict[str, object]:
    who = one.employee_id or None

    def out(count: int, **more: object) -> Number:
        return number(count, ROUNDS, {**present(asked), "what": "out", "who": who, **more})

    def back(count: int, how: str) -> Number:
        return number(count, ROUNDS, {**kept(asked), "what": how, "who": who})

    return {
        "name": one.name,
        "key": who,
        "open": out(one.open),
        "difficult": out(one.difficult, difficult=1),
        "parts": [out(one.by_part.get(part, 0), parts=part) for part in (CASE, BRACELET, BOTH)],
        "metals": [out(one.by_metal.get(pk, 0), of_metal=pk or 0) for pk, _name in metals],
        "oldest": age(one.oldest, asked.at),
        "done": (back(one.done.count, DONE), _times(one.done, day)),
        "reworks": (back(one.reworks.count, REWORK), _times(one.reworks, day)),
        "without": back(one.without_work, WITHOUT_WORK),
    }


def _times(found: Turnaround, day: timedelta) -> list[str]:
    """Median and p90 in calendar time, then in working time."""
    return [
        length(found.median),
        length(found.p90),
        length(found.working_median, day),
        length(found.working_p90, day),
    ]
