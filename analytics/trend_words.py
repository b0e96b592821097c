"""A trend in words: what its points are called, and what its signals say."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.control import Rule, Signal
from analytics.trend import Place, Point, Step, Trend

WORSE = {
    Rule.OUTSIDE: lazy("outside the limits: more works came back than chance explains"),
    Rule.RUN: lazy("nine points in a row worse than usual"),
    Rule.TWO_OF_THREE: lazy("two of three points far worse than usual"),
}
BETTER = {
    Rule.OUTSIDE: lazy("outside the limits: fewer works came back than chance explains"),
    Rule.RUN: lazy("nine points in a row better than usual"),
    Rule.TWO_OF_THREE: lazy("two of three points far better than usual"),
}


def when(point: Point, step: Step) -> str:
    """«October 2026», or the days of a week."""
    if step == Step.MONTH:
        return date_format(point.first, "F Y")
    return f"{point.first:%d.%m} – {point.last:%d.%m.%Y}"


def told(signal: Signal) -> str:
    """A signal without the point it belongs to."""
    return str((WORSE if signal.worse else BETTER)[signal.rule])


def verdict(shown: Trend) -> str:
    """What the chart as a whole says."""
    if shown.centre is None:
        return _("too few to judge (%(n)s)") % {"n": shown.total.whole}
    if not any(point.judged for point in shown.points):
        return _("No point has enough checked works to be judged.")
    if not shown.signals:
        return _("Nothing but chance: no point is outside the limits.")
    return _("Signals: %(count)s") % {"count": len(shown.signals)}


def place_words(found: Place) -> str:
    """How his works compare with everybody's, in words that accuse nobody."""
    if not found.own.enough:
        return _("too few to judge (%(n)s)") % {"n": found.own.whole}
    if found.above:
        return _("Among all works: above the outer limit of the funnel, worth a talk.")
    return _("Among all works: within what chance alone explains.")
