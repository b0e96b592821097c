"""A drop of quality is told to the person and the managers, to nobody else and never to a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from analytics.events import QualityDropped
from analytics.trend import Point, Trend, trend
from analytics.trend_words import when
from botapp.dialogs import Markup, b, fmt, lines
from botapp.notice_texts import employee_of, reachable
from botapp.notices import Addressed, Notice, NoticeButton, on_event, template
from history.models import Event
from staff import roles, selectors
from staff.models import Employee
from staff.notice_kinds import NoticeKind
from workshop.lib import clock


@on_event(QualityDropped.kind)
def to_the_person_and_the_managers(event: Event) -> Iterator[Addressed]:
    person = employee_of(event.payload["employee"])
    if person is None:
        return
    values = {
        "employee_id": person.pk,
        "first": event.payload["first"],
        "after": event.payload["after"],
    }
    for one in reachable([person, *selectors.active_with_role(roles.MANAGER)], event):
        yield Addressed(one, "quality_drop", values)


@template("quality_drop", kind=NoticeKind.QUALITY)
def quality_drop(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    """Counted again when it is sent: nothing is told of a return that was taken back meanwhile,
    and nothing to a manager who is none any more."""
    if employee is None:
        return None
    himself = employee.pk == params["employee_id"]
    if not himself and roles.MANAGER not in employee.roles:
        return None
    shown = trend(params["employee_id"], at=clock.now())
    point = _still_dropped(shown, params)
    if shown is None or point is None:
        return None
    text = lines(
        b(_("📉 Your quality is outside its limits"))
        if himself
        else fmt(_("📉 Quality outside its limits: %(name)s"), name=b(shown.name)),
        _figures(point, shown),
        _("This is hardly chance: a reason to look at the returns together."),
    )
    label = _("📊 My quality and output") if himself else _("📊 His numbers")
    return Notice(text, ((NoticeButton(label, "quality_card", params["employee_id"]),),))


def _still_dropped(shown: Trend | None, params: Mapping[str, Any]) -> Point | None:
    """The point that was told; by weeks now, the first of its weeks that is outside."""
    first, after = (date.fromisoformat(params[name]) for name in ("first", "after"))
    points = shown.points if shown else []
    return next(
        (one for one in points if one.dropped and one.first < after and first < one.after), None
    )


def _figures(point: Point, shown: Trend) -> Markup:
    """«October 2026: 12 of 40 works came back, usually 4 %, chance explains up to 14 %»."""
    usual = shown.centre.share if shown.centre else 0.0
    most = point.limits[1] if point.limits else 0.0
    return fmt(
        _(
            "%(when)s: %(part)s of %(whole)s checked works came back. "
            "Usual is %(usual)s %%, chance explains up to %(most)s %%."
        ),
        when=when(point, shown.step),
        part=b(point.returned.part),
        whole=point.returned.whole,
        usual=f"{100 * usual:.0f}",
        most=f"{100 * most:.0f}",
    )
