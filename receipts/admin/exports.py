"""What exports hold of receipts, customers and watches: facts of their own, and named so that the
import takes the file back (integrations/imports)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from receipts.models import Operation, OperationType, QualityCheck, ReturnCase, Waiver
from receipts.states import Status
from workshop.lib import clock
from workshop.lib.export import Column

SEES_CUSTOMERS: Final = "receipts.view_customer"
PASSED: Final = frozenset({Status.READY, Status.ISSUED})

WATCH: Final = ("brand", "model", "reference", "serial", "movement_number", "calibre")
_WATCH_LABELS: Final = {
    "brand": _("Brand"),
    "model": _("Model"),
    "reference": _("Reference"),
    "serial": _("Serial number"),
    "movement_number": _("Movement number"),
    "calibre": _("Calibre"),
    "metal": _("Case metal"),
    "water_resistance_bar": _("Water resistance, bar"),
}


def _watch_columns(path: str) -> list[Column]:
    """``path`` leads from the row to its watch."""
    own = {"metal": "metal.name"}
    return [Column(label, f"{path}{own.get(name, name)}") for name, label in _WATCH_LABELS.items()]


def _with_moment(what: str, moment: datetime) -> str:
    return f"{what} {clock.show(moment)}"


def _works(row: Any) -> str:
    """As the import reads them: kind, person, when."""
    return "; ".join(
        _with_moment(f"{work.type.name}: {work.employee.short_name},", work.performed_at)
        for work in row.valid_works
    )


def _agreed(row: Any) -> str:
    return ", ".join(kind.name for kind in row.agreed_works.all())


def _passed_at(row: Any) -> datetime | None:
    """Of the check that stands."""
    if row.status not in PASSED:
        return None
    passed = [check.decided_at for check in row.passed_checks]
    return max(passed, default=None)


def _last_return(row: Any) -> Any:
    return max(row.valid_returns, key=lambda case: (case.returned_at, case.pk), default=None)


def _returned_at(row: Any) -> datetime | None:
    case = _last_return(row)
    return case.returned_at if case else None


def _return_reasons(row: Any) -> str:
    case = _last_return(row)
    return ", ".join(item.reason_name for item in case.items.all()) if case else ""


def _return_comment(row: Any) -> str:
    case = _last_return(row)
    return case.comment if case else ""


def _last_round(row: Any) -> Any:
    """Orders of polishing hang on the receipt by their own app's relation."""
    rounds = [order for order in row.polishing_orders.all() if order.voided_at is None]
    return max(rounds, key=lambda order: (order.sent_at, order.pk), default=None)


def _of_last_round(name: str) -> Any:
    def value(row: Any) -> Any:
        found = _last_round(row)
        return getattr(found, name) if found else None

    return value


def _polisher(row: Any) -> Any:
    found = _last_round(row)
    return found.polisher.short_name if found else None


def _waiver_reason(row: Any) -> Any:
    return next((waiver.reason.name for waiver in row.valid_waivers), None)


RECEIPTS: Final = (
    Column(_("Receipt number"), "number"),
    Column(_("Status"), lambda row: row.get_status_display()),
    Column(_("In this status since"), "status_since"),
    Column(_("Received at"), "received_at"),
    Column(_("Deadline"), "deadline"),
    Column(_("First promise"), "first_promise"),
    Column(_("Urgent"), "urgent"),
    Column(_("Customer"), "customer.name", SEES_CUSTOMERS),
    Column(_("Phone"), "customer.phone", SEES_CUSTOMERS),
    *_watch_columns("watch."),
    Column(_("Complaint"), "complaint"),
    Column(_("Condition at intake"), "condition"),
    Column(_("Completeness"), "completeness"),
    Column(_("Bracelet links"), "links_count"),
    Column(_("Neutral description"), "description"),
    Column(_("Declared value"), "declared_value"),
    Column(_("Agreed price"), "agreed_price"),
    Column(_("Prepayment"), "prepayment"),
    Column(_("Agreed works"), _agreed),
    Column(_("Do not polish"), "do_not_polish"),
    Column(_("Place"), "place"),
    Column(_("Kind of visit"), lambda row: row.get_visit_kind_display()),
    Column(_("Master"), "master.short_name"),
    Column(_("Works done"), _works),
    Column(_("Polisher"), _polisher),
    Column(_("Sent to polishing at"), _of_last_round("sent_at")),
    Column(_("Back from polishing at"), _of_last_round("returned_at")),
    Column(_("Returned from QC at"), _returned_at),
    Column(_("Reasons for return"), _return_reasons),
    Column(_("Comment on the return"), _return_comment),
    Column(_("Work is not required because"), _waiver_reason),
    Column(_("Passed QC at"), _passed_at),
    Column(_("Handed out at"), "issued_at"),
    Column(_("Received by"), "received_by"),
)


def with_history(rows: QuerySet[Any]) -> QuerySet[Any]:
    """What the columns of receipts read, by one query for some hundred rows."""
    passed = QualityCheck.objects.valid().filter(decision=QualityCheck.Decision.PASSED)
    works = Operation.objects.valid().select_related("type", "employee").order_by("performed_at")
    return (
        rows.select_related("master", "watch__metal", "customer")
        .prefetch_related(None)
        .prefetch_related(
            Prefetch("agreed_works", OperationType.objects.order_by("order", "name")),
            Prefetch("operations", works, to_attr="valid_works"),
            Prefetch("checks", passed, to_attr="passed_checks"),
            Prefetch("waivers", Waiver.objects.valid().select_related("reason"), "valid_waivers"),
            Prefetch(
                "returns", ReturnCase.objects.valid().prefetch_related("items"), "valid_returns"
            ),
            "polishing_orders__polisher",
        )
    )


CUSTOMERS: Final = (
    Column(_("Customer"), "name"),
    Column(_("Phone"), "phone"),
    Column(_("Note"), "note"),
    Column(_("Language"), lambda row: row.get_language_display()),
    Column(_("Created at"), "created_at"),
)
WATCHES: Final = (*_watch_columns(""), Column(_("Created at"), "created_at"))
