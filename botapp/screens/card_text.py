"""The text of the receipt card."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from botapp.dialogs import Markup, b, fmt, i, lines
from botapp.screens import words
from history.models import Event
from history.render import Line, line
from polishing.events import part_names
from polishing.models import PolishingOrder
from receipts.events import PhotoAdded
from receipts.models import Hold, Operation, Photo, Receipt, ReturnCase, ReturnItem
from receipts.states import Status
from workshop.lib import clock
from workshop.lib.compiled import Rows

LAST_EVENTS = 3
LOOKED_AT = 30  # for the last events, with albums folded
SHOWN = 6  # works and returns on the card; the history has all


_orders: Rows[PolishingOrder] = Rows(
    lambda slot: (
        PolishingOrder.objects.open()
        .filter(receipt_id=slot("receipt_id"))
        .select_related("polisher", "metal")
        .order_by("sent_at")
    )
)
_operations: Rows[Operation] = Rows(
    lambda slot: (
        Operation.objects.valid()
        .filter(receipt_id=slot("receipt_id"))
        .select_related("type", "employee")
        .order_by("-performed_at", "-id")[:SHOWN]
    )
)
_cases: Rows[ReturnCase] = Rows(
    lambda slot: (
        ReturnCase.objects.valid()
        .filter(receipt_id=slot("receipt_id"))
        .order_by("-returned_at")[:SHOWN]
    )
)


def card(receipt: Receipt, now: datetime, *, whole: bool) -> Markup:
    """Number, status, where, deadline, polishing, works, returns, last events.

    Not ``whole``: for masters and polishers, who are told the reasons of returns but not whose
    they were (a person's quality is told to him and the managers alone).
    """
    events = [event(one) for one in _events(receipt)] if whole else []
    return lines(
        words.head(receipt, now),
        *_waiting(receipt),
        fmt(_("Complaint: %(text)s"), text=i(receipt.complaint)) if receipt.complaint else None,
        *_section(_("Polishing"), _polishing(receipt)),
        *_section(_("Works"), _works(receipt)),
        *_section(_("Returns"), _returns(receipt, named=whole)),
        *_section(_("Last events"), events),
    )


def facts(receipt: Receipt, now: datetime, *, money: bool = False) -> Markup:
    """What was agreed and taken in: the second page of the card. Masters are told no prices."""
    entered = [
        (_("Complaint"), receipt.complaint),
        (_("Condition at intake"), receipt.condition),
        (_("Accessories"), receipt.completeness),
        (_("Bracelet links"), receipt.links_count),
        (_("Customer"), receipt.customer),
        (_("Photos"), Photo.objects.valid().filter(receipt=receipt).count() or None),
        (_("First promise"), words.moment(receipt.first_promise) if receipt.first_promise else ""),
        *(_money(receipt) if money else ()),
    ]
    told = [
        fmt("%(label)s: %(value)s", label=label, value=value)
        for label, value in entered
        if value not in (None, "")
    ]
    return lines(words.head(receipt, now), *told)


def _money(receipt: Receipt) -> list[tuple[str, str]]:
    amounts = [
        (_("Agreed price"), receipt.agreed_price),
        (_("Prepayment"), receipt.prepayment),
        (_("Declared value"), receipt.declared_value),
    ]
    return [
        (label, f"{number_format(amount, force_grouping=True)} ₽")
        for label, amount in amounts
        if amount is not None
    ]


def _section(title: str, entries: list[Markup]) -> list[Markup | str]:
    return ["", b(title), *entries] if entries else []


def _waiting(receipt: Receipt) -> list[Markup]:
    """Why it waits and until when, while it is on hold."""
    if receipt.status != Status.ON_HOLD:
        return []
    holds = Hold.objects.valid().filter(receipt=receipt, ended_at__isnull=True)
    return [
        fmt(
            _("On hold: %(reason)s, until %(day)s"),
            reason=b(one.reason.name),
            day=words.day(one.expected_on) if one.expected_on else _("unknown"),
        )
        for one in holds.select_related("reason")
    ]


def _polishing(receipt: Receipt) -> list[Markup]:
    return [_order(row) for row in _orders.all(receipt_id=receipt.pk)]


def _order(order: PolishingOrder) -> Markup:
    """Who has which part since when, and what he was told about it."""
    facts = [order.metal, _("difficult") if order.difficult else "", order.comment]
    return fmt(
        "%(order)s%(facts)s",
        order=fmt(
            _("%(parts)s: %(who)s, since %(when)s"),
            parts=part_names(order.parts),
            who=order.polisher.short_name,
            when=clock.show(order.sent_at),
        ),
        facts="".join(f", {fact}" for fact in facts if fact),
    )


def _works(receipt: Receipt) -> list[Markup]:
    return [
        fmt(
            "%(type)s: %(who)s, %(when)s",
            type=row.type.name,
            who=row.employee.short_name,
            when=clock.show(row.performed_at),
        )
        for row in _operations.all(receipt_id=receipt.pk)
    ]


def _returns(receipt: Receipt, *, named: bool) -> list[Markup]:
    cases = _cases.all(receipt_id=receipt.pk)
    prefetch_related_objects(cases, "items__responsible")
    return [
        fmt(
            "%(when)s: %(reasons)s",
            when=clock.show(case.returned_at),
            reasons=", ".join(_reason(item, named=named) for item in case.items.all()),
        )
        for case in cases
    ]


def _reason(item: ReturnItem, *, named: bool) -> str:
    return f"{item.reason_name} – {_responsible(item)}" if named else item.reason_name


def _responsible(item: ReturnItem) -> str:
    if item.responsible is not None:
        return item.responsible.short_name
    return str(item.get_responsibility_display())


def _events(receipt: Receipt) -> list[Line]:
    """The last ones, the photos of an album as one."""
    rows = Event.objects.filter(stream=receipt.stream).order_by("-sequence")[:LOOKED_AT]
    found: list[tuple[Line, int]] = []
    for told in map(line, rows):
        last, count = found[-1] if found else (None, 0)
        if last and told.kind == PhotoAdded.kind and _alike(last, told):
            found[-1] = (last, count + 1)
        elif len(found) == LAST_EVENTS:
            break
        else:
            found.append((told, 1))
    return [
        replace(one, words=f"{one.words} × {count}") if count > 1 else one for one, count in found
    ]


def _alike(one: Line, other: Line) -> bool:
    return (one.words, one.who, one.door) == (other.words, other.who, other.door)


def event(one: Line) -> Markup:
    """One line of the history: time, in words, who and through which door."""
    return fmt(
        "%(when)s %(words)s %(who)s",
        when=one.when,
        words=one.words,
        who=i(f"({one.who}, {one.door})"),
    )
