"""What every verb of a draft shares: rules before, event and projection after; and the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models

from history.bulk import Batch, new_row, relate
from history.models import Command
from history.registry import Payload
from receipts import policies, states
from receipts.events.base import ref
from receipts.events.facts import (
    CommentAdded,
    DeadlineChanged,
    FactsChanged,
    Registered,
    Renumbered,
    UrgencyChanged,
)
from receipts.models import (
    Customer,
    DeadlineCause,
    OperationType,
    Receipt,
    ReceiptNumber,
    Reminder,
    Watch,
)
from receipts.numbers import normalise_number, similar_key
from receipts.projection import apply
from receipts.services.base import past_moment
from receipts.services.bulk.drawer import Drawer
from receipts.services.facts import kept_fact, told_fact
from receipts.services.reminders import due_times
from receipts.states import URGENT_LIST
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.text import REASON_LENGTH, clean_text, require_text

Extra = Mapping[str, Any]


class OpeningDraft:
    """A receipt whose rows are still in memory."""

    def __init__(self, rows: Batch, drawer: Drawer, command: Command, receipt_id: int) -> None:
        self.rows, self.drawer, self.command = rows, drawer, command
        tokens = drawer.tokens
        self.receipt = new_row(
            Receipt, id=receipt_id, public_token=next(tokens), label_token=next(tokens)
        )
        self._stream = self.receipt.stream

    def ensure(self, verb: str, actor: Actor) -> None:
        """The roles allow the verb, and the status does."""
        if not self.drawer.may(actor, verb):  # perhaps it may of this receipt
            policies.ensure_may(actor, verb, self.receipt)
        states.ensure_possible(verb, self.receipt.status)

    def write(self, payload: Payload, actor: Actor, at: datetime) -> None:
        """One event and the projected fields it changes."""
        event = self.rows.record(self._stream, payload, actor=actor, command=self.command, at=at)
        apply(self.receipt, event, payload)

    def register(self, *, number: str, actor: Actor, at: datetime) -> None:
        policies.ensure_inspector(actor)
        parsed = normalise_number(number)
        self.rows.add(self.receipt)
        payload = Registered(
            number=parsed.display, number_key=parsed.key, similar_key=similar_key(parsed.key)
        )
        self.write(payload, actor, at)

    def renumber(self, *, number: str, reason: str, actor: Actor, at: datetime) -> Extra:
        """As the service; a taken number fails as IntegrityError when the batch is written."""
        self.ensure("renumber", actor)
        parsed, receipt = normalise_number(number), self.receipt
        reason = require_text(reason, field="reason", limit=REASON_LENGTH)
        if (parsed.display, parsed.key) == (receipt.number, receipt.number_key):
            return {}
        self.rows.add(
            ReceiptNumber(
                receipt_id=receipt.id,
                number=receipt.number,
                number_key=receipt.number_key,
                until=at,
            )
        )
        payload = Renumbered(
            old=receipt.number,
            new=parsed.display,
            number_key=parsed.key,
            similar_key=similar_key(parsed.key),
            reason=reason,
        )
        self.write(payload, actor, at)
        return {}

    def edit_facts(self, *, facts: Mapping[str, Any], actor: Actor, at: datetime) -> Extra:
        self.ensure("facts", actor)
        changes: dict[str, list[str]] = {}
        before: dict[str, Any] = {}
        for name, raw in facts.items():
            if name == "agreed_works":
                self._agree_works(raw, changes, before)
                continue
            value, told = self._fact(name, raw)
            old = self._known(name)
            if old == value:
                continue
            if old is None or old == "":  # nearly always
                changes[name] = ["", told]
            else:
                changes[name] = [told_fact(name, old), told]
                before |= kept_fact(name, old)
            if name in _FACT_ROWS:
                relate(self.receipt, name, value)
            else:
                setattr(self.receipt, name, value)
        if changes:
            self.write(FactsChanged(changes=changes, before=before), actor, at)
        return {}

    def _known(self, name: str) -> Any:
        """The fact as it stands; a draft's relations are set by :meth:`edit_facts` alone."""
        if name in _FACT_ROWS:
            return self.receipt._state.fields_cache.get(name)
        return getattr(self.receipt, name)

    def _fact(self, name: str, raw: Any) -> tuple[Any, str]:
        """As it is stored, and in words."""
        if raw and name in _FACT_ROWS:
            row = self.drawer.row(_FACT_ROWS[name], raw, field=name)
            return row, told_fact(name, row)
        return self.drawer.fact(self.receipt, name, raw)

    def _agree_works(
        self, ids: Sequence[int], changes: dict[str, list[str]], before: dict[str, Any]
    ) -> None:
        """The works agreed upon at registration: each a row that links, in catalogue order."""
        kinds = [self.drawer.row(OperationType, pk, field="agreed_works") for pk in set(ids)]
        kinds.sort(key=lambda kind: (kind.order, kind.name))
        for kind in kinds:
            self.rows.add(
                Receipt.agreed_works.through(receipt_id=self.receipt.id, operationtype_id=kind.id)
            )
        if kinds:
            changes["agreed_works"] = ["", ", ".join(map(str, kinds))]
            before["agreed_works"] = []

    def change_deadline(
        self,
        *,
        deadline: datetime | None,
        cause_id: int | None = None,
        reason: str = "",
        actor: Actor,
        at: datetime,
    ) -> Extra:
        self.ensure("deadline", actor)
        receipt = self.receipt
        if deadline == receipt.deadline:
            return {}
        cause = self.drawer.row(DeadlineCause, cause_id, field="cause") if cause_id else None
        promise = receipt.first_promise
        if deadline is not None and (promise is None or (cause and cause.replaces_promise)):
            promise = deadline
        new = clock.iso(deadline)
        payload = DeadlineChanged(
            old=clock.iso(receipt.deadline),
            new=new,
            promise=new if promise is deadline else clock.iso(promise),
            cause=ref(cause),
            reason=clean_text(reason, field="reason", limit=REASON_LENGTH),
        )
        self.write(payload, actor, at)
        return {}

    def set_urgent(self, *, urgent: bool, actor: Actor, at: datetime) -> Extra:
        self.ensure("urgent", actor)
        if self.receipt.urgent != urgent:
            self.write(UrgencyChanged(urgent=urgent), actor, at)
        return {}

    def add_comment(self, *, text: str, actor: Actor, at: datetime) -> Extra:
        self.ensure("comment", actor)
        self.write(CommentAdded(text=require_text(text, field="comment")), actor, at)
        return {}

    def past_moment(self, moment: datetime | None, at: datetime, field: str) -> datetime:
        """When something happened: default ``at``; neither after it nor before the receipt."""
        return past_moment(moment, self.receipt, at, field) if moment is not None else at

    def plan_reminders(self) -> None:
        """For the deadline that stands at the end, as far as still ahead of the present."""
        deadline = self.receipt.deadline
        if deadline is None or self.receipt.status not in URGENT_LIST:
            return
        for kind, due_at in due_times(deadline).items():
            if due_at > self.rows.now:
                self.rows.add(
                    new_row(
                        Reminder,
                        receipt_id=self.receipt.id,
                        deadline_version=self.receipt.deadline_version,
                        kind=kind,
                        due_at=due_at,
                    )
                )


_FACT_ROWS: Mapping[str, type[models.Model]] = {
    "customer": Customer,
    "watch": Watch,
    "repeats": Receipt,
}
