"""Saves what was entered on the form: watch, customer, facts, deadline, urgency."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy

from botapp.dialogs import Context
from receipts.models import Customer, Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.facts import edit_facts, set_urgent
from receipts.services.intake import Found, attach
from receipts.services.watches import change_watch
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
    """Runs inside the step's transaction: all of it stands, or nothing does."""
    ensure_savable(receipt, entered)
    facts = {name: entered[name] for name in PLAIN if name in entered}
    who: dict[str, Any] = {"receipt_id": receipt.pk, "actor": ctx.actor}
    customer, watch = _customer(entered), _watch(receipt, entered)
    if entered.get("deadline"):  # before the facts: Undo must not take back the deadline alone
        at = clock.from_iso(entered["deadline"])
        change_deadline(
            deadline=at,
            expected={"deadline": None},
            command=ctx.command_for("deadline"),
            **who,
        )
    if "urgent" in entered:
        set_urgent(urgent=entered["urgent"], command=ctx.command_for("urgent"), **who)
    if customer or watch:
        attach(customer=customer, watch=watch, command=ctx.command_for("attach"), **who)
    if isinstance(watch, int) and _watch_values(entered):
        change_watch(
            watch_id=watch,
            values=_watch_values(entered),
            actor=ctx.actor,
            command=ctx.command_for("watch"),
        )
    if facts:
        edit_facts(facts=facts, command=ctx.command_for("facts"), **who)


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
