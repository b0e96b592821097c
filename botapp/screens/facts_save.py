"""Saves what was entered on the form: watch, customer, facts, deadline, urgency."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy

from botapp.dialogs import Context
from receipts.models import Customer, Receipt
from receipts.services.intake import Found, fill_in
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

WATCH: Final = ("brand", "model", "serial", "movement_number", "reference", "calibre")
PLAIN: Final[tuple[str, ...]] = (
    "complaint",
    "condition",
    "completeness",
    "links_count",
    "do_not_polish",
    "place",
    "agreed_price",
    "prepayment",
    "declared_value",
)


def save(ctx: Context, receipt: Receipt, entered: dict[str, Any]) -> None:
    """One command: all of it stands or nothing does, and one Undo takes it back."""
    ensure_savable(receipt, entered)
    watch = _watch(receipt, entered)
    fill_in(
        receipt_id=receipt.pk,
        customer=_customer(entered),
        watch=watch,
        watch_values=_watch_values(entered) if isinstance(watch, int) else None,
        facts={name: entered[name] for name in PLAIN if name in entered},
        deadline=clock.from_iso(entered.get("deadline")),
        urgent=entered.get("urgent"),
        actor=ctx.actor,
        command=ctx.command,
    )


def ensure_savable(receipt: Receipt, entered: dict[str, Any]) -> None:
    """A deadline that stands is changed on its own screen, with old → new and the cause."""
    if entered.get("deadline") and receipt.deadline is not None:
        raise RuleViolation(
            "bot.deadline_stands",
            gettext_lazy("There is a deadline already: change it on the card."),
            field="deadline",
        )


def customers_with(phone: str, *, limit: int = 3) -> list[Customer]:
    """Who has this phone; a hint, two people may share one."""
    known = Customer.objects.filter(phone=phone, erased_at__isnull=True, merged_into__isnull=True)
    return list(known.order_by("-id")[:limit]) if phone else []


def _watch(receipt: Receipt, entered: dict[str, Any]) -> Found:
    """The chosen returning watch, the receipt's own, or the values of a new one."""
    return entered.get("watch_id") or receipt.watch_id or _watch_values(entered) or None


def _watch_values(entered: dict[str, Any]) -> dict[str, str]:
    return {name: entered[name] for name in WATCH if entered.get(name)}


def _customer(entered: dict[str, Any]) -> Found:
    values = {name: entered[name] for name in ("name", "phone") if entered.get(name)}
    return entered.get("customer_id") or values or None
