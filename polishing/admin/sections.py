"""What polishing adds to pages: rounds on a receipt, orders on a batch, the load of a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _now

from polishing import selectors
from polishing.models import PolishingBatch
from receipts.admin.sections import read_timeline
from receipts.admin.verbs.base import RECEIPT
from receipts.models import Receipt
from staff.models import Employee
from staff.office.registry import page_section
from workshop.lib import clock
from workshop.lib.actor import Actor

BATCH = "polishing.PolishingBatch"


@page_section(RECEIPT, "office/receipt/polishing.html", order=30)
def polishing(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    orders = receipt.polishing_orders.select_related("polisher", "polished_by", "metal", "batch")
    rows = list(orders.order_by("-id"))
    return {"orders": rows} if rows else None


@page_section("staff.Employee", "office/object/visits.html", order=31)
def at_polisher(target: Employee, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    orders = selectors.open_orders(polisher_id=target.pk)[:50]
    found = [order.receipt for order in orders]
    return {"title": _now("At the polisher now"), "visits": found} if found else None


@page_section(BATCH, "office/object/facts.html", order=10)
def batch(target: PolishingBatch, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = [
        (_now("Polisher"), target.polisher),
        (_now("Opened"), clock.show(target.opened_at)),
        (_now("Due"), clock.show(target.due_at) or "—"),
        (_now("Closed"), clock.show(target.closed_at) or _now("open")),
    ]
    return {"title": str(target), "facts": rows}


@page_section(BATCH, "office/object/batch.html", order=20)
def batch_orders(target: PolishingBatch, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = target.orders.select_related("receipt__watch", "metal", "polished_by").order_by("id")
    return {"title": _now("Orders"), "orders": list(rows)}


@page_section(BATCH, "office/receipt/timeline.html", order=100)
def batch_timeline(target: PolishingBatch, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return read_timeline(target.stream, request)
