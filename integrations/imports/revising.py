"""Correcting the facts of a receipt that is there already: only what differs is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from integrations.imports.cells import Moment
from integrations.imports.columns import Values
from integrations.imports.parties import WATCH
from receipts.models import Customer, Receipt, Watch
from receipts.services.customers import change_customer, create_customer
from receipts.services.deadlines import change_deadline
from receipts.services.facts import edit_facts, set_urgent
from receipts.services.watches import change_watch, create_watch
from workshop.lib import clock
from workshop.lib.actor import Actor

FACTS: Final[tuple[str, ...]] = (
    "complaint",
    "condition",
    "completeness",
    "links_count",
    "description",
    "declared_value",
    "agreed_price",
    "prepayment",
    "do_not_polish",
    "place",
    "visit_kind",
)


def deadline_of(values: Values) -> datetime | None:
    """The deadline of a row; a day without a time ends at the workshop's usual hour."""
    given: Moment | None = values.get("deadline")
    if given is None or not given.is_day:
        return given.at if given else None
    day = given.day
    return datetime.combine(day, settings.WORKSHOP_DEADLINE_TIME, tzinfo=clock.zone()).astimezone(
        UTC
    )


def revise(receipt: Receipt, values: Values, actor: Actor) -> bool:
    """Bring the facts of ``receipt`` to those of the row; empty cells change nothing.

    True when something was written. Its history is left alone. Raises what the services raise.
    """
    facts = {
        name: values[name]
        for name in FACTS
        if name in values and getattr(receipt, name) != values[name]
    }
    if "agreed_works" in values and _agreed(receipt) != set(values["agreed_works"]):
        facts["agreed_works"] = values["agreed_works"]
    changed = _revise_customer(receipt, values, facts, actor)
    changed |= _revise_watch(receipt, values, facts, actor)
    if facts:
        edit_facts(receipt_id=receipt.pk, facts=facts, actor=actor)
    deadline = deadline_of(values)
    late = deadline is not None and deadline != receipt.deadline
    if late:
        change_deadline(receipt_id=receipt.pk, deadline=deadline, actor=actor)
    urgent = values.get("urgent", receipt.urgent)
    if urgent != receipt.urgent:
        set_urgent(receipt_id=receipt.pk, urgent=urgent, actor=actor)
    return changed or bool(facts) or late or urgent != receipt.urgent


def _agreed(receipt: Receipt) -> set[int]:
    return set(receipt.agreed_works.values_list("pk", flat=True))


def _revise_customer(receipt: Receipt, values: Values, facts: dict[str, Any], actor: Actor) -> bool:
    given = {
        field: values[column]
        for field, column in (("name", "customer"), ("phone", "phone"))
        if values.get(column)
    }
    if not given:
        return False
    customer: Customer | None = receipt.customer
    if customer is None:
        facts["customer"] = create_customer(**given, actor=actor).object.pk
        return True
    return revise_customer(customer, given, actor)


def revise_customer(customer: Customer, given: Values, actor: Actor) -> bool:
    """Change what differs; True when something did."""
    other = {name: value for name, value in given.items() if getattr(customer, name) != value}
    if other:
        change_customer(customer_id=customer.pk, values=other, actor=actor)
    return bool(other)


def _revise_watch(receipt: Receipt, values: Values, facts: dict[str, Any], actor: Actor) -> bool:
    given = {name: values[name] for name in WATCH if name in values}
    if not given:
        return False
    watch: Watch | None = receipt.watch
    if watch is None:
        facts["watch"] = create_watch(values=given, actor=actor).object.pk
        return True
    return revise_watch(watch, given, actor)


def revise_watch(watch: Watch, given: Values, actor: Actor) -> bool:
    other = {
        name: value
        for name, value in given.items()
        if getattr(watch, "metal_id" if name == "metal" else name) != value
    }
    if other:
        change_watch(watch_id=watch.pk, values=other, actor=actor)
    return bool(other)
