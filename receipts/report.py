"""The report of one receipt: all that was recorded about it, as a document."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from history.models import Event
from history.render import line
from receipts.models import Reading, Receipt, ReturnItem
from workshop.lib import clock
from workshop.lib.documents import Document, Facts, Table

PARTS = ("case", "bracelet")


def receipt_report(receipt: Receipt, *, with_customer: bool) -> Document:
    """In the active language. Void records are left to the history, which tells of them."""
    watch = str(receipt.watch) if receipt.watch else receipt.description
    subtitle = " · ".join(filter(None, [watch, receipt.get_status_display()]))
    return Document(
        title=_("Receipt №%(number)s") % {"number": receipt.number},
        subtitle=subtitle,
        parts=[
            _standing(receipt),
            _watch(receipt),
            *([_customer(receipt)] if with_customer else []),
            _agreed(receipt),
            _works(receipt),
            _waivers(receipt),
            _polishing(receipt),
            _checks(receipt),
            _readings(receipt),
            _returns(receipt),
            _history(receipt),
        ],
    )


def _standing(receipt: Receipt) -> Facts:
    return Facts(
        _("Receipt"),
        [
            (_("Number"), receipt.number),
            (_("Status"), receipt.get_status_display()),
            (_("In this status since"), receipt.status_since),
            (_("Taken in"), receipt.received_at),
            (_("Deadline"), receipt.deadline),
            (_("First promise"), receipt.first_promise),
            (_("Deadline changes"), receipt.deadline_changes or None),
            (_("Urgent"), receipt.urgent or None),
            (_("Master"), receipt.master and receipt.master.full_name),
            (_("Place"), receipt.place),
            (_("Kind of visit"), receipt.get_visit_kind_display()),
            (_("Handed out at"), receipt.issued_at),
            (_("Received by"), receipt.received_by),
            (_("Difference at hand-over"), receipt.issue_difference),
            (_("This receipt is void"), receipt.void_reason if receipt.is_void else None),
        ],
    )


def _watch(receipt: Receipt) -> Facts:
    watch = receipt.watch
    of_watch: list[tuple[str, Any]] = []
    if watch is not None:
        of_watch = [
            (_("Brand"), watch.brand),
            (_("Model"), watch.model),
            (_("Reference"), watch.reference),
            (_("Serial number"), watch.serial),
            (_("Movement number"), watch.movement_number),
            (_("Calibre"), watch.calibre),
            (_("Case metal"), watch.metal and watch.metal.name),
            (_("Water resistance, bar"), _bar(watch.water_resistance_bar)),
        ]
    return Facts(
        _("Watch"),
        [
            *of_watch,
            (_("Neutral description"), receipt.description),
            (_("Complaint"), receipt.complaint),
            (_("Condition at intake"), receipt.condition),
            (_("Completeness"), receipt.completeness),
            (_("Bracelet links"), receipt.links_count),
            (_("Do not polish"), receipt.do_not_polish or None),
        ],
    )


def _bar(value: Decimal | None) -> str | None:
    """30 bar, not 30.0."""
    return None if value is None else f"{value.normalize():f}"


def _customer(receipt: Receipt) -> Facts:
    customer = receipt.customer
    rows = [(_("Name"), customer.name), (_("Phone"), customer.phone)] if customer else []
    return Facts(_("Customer"), rows)


def _agreed(receipt: Receipt) -> Facts:
    works = receipt.agreed_works.order_by("order", "name")
    return Facts(
        _("Agreed"),
        [
            (_("Agreed works"), ", ".join(kind.name for kind in works)),
            (_("Declared value, RUB"), receipt.declared_value),
            (_("Agreed price, RUB"), receipt.agreed_price),
            (_("Prepayment, RUB"), receipt.prepayment),
        ],
    )


def _works(receipt: Receipt) -> Table:
    rows = receipt.operations.valid().select_related("type", "employee")
    return Table(
        _("Works"),
        [_("Kind of work"), _("Who"), _("When"), _("Remark")],
        [
            [
                work.type.name,
                work.employee.full_name,
                work.performed_at,
                "; ".join(
                    filter(None, [_("after the return") if work.rework_of_id else "", work.comment])
                ),
            ]
            for work in rows.order_by("performed_at", "id")
        ],
        (38, 46, 30, 68),
    )


def _waivers(receipt: Receipt) -> Table:
    rows = receipt.waivers.valid().select_related("type", "reason").order_by("id")
    return Table(
        _("Works not required"),
        [_("Kind of work"), _("Reason"), _("Comment"), _("When")],
        [[row.type.name, row.reason.name, row.comment, row.waived_at] for row in rows],
        (38, 40, 74, 30),
    )


def _polishing(receipt: Any) -> Table:
    """Orders hang on the receipt by the relation of their own app."""
    names = {"case": _("case"), "bracelet": _("bracelet")}
    orders = receipt.polishing_orders.valid().select_related("polisher", "polished_by", "metal")
    return Table(
        _("Polishing"),
        [_("Parts"), _("Polisher"), _("Sent"), _("Came back"), _("Result"), _("Remark")],
        [
            [
                ", ".join(names[part] for part in PARTS if getattr(order, part)),
                (order.polished_by or order.polisher).full_name,
                order.sent_at,
                order.returned_at or _("at the polisher"),
                order.get_result_display() or "",
                ", ".join(_polishing_remarks(order)),
            ]
            for order in orders.order_by("sent_at", "id")
        ],
        (24, 38, 30, 30, 24, 36),
    )


def _polishing_remarks(order: Any) -> Iterator[str]:
    if order.metal:
        yield order.metal.name
    if order.difficult:
        yield _("difficult")
    yield from filter(None, [order.comment, order.result_reason])


def _checks(receipt: Receipt) -> Table:
    rows = receipt.checks.valid().select_related("decided_by").prefetch_related("answers__item")
    return Table(
        _("Quality checks"),
        [_("Decision"), _("When"), _("Who"), _("Measured"), _("Checklist")],
        [
            [
                check.get_decision_display() or _("open"),
                check.decided_at or check.opened_at,
                check.decided_by.full_name if check.decided_by else "",
                ", ".join(_measured(check)),
                ", ".join(
                    f"{answer.item.name}: {_('yes') if answer.ok else _('no')}"
                    for answer in check.answers.all()
                ),
            ]
            for check in rows.order_by("id")
        ],
        (22, 30, 38, 44, 48),
    )


def _measured(check: Any) -> Iterator[str]:
    if check.water_result:
        bar = f", {_bar(check.water_bar)} {_('bar')}" if check.water_bar else ""
        yield f"{_('Water test')}: {check.get_water_result_display()}{bar}"
    if check.power_reserve_hours is not None:
        yield f"{_('Power reserve, h')}: {check.power_reserve_hours}"


def _readings(receipt: Receipt) -> Table:
    rows = Reading.objects.valid().filter(
        quality_check__receipt=receipt, quality_check__voided_at=None
    )
    return Table(
        _("Readings"),
        [
            _("Stage"),
            _("Wind state"),
            _("Position"),
            _("Rate, s/d"),
            _("Amplitude, °"),
            _("Beat error, ms"),
            _("When"),
            _("Who"),
        ],
        [
            [
                reading.get_stage_display(),
                reading.get_wind_display(),
                reading.get_position_display() if reading.position else "",
                reading.rate,
                reading.amplitude,
                reading.beat_error,
                reading.measured_at,
                reading.measured_by.short_name if reading.measured_by else "",
            ]
            for reading in rows.select_related("measured_by").order_by("id")
        ],
        (16, 20, 28, 20, 24, 20, 30, 24),
    )


def _returns(receipt: Receipt) -> Table:
    items = ReturnItem.objects.filter(
        return_case__receipt=receipt, return_case__voided_at=None
    ).select_related("return_case__assembler", "responsible", "operation__type")
    return Table(
        _("Returns from QC"),
        [
            _("When"),
            _("Reason"),
            _("Responsible"),
            _("The work"),
            _("Assembler of record"),
            _("Comment"),
        ],
        [
            [
                item.return_case.returned_at,
                f"{item.reason_name} ({item.affects_name})",
                _responsible(item),
                item.operation
                and f"{item.operation.type.name}, {clock.show(item.operation.performed_at)}",
                item.return_case.assembler and item.return_case.assembler.full_name,
                "; ".join(filter(None, [item.return_case.comment, item.person_comment])),
            ]
            for item in items.order_by("return_case__returned_at", "id")
        ],
        (30, 32, 28, 30, 26, 36),
    )


def _responsible(item: ReturnItem) -> str:
    if item.responsible is not None:
        return item.responsible.full_name
    cause = f": {item.get_cause_display()}" if item.cause else ""
    return f"{item.get_responsibility_display()}{cause}"


def _history(receipt: Receipt) -> Table:
    events = Event.objects.filter(stream=receipt.stream).order_by("sequence")
    lines = [line(event) for event in events]
    return Table(
        _("History"),
        [_("When"), _("What happened"), _("Who"), _("Door")],
        [[one.when, one.words, one.who, one.door] for one in lines],
        (30, 98, 32, 22),
    )
