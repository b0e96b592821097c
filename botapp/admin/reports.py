"""Who got a report by Telegram: the bot's part of the report's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _

from analytics.models import Report
from botapp.admin.queue_words import state_chip, why
from botapp.models import OutgoingMessage
from staff.office.registry import page_section
from workshop.lib import clock
from workshop.lib.actor import Actor

NEWEST: Final = 100
TEMPLATES: Final = ("report_xlsx", "report_pdf")


@page_section("analytics.Report", "office/reports/telegram.html", order=20)
def telegram(target: Report, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    """The newest first; None when nobody gets it so."""
    rows = OutgoingMessage.objects.filter(event__stream=target.stream, template__in=TEMPLATES)
    rows = rows.select_related("employee", "event").order_by("-pk")[:NEWEST]
    told = [
        (
            row.employee,
            "PDF" if row.template == "report_pdf" else "Excel",
            state_chip(row),
            clock.show(row.sent_at) if row.sent_at else why(row),
            row.possible_duplicate,
        )
        for row in rows
    ]
    return {"title": _("By Telegram"), "rows": told} if told else None
