"""The base of all verbs on a receipt: offered exactly when table and roles allow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model

from history.commands import Outcome
from receipts import policies, states
from receipts.models import Receipt
from receipts.states import VERBS
from staff.models import Employee, EmployeeQuerySet
from staff.office.forms import OfficeVerb
from staff.office.registry import V, office_verb
from workshop.lib.actor import Actor

RECEIPT = "receipts.Receipt"
FRESH = ("status", "master_id")


class ReceiptVerb(OfficeVerb):
    """A verb of the transition table; ``code`` is its name there and, mostly, its address."""

    code: ClassVar[str] = ""
    target: Receipt

    @classmethod
    def permitted(cls, target: Any, actor: Actor) -> bool:
        return policies.may(actor, cls.code, target)

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return (
            cls.permitted(target, actor)
            and cls.code in states.possible(target.status)
            and not target.is_void
        )

    def after(self, outcome: Outcome[Any]) -> Model | None:
        return self.target


def receipt_verb(verb: V) -> V:
    """Class decorator: fill in address and label from the transition table, and register."""
    verb.slug = verb.slug or verb.code  # type: ignore[attr-defined]
    verb.label = verb.label or VERBS[verb.code].label  # type: ignore[attr-defined]
    return office_verb(RECEIPT)(verb)


def masters() -> EmployeeQuerySet:
    """Active masters by name."""
    rows: EmployeeQuerySet = Employee.objects.active().with_role("master").order_by("full_name")
    return rows


def row_of(data: Mapping[str, Any]) -> int:
    """The id of the row that the button stood beside; 0 finds nothing."""
    return int(data.get("row") or 0)
