"""Receipts: the facts of a visit in one row, and as much of its history as is known.

A new number becomes a receipt with its whole history, in the order of its moments. A number that
is there already keeps its history: its facts are corrected (with ``update``) or left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from history.commands import CommandKey
from integrations.imports.columns import (
    CREATED,
    UNCHANGED,
    UPDATED,
    Done,
    Order,
    Problem,
    RowError,
    Source,
    Values,
)
from integrations.imports.moments import Step, in_order
from integrations.imports.parties import Keys, Parties, customer_key, watch_key
from integrations.imports.revising import FACTS, deadline_of, revise
from polishing.models import PolishingOrder
from polishing.services.bulk import send_to_polishing, take_back
from receipts.models import Receipt
from receipts.services.bulk import Draft, Writer
from receipts.services.returns import ItemInput
from receipts.services.works import WorkInput
from workshop.lib import clock
from workshop.lib.errors import WorkshopError

_FACTS: Final = (*FACTS, "agreed_works")


class ReceiptImporter:
    def __init__(self, order: Order) -> None:
        self.order = order
        # Who did what at the bench is what the file says: the importing person is no inspector.
        self.actor = replace(order.actor, employee_id=None)
        self.now = clock.now()
        self.not_compared = _("Imported: what was handed over was not compared.")
        self.parties = Parties()
        self.there: dict[str, Receipt] = {}
        self.seen: dict[str, int] = {}

    def look_up(self, rows: Sequence[Source]) -> None:
        keys = [row.values["number"].key for row in rows]
        found = Receipt.objects.valid().filter(number_key__among=keys)
        found = found.select_related("customer", "watch__metal")
        self.there = {receipt.number_key: receipt for receipt in found}
        self.parties.look_up([row.values for row in rows])

    def pass_by(self, rows: Sequence[Source]) -> None:
        for row in rows:
            self.seen.setdefault(row.values["number"].key, row.number)

    def take(self, row: Source, bulk: Writer) -> Done:
        values, number = row.values, row.values["number"]
        first = self.seen.setdefault(number.key, row.number)
        if first != row.number:
            told = _("The same number stands in row %(row)s already.") % {"row": first}
            raise RowError(Problem("number", told))
        receipt = self.there.get(number.key)
        if receipt is None:
            return Done(CREATED, self._create(row, bulk))
        changed = False
        if self.order.update:
            with self.order.writing():
                changed = revise(receipt, values, self.order.actor)
        return Done(UPDATED if changed else UNCHANGED, receipt.pk)

    def _create(self, row: Source, bulk: Writer) -> int:
        values = row.values
        received = values["received_at"].at if "received_at" in values else self.now
        history = _History(self, values)
        steps = in_order(received, history.steps(), self.now)
        facts = {name: values[name] for name in _FACTS if name in values}
        keys = Keys(customer_key(values), watch_key(values))
        draft = bulk.draft(
            number=values["number"].display,
            key=CommandKey(self.order.client, f"row:{row.number}"),
            watch=self.parties.new_watch(values, keys.watch, facts),
            customer=self.parties.new_customer(values, keys.customer, facts),
            facts=facts,
            deadline=deadline_of(values),
            urgent=values.get("urgent", False),
            actor=self.actor,
            at=received,
        )
        if "comment" in values:
            draft.add_comment(text=values["comment"], actor=self.actor, at=received)
        for step in steps:
            try:
                step.write(draft, step.at)
            except WorkshopError as error:
                raise RowError(Problem(step.column, error.text())) from error
        self._ensure_holders(values, draft.receipt, history.polished)
        self.parties.remember(keys, draft.receipt)
        return int(draft.receipt.id)

    def _ensure_holders(
        self, values: Values, receipt: Receipt, polished: PolishingOrder | None
    ) -> None:
        """Whoever has the watch now must be one whom it could be handed to.

        Who had it once may have another role today: the past is taken as it is told.
        """
        known = self.order.known
        if receipt.master_id is not None and not known.masters.get(values["master"]):
            raise RowError(Problem("master", _("The watch is with this person now: not a master.")))
        away = polished is not None and polished.returned_at is None
        if away and not known.polishers.get(values["polisher"]):
            told = _("The watch is with this person now: not a polisher.")
            raise RowError(Problem("polisher", told))


# column, the column of its moment, the step of a history, whether it changes the status: in the
# order in which such things follow each other. Works stand between, each with its own moment.
_STEPS: Final = (
    ("master", "assigned_at", "assign", True),
    ("polisher", "polishing_sent_at", "send", False),
    ("works", "", "", False),
    ("polishing_back_at", "polishing_back_at", "take_back", False),
    ("returned_at", "returned_at", "send_back", True),
    ("refused_at", "refused_at", "refuse", True),
    ("passed_at", "passed_at", "pass_check", True),
    ("issued_at", "issued_at", "issue", True),
)


class _History:
    """The steps of one row as calls of its draft."""

    def __init__(self, importer: ReceiptImporter, values: Values) -> None:
        self.importer, self.values = importer, values
        self.actor = importer.actor
        self.polished: PolishingOrder | None = None

    def steps(self) -> list[Step]:
        """What the row tells."""
        values = self.values
        steps: list[Step] = []
        for column, moment, write, changes_status in _STEPS:
            if column not in values:
                continue
            if write:
                given = values.get(moment)
                steps.append(Step(column, given, getattr(self, write), changes_status, moment))
            else:
                steps += [
                    Step(column, at, self._work(*work), False) for *work, at in values[column]
                ]
        return steps

    def _work(self, kind: int, person: int) -> Callable[[Draft, datetime], Any]:
        def write(draft: Draft, at: datetime) -> Any:
            return draft.record_work(works=[WorkInput(kind, person, at)], actor=self.actor, at=at)

        return write

    def assign(self, draft: Draft, at: datetime) -> None:
        draft.assign(master_id=self.values["master"], actor=self.actor, at=at)

    def send(self, draft: Draft, at: datetime) -> None:
        self.polished = send_to_polishing(
            draft,
            polisher_id=self.values["polisher"],
            allowed_by=_("import") if self.values.get("do_not_polish") else "",
            actor=self.actor,
            at=at,
        )

    def take_back(self, draft: Draft, at: datetime) -> None:
        if self.polished is None:
            raise RowError(Problem("polisher", _("Who polished? Fill in this column.")))
        take_back(draft, self.polished, actor=self.actor, at=at)

    def send_back(self, draft: Draft, at: datetime) -> None:
        reasons = self.values.get("return_reasons")
        if not reasons:
            raise RowError(Problem("return_reasons", _("Why? Fill in this column.")))
        items = [ItemInput(reason) for reason in dict.fromkeys(reasons)]
        comment = self.values.get("return_comment", "")
        draft.return_watch(items=items, comment=comment, actor=self.actor, at=at)

    def refuse(self, draft: Draft, at: datetime) -> None:
        reason = self.values.get("refusal_reason")
        if reason is None:
            raise RowError(Problem("refusal_reason", _("Why? Fill in this column.")))
        draft.refuse(reason_id=reason, actor=self.actor, at=at)

    def pass_check(self, draft: Draft, at: datetime) -> None:
        reason = self.values.get("waiver_reason")
        if reason is not None:
            recorded = {row.type_id for row in draft.operations}
            for kind in self.importer.order.known.required_types:
                if kind not in recorded:
                    draft.waive_work(type_id=kind, reason_id=reason, actor=self.actor, at=at)
        draft.pass_check(actor=self.actor, at=at)

    def issue(self, draft: Draft, at: datetime) -> None:
        draft.issue(
            received_by=self.values.get("received_by", ""),
            difference=self.importer.not_compared,
            actor=self.actor,
            at=at,
        )
