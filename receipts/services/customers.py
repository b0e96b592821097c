"""Customers: added, changed, merged, erased. Their personal data never enters an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts import locks, policies
from receipts.events.facts import (
    CustomerAdded,
    CustomerChanged,
    CustomerErased,
    CustomersMerged,
    FactsChanged,
)
from receipts.models import Customer, Receipt
from receipts.phones import normalise_phone
from receipts.services.base import write
from receipts.services.subscriptions import end_all
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import clean_text

_LIMITS: Final = {"name": 150, "note": 2000}


# Personal data stays out of what a command keeps, also as a hash: a phone is soon guessed.
@verb("customer.create", "receipts.Customer", secret=("name", "phone", "note"))
def create_customer(
    *,
    name: str = "",
    phone: str = "",
    note: str = "",
    language: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Customer]:
    """A customer by name, phone or both. A phone known already is no obstacle (a hint for doors).

    Raises RuleViolation ``receipts.customer_empty``, ``receipts.phone_invalid``, ``text.*``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    values = {"name": name, "phone": phone, "note": note}
    cleaned = {field: _clean(field, value) for field, value in values.items()}
    if not (cleaned["name"] or cleaned["phone"]):
        raise RuleViolation(
            "receipts.customer_empty", _("Enter the customer's name or phone."), field="customer"
        )
    customer = Customer.objects.create(**cleaned, language=_language(language), created_at=run.at)
    run.record(customer.stream, CustomerAdded(customer_id=customer.pk))
    return Outcome(customer)


def _clean(field: str, value: Any) -> str:
    text = clean_text(value, field=field, limit=_LIMITS.get(field, 40))
    return normalise_phone(text) if field == "phone" and text else text


def _language(code: str) -> str:
    known = {key for key, _label in settings.LANGUAGES}
    return code if code in known else settings.LANGUAGE_CODE


@verb("customer.change", "receipts.Customer", secret=("values",))
def change_customer(
    *,
    customer_id: int,
    values: Mapping[str, str],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Customer]:
    """Change ``name``, ``phone``, ``note`` or ``language``; the event names the fields alone.

    Raises RuleViolation ``receipts.customer_erased``, ``receipts.fact_unknown``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    customer = _present(customer_id)
    changed: list[str] = []
    for field, raw in values.items():
        if field not in {"name", "phone", "note", "language"}:
            raise RuleViolation("receipts.fact_unknown", _("There is no such field."), field=field)
        value = _language(raw) if field == "language" else _clean(field, raw)
        if getattr(customer, field) != value:
            setattr(customer, field, value)
            changed.append(field)
    if changed:
        customer.save(update_fields=changed)
        run.record(customer.stream, CustomerChanged(customer_id=customer.pk, fields=changed))
    return Outcome(customer)


def _present(customer_id: int) -> Customer:
    customer = locks.customer(customer_id)
    if customer.erased_at is not None:
        raise RuleViolation(
            "receipts.customer_erased",
            _("The personal data of this customer is erased."),
            field="customer",
        )
    if customer.merged_into_id is not None:
        raise RuleViolation(
            "receipts.customer_merged",
            _("This customer was merged into another one: use that one."),
            field="customer",
        )
    return customer


@verb("customer.merge", "receipts.Customer")
def merge_customers(
    *,
    kept_id: int,
    merged_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Customer]:
    """Two rows of one person become one: the receipts of ``merged_id`` go to ``kept_id``.

    A manager's verb. Raises RuleViolation ``receipts.merge_self``, ``receipts.customer_merged``,
    ``receipts.customer_erased``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_manager(actor)
    if kept_id == merged_id:
        raise RuleViolation(
            "receipts.merge_self", _("Choose two different customers."), field="customer"
        )
    ids = list(
        Receipt.objects.filter(customer_id=merged_id).order_by("pk").values_list("pk", flat=True)
    )
    receipts = [locks.any_receipt(pk) for pk in ids]
    rows = {pk: _present(pk) for pk in sorted((kept_id, merged_id))}
    kept, merged = rows[kept_id], rows[merged_id]
    for receipt in receipts:
        receipt.customer = kept
        receipt.save(update_fields=["customer"])
        write(run, receipt, FactsChanged(changes={"customer": [str(merged_id), str(kept_id)]}))
    merged.merged_into = kept
    merged.save(update_fields=["merged_into"])
    payload = CustomersMerged(kept_id=kept_id, merged_id=merged_id, receipts=ids)
    run.record(kept.stream, payload)
    run.record(merged.stream, payload)
    return Outcome(kept)


@verb("customer.erase", "receipts.Customer")
def erase_customer(
    *,
    customer_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Customer]:
    """Blank the personal data of a customer, also in rows merged into him and who collected his
    watches (law 3).

    A manager's verb; what happened to the watches stays. Again changes nothing.
    """
    run = Run.of(actor, command, at)
    policies.ensure_manager(actor)
    # Receipts before customers, as everywhere; their subscriptions end with the data.
    receipts = Receipt.objects.filter(customer_id__in=_same_person(customer_id))
    for pk in list(receipts.order_by("pk").values_list("pk", flat=True)):
        locks.any_receipt(pk)
    customer = locks.customer(customer_id)
    for pk in _same_person(customer.pk):
        row = locks.customer(pk)
        if row.erased_at is None:
            _blank(run, row)
    customer.refresh_from_db()
    return Outcome(customer)


def _same_person(customer_id: int) -> list[int]:
    """The row and all that were merged into it, however long ago: they hold the same data."""
    found = [customer_id]
    for pk in found:  # grows while it is walked
        merged = Customer.objects.filter(merged_into_id=pk).order_by("pk")
        found += merged.values_list("pk", flat=True)
    return found


def _blank(run: Run, customer: Customer) -> None:
    customer.name = customer.phone = customer.note = ""
    customer.telegram_id = customer.consent_at = None
    customer.erased_at = run.at
    customer.save()
    Receipt.objects.filter(customer=customer).update(received_by="")
    run.record(customer.stream, CustomerErased(customer_id=customer.pk))
    end_all(run, Receipt.objects.filter(customer=customer), "erased")
