"""Rows that many receipts of a batch refer to, read once: people and catalogues."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any, Final, TypeVar

from django.db import models

from receipts import policies
from receipts.events.base import Ref, ref
from receipts.models import Customer, OperationType, Receipt, Watch
from receipts.models.receipt import new_tokens
from receipts.services.base import employee, row_of
from receipts.services.facts import clean_fact, told_fact
from staff.models import Employee
from workshop.lib.actor import Actor

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")

TOKENS_AT_ONCE: Final = 100


class Drawer:
    """A cache for the length of one batch: what the office edits meanwhile counts for the next."""

    def __init__(self) -> None:
        self._rows: dict[tuple[type[models.Model], int], Any] = {}
        self._facts: dict[tuple[str, Any], tuple[Any, str]] = {}
        self._found_once: dict[str, Any] = {}
        self._refs: dict[int, tuple[models.Model, Ref]] = {}
        self._may: dict[tuple[int, str], tuple[Actor, bool]] = {}
        self.tokens = chain.from_iterable(map(new_tokens, repeat(TOKENS_AT_ONCE)))

    def row(self, model: type[M], pk: int, *, field: str) -> M:
        """An active or inactive row, as ``row_of`` finds it."""
        found: M | None = self._rows.get((model, pk))
        if found is None:
            found = self._rows[model, pk] = row_of(model, pk, field=field)
        return found

    def person(self, pk: int, field: str = "employee") -> Employee:
        found: Employee | None = self._rows.get((Employee, pk))
        if found is None:
            found = self._rows[Employee, pk] = employee(pk, field)
        return found

    def put(self, row: Customer | Receipt | Watch) -> None:
        """A row of this batch, which is not in the database yet."""
        self._rows[type(row), row.id] = row

    def ref(self, row: Employee | OperationType) -> Ref:
        """Of a person or a kind of work, who come again and again: id and name, as payloads hold
        them."""
        found = self._refs.get(id(row))
        if found is None:
            found = self._refs[id(row)] = (row, ref(row) or {})  # kept, so its id() stays its own
        return found[1]

    def may(self, actor: Actor, verb: str) -> bool:
        """Do the roles of the actor allow the verb, whatever the receipt is?"""
        key = (id(actor), verb)
        found = self._may.get(key)
        if found is None:
            found = self._may[key] = (actor, policies.may(actor, verb))  # kept, as above
        return found[1]

    def fact(self, receipt: Receipt, name: str, raw: Any) -> tuple[Any, str]:
        """A fact after cleaning, and in words: prices and complaints come again and again."""
        key = (name, raw)
        found = self._facts.get(key)
        if found is None:
            value = clean_fact(receipt, name, raw)
            found = self._facts[key] = (value, told_fact(name, value))
        return found

    def once(self, name: str, find: Callable[[], T]) -> T:
        """Anything else that is asked of the database once per batch."""
        if name not in self._found_once:
            self._found_once[name] = find()
        found: T = self._found_once[name]
        return found

    def required_types(self) -> list[OperationType]:
        """Works without which no check passes."""
        return self.once("required types", _required_types)


def _required_types() -> list[OperationType]:
    return list(OperationType.objects.active().filter(required=True))
