"""The first page, put together from parts: one that fails leaves the others standing."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.admin import frame
from analytics.admin.asked import Asked, read
from analytics.admin.home import cards, panels
from analytics.burning import Level, WhatBurns, over_a_limit, what_burns
from analytics.policies import ensure_may_compare_people
from receipts.models import Receipt, ServiceLimit
from staff.office.pages import actor_of
from staff.roles import ADMINISTRATOR, INSPECTOR, MANAGER, OWNER
from workshop.lib import clock
from workshop.lib.errors import NotAllowed
from workshop.lib.one_look import one_look

logger = logging.getLogger(__name__)
PAGE: Final = 50
ANY: Final = "any"  # of the service limits


@dataclass(frozen=True)
class Part:
    """A part of the page: who sees it, what it reads, how it is shown."""

    name: str
    title: str | Promise
    read: Callable[[Asked], dict[str, Any]]
    people: bool = False  # names people beside their numbers
    roles: tuple[str, ...] = ()
    wide: bool = False


def _now(asked: Asked) -> dict[str, Any]:
    return {"now_cards": cards.now_cards(asked.at)}


def _today(asked: Asked) -> dict[str, Any]:
    return {"today_cards": cards.today_cards(asked.at)}


KEEPERS: Final = (MANAGER, OWNER, ADMINISTRATOR)
PARTS: Final = (
    Part("alerts", lazy("Alerts"), panels.alerts, roles=(MANAGER, OWNER, ADMINISTRATOR), wide=True),
    Part("now", lazy("Now"), _now, wide=True),
    Part("today", lazy("Today"), _today),
    Part("first_pass", lazy("Quality"), lambda asked: {"one": cards.first_pass(asked.at)}, True),
    Part("burning", lazy("What burns"), panels.burning, wide=True),
    Part("days", lazy("Received, passed, returned"), panels.days),
    Part("reasons", lazy("Reasons of returns"), panels.reasons, True),
    Part("loads", lazy("Who has how much"), panels.loads, True),
    Part("system", lazy("Programs"), panels.system, roles=KEEPERS),
)


@dataclass(frozen=True)
class Shown:
    """A part as it stands on the page; ``html`` is None when it could not be worked out."""

    part: Part
    html: SafeString | None


def context_of_index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """UNFOLD's DASHBOARD_CALLBACK."""
    if not request.user.has_perm("receipts.view_receipt"):
        return context
    asked = read(request)
    actor = actor_of(request)
    with one_look():
        parts = [
            Shown(part, _html(part, asked, request))
            for part in PARTS
            if (not part.people or _may_compare(request))
            and (not part.roles or actor.has(*part.roles))
        ]
    return {
        **context,
        "title": _("Dashboard"),
        "asked": asked,
        "parts": parts,
        "is_empty": not Receipt.objects.exists(),
        "may_register": actor.has(MANAGER, INSPECTOR),
    }


def _may_compare(request: HttpRequest) -> bool:
    try:
        ensure_may_compare_people(actor_of(request))
    except NotAllowed:
        return False
    return True


def _html(part: Part, asked: Asked, request: HttpRequest) -> SafeString | None:
    try:
        shown = {"asked": asked, "title": part.title, **part.read(asked)}
        return render_to_string(f"office/home/{part.name}.html", shown, request)
    except Exception:  # any bug of a part: told in the log, the others still say what they know
        logger.exception("a part of the first page failed", extra={"part": part.name})
        return None


@dataclass(frozen=True)
class Limit:
    """Which service limit is asked for: its code (empty: any) and its name."""

    code: str
    name: str

    @property
    def asked(self) -> str:
        return self.code or ANY


def _limit(asked: str) -> Limit | None:
    if asked == ANY:
        return Limit("", _("Over a service limit"))
    names = ServiceLimit.objects.filter(code=asked).values_list("name", flat=True)
    return Limit(asked, names[0]) if asked.isascii() and len(asked) <= 80 and names else None


def burning_page(request: HttpRequest) -> HttpResponse:
    """All that burns, page by page, on all levels or on one."""
    if not request.user.has_perm("receipts.view_receipt"):
        raise PermissionDenied
    at = clock.now()
    level = request.GET.get("level", "")
    level = level if level in Level.values else ""
    asked = request.GET.get("page", "")
    number = int(asked) if asked.isdecimal() and len(asked) < 6 else 1
    first = PAGE * max(0, number - 1)
    limit = _limit(request.GET.get("limit", ""))
    if limit is None:
        found = what_burns(at=at, level=level, first=first, most=PAGE)
        count = found.counts[level] if level else found.total
    else:
        rows, count = over_a_limit(at=at, code=limit.code, first=first, most=PAGE)
        found = WhatBurns(at, {}, rows, capped=False)
    context = {
        "at": at,
        "found": found,
        "level": level,
        "limit": limit,
        "names": [("", _("all")), *((one.value, one.label) for one in Level)],
        "rows": panels.told(found),
        "count": count,
        "number": number,
        "pages": max(1, math.ceil(count / PAGE)),
    }
    return frame.page(request, "loads/burning", _("What burns"), context)
