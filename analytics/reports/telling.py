"""What a message says of a report: its period and a few numbers, as they are in the files."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from analytics.models import Report


def subject(report: Report) -> str:
    return f"{title(report)} · {settings.WORKSHOP_NAME}"


def title(report: Report) -> str:
    return f"{_('Report')} {report.days}"


def lines(report: Report) -> list[str]:
    """In the active language; without names."""
    told = report.summary
    quality, few = told.get("quality"), _("no data")
    good = few if quality is None else f"{number_format(Decimal(quality))} %"
    found = [
        title(report),
        "",
        _("Works: %(count)s") % {"count": told.get("works", 0)},
        _("Quality: %(good)s, checked works: %(count)s")
        % {"good": good, "count": told.get("checked", 0)},
        _("Returns from QC: %(count)s") % {"count": told.get("returns", 0)},
        _("In the workshop: %(count)s, overdue: %(overdue)s")
        % {"count": told.get("here", 0), "overdue": told.get("overdue", 0)},
    ]
    if told.get("partial"):
        found.append(_("The period still runs."))
    if not told.get("final", True):
        found.append(_("Not final: works of the last 14 days may still come back."))
    return found
