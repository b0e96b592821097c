"""Random lives of receipts through the real services: decisions, undoing, late corrections."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from receipts.models import (
    DeadlineCause,
    HoldReason,
    Metal,
    Operation,
    Receipt,
    RefusalReason,
    ReturnItem,
    ReturnReason,
    WaiverReason,
)
from receipts.services.assignment import assign
from receipts.services.calendars import create_calendar
from receipts.services.deadlines import change_deadline
from receipts.services.facts import edit_facts
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order, submit
from receipts.services.quality import pass_check
from receipts.services.registration import register_receipt, void_receipt
from receipts.services.returns import ItemInput, change_responsible, return_watch
from receipts.services.voiding import void_decision
from receipts.services.watches import create_watch
from receipts.services.works import WorkInput, record_work, void_work, waive_work
from receipts.states import Status
from tests.cast import Cast, type_id
from workshop.lib.errors import WorkshopError

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 40
TYPES = ("assembly", "mechanism")
GAPS = (timedelta(), timedelta(seconds=1, microseconds=500_001), timedelta(hours=2),
        timedelta(hours=31), timedelta(days=6))  # fmt: skip


class World:
    """A workshop in which anything may happen next; refused presses simply did not happen."""

    def __init__(self, rng: random.Random, cast: Cast) -> None:
        self.rng, self.cast = rng, cast
        self.masters = [cast.maxim, cast.mark]
        self.at = BEGIN
        if rng.random() < 0.7:
            hours = [(time(10), time(14)), (time(15), time(19))]
            create_calendar(
                name="W", weekly=dict.fromkeys(range(5), hours), actor=cast.actor("anna"), at=BEGIN
            )
        self.watches = [
            create_watch(
                values={"brand": brand, "metal": self._any(Metal).pk},
                actor=cast.actor("igor"),
                at=BEGIN,
            ).object
            for brand in ("Ракета", "Восток")
        ]
        self.clocks: dict[int, datetime] = {}

    def live(self, receipts: int, steps: int) -> None:
        for _number in range(receipts):
            self._register()
        for _step in range(receipts * steps):
            self.step()
        self._come_again()

    def step(self) -> None:
        """Something happens to one of the receipts, in its own time."""
        pk = self.rng.choice(list(self.clocks))
        self.clocks[pk] += self.rng.choice(GAPS)
        receipt = Receipt.objects.get(pk=pk)
        verbs = _NEXT.get(Status(receipt.status), {})
        names = [*verbs, *_ALWAYS]
        weights = [*verbs.values(), *_ALWAYS.values()]
        verb: Callable[[Receipt], Any] = getattr(self, self.rng.choices(names, weights)[0])
        try:
            with transaction.atomic():
                verb(receipt)
        except WorkshopError:
            return

    def do(self, service: Callable[..., Any], receipt: Receipt, **values: Any) -> Any:
        actor = self.cast.actor("anna")
        return service(receipt_id=receipt.pk, actor=actor, at=self.clocks[receipt.pk], **values)

    def _come_again(self) -> None:
        """Whatever was handed out comes again, sooner or later, under warranty or not."""
        for earlier in Receipt.objects.filter(issued_at__isnull=False, voided_at=None):
            at = earlier.issued_at + timedelta(days=self.rng.choice([1, 29, 30, 31, 100, 400]))
            kind = self.rng.choice(["warranty", "warranty", "not_confirmed", "paid_again"])
            facts = {"repeats": earlier.pk, "visit_kind": kind}
            self._register(at, facts)

    def _any(self, model: Any) -> Any:
        return self.rng.choice(list(model.objects.order_by("pk")))

    def _register(self, at: datetime | None = None, facts: Mapping[str, Any] | None = None) -> None:
        at = at or BEGIN + timedelta(seconds=self.rng.randint(0, DAYS * 86_400))
        watch = self.rng.choice([None, *self.watches])
        receipt = register_receipt(
            number=f"W-{len(self.clocks)}",
            facts={**({"watch": watch.pk} if watch else {}), **(facts or {})},
            actor=self.cast.actor("igor"),
            at=at,
        ).object
        self.clocks[receipt.pk] = at

    # what may happen -----------------------------------------------------------------------
    def assign(self, receipt: Receipt) -> None:
        self.do(assign, receipt, master_id=self.rng.choice(self.masters).pk)

    def submit(self, receipt: Receipt) -> None:
        self.do(submit, receipt)

    def hold(self, receipt: Receipt) -> None:
        self.do(hold, receipt, reason_id=self._any(HoldReason).pk)

    def resume(self, receipt: Receipt) -> None:
        self.do(resume, receipt)

    def pass_(self, receipt: Receipt) -> None:
        if not receipt.operations.filter(voided_at=None).exists():
            self.waive(receipt) if self.rng.random() < 0.3 else self.work(receipt)
        self.do(pass_check, receipt)

    def return_(self, receipt: Receipt) -> None:
        reasons = self.rng.sample(list(ReturnReason.objects.order_by("pk")), 2)
        items = [self._item(receipt, reason.pk) for reason in reasons[: self.rng.randint(1, 2)]]
        self.do(return_watch, receipt, items=items)

    def _item(self, receipt: Receipt, reason: int) -> ItemInput:
        done = list(
            receipt.operations.filter(voided_at=None, performed_at__lte=self.clocks[receipt.pk])
        )
        if done and self.rng.random() < 0.7:
            work = self.rng.choice(done)
            return ItemInput(reason, "person", work.employee_id, work.pk)
        return ItemInput(reason, self.rng.choice(["undecided", "not_ours"]))

    def rework(self, receipt: Receipt) -> None:
        self.do(rework_order, receipt, master_id=self.rng.choice(self.masters).pk, reason="r")

    def issue(self, receipt: Receipt) -> None:
        self.do(issue, receipt, as_taken_in=True)

    def refuse(self, receipt: Receipt) -> None:
        self.do(refuse, receipt, reason_id=self._any(RefusalReason).pk)

    def reopen(self, receipt: Receipt) -> None:
        self.do(reopen, receipt, reason="r")

    def undo(self, receipt: Receipt) -> None:
        self.do(void_decision, receipt, reason="r")

    def work(self, receipt: Receipt) -> None:
        at = self.clocks[receipt.pk] - self.rng.choice(GAPS)
        work = WorkInput(
            type_id(self.rng.choice(TYPES)),
            self.rng.choice(self.masters).pk,
            performed_at=max(at, receipt.received_at),
        )
        self.do(record_work, receipt, works=[work])

    def unwork(self, receipt: Receipt) -> None:
        row = receipt.operations.filter(voided_at=None).first()
        if row is not None:
            self.do(void_work, receipt, operation_id=row.pk, reason="r")

    def waive(self, receipt: Receipt) -> None:
        reason = self._any(WaiverReason).pk
        self.do(waive_work, receipt, type_id=type_id("assembly"), reason_id=reason)

    def decide(self, receipt: Receipt) -> None:
        item = ReturnItem.objects.filter(
            return_case__receipt=receipt, return_case__voided_at=None
        ).first()
        work = Operation.objects.filter(receipt=receipt, voided_at=None).first()
        if item is None or work is None:
            return
        self.do(
            change_responsible,
            receipt,
            item_id=item.pk,
            responsibility="person",
            responsible_id=work.employee_id,
            reason="r",
        )

    def deadline(self, receipt: Receipt) -> None:
        later = self.clocks[receipt.pk] + self.rng.choice([*GAPS[2:], timedelta(days=30)])
        self.do(
            change_deadline,
            receipt,
            deadline=self.rng.choice([later, later, later, None]),
            cause_id=self._any(DeadlineCause).pk,
        )

    def repeat(self, receipt: Receipt) -> None:
        earlier = self.rng.choice(list(self.clocks))
        kind = self.rng.choice(list(Receipt.VisitKind.values))
        if earlier != receipt.pk:
            self.do(edit_facts, receipt, facts={"repeats": earlier, "visit_kind": kind})

    def void(self, receipt: Receipt) -> None:
        self.do(void_receipt, receipt, reason="r")


_ALWAYS: Mapping[str, float] = {
    "undo": 0.7, "work": 1.5, "unwork": 0.4, "deadline": 1.2, "decide": 0.4, "repeat": 0.7,
    "void": 0.15,
}  # fmt: skip
_NEXT: Mapping[Status, Mapping[str, float]] = {
    Status.RECEIVED: {"assign": 3, "pass_": 3, "submit": 1, "hold": 1, "refuse": 0.4},
    Status.IN_WORK: {"submit": 1.5, "hold": 2, "pass_": 4, "return_": 1, "refuse": 0.3},
    Status.ON_HOLD: {"resume": 3, "assign": 1, "refuse": 0.3},
    Status.QUALITY_CONTROL: {"pass_": 3, "return_": 2, "hold": 0.5, "assign": 0.5},
    Status.RETURNED: {"assign": 2, "submit": 1, "pass_": 1.5, "hold": 0.4, "refuse": 0.3},
    Status.READY: {"issue": 5, "return_": 1.5, "rework": 1.5, "refuse": 0.5},
    Status.REFUSED: {"issue": 2, "reopen": 2},
    Status.ISSUED: {},
}


def somewhen(rng: random.Random) -> date:
    """A day in or near the time of a world."""
    return (BEGIN + timedelta(days=rng.randint(-3, DAYS + 10))).date()
