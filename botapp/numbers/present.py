"""What is so now: the workshop, the loads; and what could hide a mistake."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.accountability import Deed, accountability
from analytics.master_load import master_load
from analytics.places import Place
from analytics.polishing_load import PolisherLoad, polishing_load
from analytics.workshop_now import EDGES, workshop_now
from botapp.numbers.board import Board, Column, brief
from botapp.numbers.drawings import across
from botapp.numbers.people import Asked

Facts = list[tuple[str, Any]]


def read_now(asked: Asked) -> Board:
    found = workshop_now(at=asked.question.at)
    rows = [group for group in found.groups if group.count]
    return Board(
        title=_("In the workshop now"),
        facts=[
            (_("In the workshop"), found.total),
            (_("Overdue"), found.overdue),
            *zip(_ages(), found.ages, strict=True),
        ],
        columns=[
            Column(_("Where"), _("Where")),
            Column(pgettext("narrow", "qty"), _("Watches")),
            Column(pgettext("narrow", "late"), _("Overdue")),
        ],
        rows=[[group.label, group.count, group.overdue] for group in rows],
        drawing=lambda: across(
            _("In the workshop now"),
            [(group.label, group.count, str(group.count)) for group in rows],
        ),
    )


def _ages() -> list[str]:
    """The buckets of age since a watch was taken in."""
    between = [
        _("Here %(first)s–%(last)s days") % {"first": first, "last": last}
        for first, last in zip((0, *EDGES[:-1]), EDGES, strict=True)
    ]
    return [*between, _("Here over %(days)s days") % {"days": EDGES[-1]}]


def read_polishing(asked: Asked) -> Board:
    """What is out is known to every inspector; how long a named polisher takes is not his."""
    question = asked.question
    found = polishing_load(question.period, at=question.at)
    total = found.total
    facts: Facts = [
        (_("At the polishers"), total.open),
        (_("Difficult"), total.difficult),
        (
            _("The oldest has been there"),
            brief(question.at - total.oldest if total.oldest else None),
        ),
        (_("Taken back in the period"), total.done.count + total.reworks.count),
        (_("Half of them within"), brief(total.done.median)),
        (_("Nine of ten within"), brief(total.done.p90)),
        (_("Came back without work"), total.without_work),
    ]
    columns = [
        Column(_("Who"), _("Who")),
        Column(pgettext("narrow", "out"), _("At the polisher now")),
        Column(pgettext("narrow", "diff"), _("Difficult")),
    ]
    if asked.named:
        columns += [
            Column(pgettext("narrow", "back"), _("Taken back")),
            Column(pgettext("narrow", "median"), _("Median")),
        ]
    return Board(
        title=_("Polishing load"),
        facts=facts,
        columns=columns,
        rows=[_polisher(one, named=asked.named) for one in found.people],
        drawing=lambda: across(
            _("At the polishers"),
            [(one.name, one.open, str(one.open)) for one in found.people],
        ),
    )


def _polisher(one: PolisherLoad, *, named: bool) -> list[Any]:
    now = [one.name, one.open, one.difficult]
    return [*now, one.done.count + one.reworks.count, brief(one.done.median)] if named else now


def read_masters(asked: Asked) -> Board:
    found = master_load(at=asked.question.at)
    total = found.total
    away = sum(total.places.get(place, 0) for place in (Place.HOLD, Place.POLISHER, Place.QC))
    return Board(
        title=_("Master load"),
        facts=[
            (_("Handed to masters"), total.total),
            (_("On the bench"), total.bench),
            (_("On hold, at the polisher, at QC"), away),
            (_("Overdue"), total.late),
            (_("Not accepted"), total.not_accepted),
        ],
        columns=[
            Column(_("Who"), _("Who")),
            Column(pgettext("narrow", "bench"), _("On the bench")),
            Column(pgettext("narrow", "all"), _("Handed to him in all")),
            Column(pgettext("narrow", "late"), _("Overdue")),
            Column(pgettext("narrow", "n/a"), _("Not accepted")),
        ],
        rows=[[one.name, one.bench, one.total, one.late, one.not_accepted] for one in found.people],
        drawing=lambda: across(
            _("On the bench"),
            [(one.name, one.bench, str(one.bench)) for one in found.people],
        ),
    )


def read_accountability(asked: Asked) -> Board:
    question = asked.question
    found = accountability(question.period, at=question.at)
    heads = {
        Deed.WAIVED: pgettext("narrow", "waiv"),
        Deed.VOIDED: pgettext("narrow", "void"),
        Deed.UNDONE: pgettext("narrow", "undo"),
        Deed.MOVED: pgettext("narrow", "mov"),
        Deed.UNDECIDED: pgettext("narrow", "open"),
    }
    return Board(
        title=_("Waivers, voids, moves"),
        facts=[(str(deed.label), found.counts[deed.value]) for deed in Deed],
        columns=[
            Column(_("Who"), _("Who")),
            *(Column(heads[deed], str(deed.label)) for deed in Deed),
        ],
        rows=[[one.name, *(one.counts[deed.value] for deed in Deed)] for one in found.people],
        drawing=lambda: across(
            _("Waivers, voids, moves"),
            [(one.name, one.total, str(one.total)) for one in found.people],
        ),
    )
