"""Documents of polishing: the hand-over list that goes with a batch, ready to print."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from polishing.events import part_names
from polishing.models import PolishingBatch, PolishingOrder
from workshop.lib import clock

STYLE = SafeString(
    "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #999;padding:.4em;text-align:left}p.sign{margin-top:3em}"
)


def handover_list(batch: PolishingBatch) -> str:
    """One HTML page, without anything loaded from elsewhere: what goes to whom, two signatures."""
    orders = PolishingOrder.objects.valid().filter(batch=batch).order_by("id")
    orders = orders.select_related("receipt", "metal")
    rows = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        (_row(place, order) for place, order in enumerate(orders, start=1)),
    )
    heads = format_html_join(
        "",
        "<th>{}</th>",
        ((head,) for head in ("№", _("Receipt"), _("Parts"), _("Metal"), _("Comment"))),
    )
    title = _("Hand-over list: %(batch)s") % {"batch": batch}
    return format_html(
        '<!doctype html><html lang="{}"><meta charset="utf-8"><title>{}</title>'
        "<style>{}</style><h1>{}</h1><p>{}: {}<br>{}</p><table><tr>{}</tr>{}</table>"
        '<p class="sign">{} ____________________ &emsp; {} ____________________</p></html>',
        get_language() or "ru",
        title,
        STYLE,
        title,
        _("Polisher"),
        batch.polisher.full_name,
        clock.show(batch.opened_at),
        heads,
        rows,
        _("Handed over:"),
        _("Taken:"),
    )


def _row(place: int, order: PolishingOrder) -> tuple[object, ...]:
    remark = ", ".join(filter(None, [_("difficult") if order.difficult else "", order.comment]))
    return place, str(order.receipt), part_names(order.parts), order.metal or "–", remark
