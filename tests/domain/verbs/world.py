"""The cast, and receipts as a press needs them; everything happened before ``AT``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from history.commands import Outcome
from polishing.services import orders
from receipts.models import HoldReason, Receipt, RefusalReason, WaiverReason
from receipts.services import (
    assignment,
    calendars,
    customers,
    flow,
    quality,
    registration,
    returns,
    subscriptions,
    works,
)
from staff.services import telegram, work_group
from tests.cast import Cast, make_cast, reason_id, type_id

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
PASSWORD = "correct horse battery 9"


class World:
    """``do`` and the names of steps work a minute later each time."""

    def __init__(self) -> None:
        self.cast: Cast = make_cast()
        self.igor = self.cast.actor("igor")
        self.anna = self.cast.actor("anna")
        self.before = AT - 10 * HOUR
        self.count = 0

    def do(self, service: Callable[..., Outcome[Any]], *, by: str = "igor", **values: Any) -> Any:
        self.before += timedelta(minutes=1)
        return service(actor=self.cast.actor(by), at=self.before, **values)

    def receipt(self, *steps: str) -> int:
        self.count += 1
        pk = int(self.do(registration.register_receipt, number=f"W-{self.count}").object.pk)
        for step in steps:
            getattr(self, step)(pk)
        return pk

    def worked(self, pk: int) -> None:
        self.do(assignment.assign, receipt_id=pk, master_id=self.cast.maxim.pk)
        self.do(works.record_work, receipt_id=pk, works=[self.work()])

    def submitted(self, pk: int) -> None:
        self.do(flow.submit, receipt_id=pk)

    def passed(self, pk: int) -> None:
        self.do(quality.pass_check, receipt_id=pk)

    def returned(self, pk: int) -> None:
        items = [returns.ItemInput(reason_id("dirt_inside"), "person", self.cast.maxim.pk)]
        self.do(returns.return_watch, receipt_id=pk, items=items)

    def held(self, pk: int) -> None:
        self.do(flow.hold, receipt_id=pk, reason_id=HoldReason.objects.get(code="parts").pk)

    def refused(self, pk: int) -> None:
        self.do(flow.refuse, receipt_id=pk, reason_id=self.refusal())

    def work(self) -> works.WorkInput:
        return works.WorkInput(type_id("assembly"), self.cast.maxim.pk)

    def refusal(self) -> int:
        return RefusalReason.objects.get(code="price").pk

    def waiver(self) -> int:
        return WaiverReason.objects.get(code="other").pk

    def order(self, *, back: bool = False) -> int:
        pk = self.receipt("worked")
        sent = self.do(
            orders.send_to_polishing, receipt_id=pk, polisher_id=self.cast.pavel.pk
        ).object
        if back:
            self.do(orders.take_back, order_id=sent.pk)
        return int(sent.pk)

    def item(self) -> dict[str, int]:
        pk = self.receipt("worked", "submitted", "returned")
        case = Receipt.objects.get(pk=pk).returns.get()
        return {"receipt_id": pk, "item_id": case.items.get().pk}

    def customer(self) -> int:
        return int(self.do(customers.create_customer, name="Ольга").object.pk)

    def calendar(self) -> int:
        return int(self.do(calendars.create_calendar, by="anna", name="x", weekly={}).object.pk)

    def link(self) -> str:
        return str(Receipt.objects.get(pk=self.receipt()).public_token)

    def subscription(self) -> dict[str, int]:
        values = {"token": self.link(), "telegram_id": 4242}
        done = self.do(subscriptions.subscribe, **values)
        return {"subscription_id": int(done.object.pk), "telegram_id": 4242}

    def group(self) -> int:
        self.do(work_group.link_work_group, chat_id=-5, title="Мастерская")
        return -5

    def user(self, **more: Any) -> int:
        self.count += 1
        return User.objects.create(username=f"user-{self.count}", is_staff=True, **more).pk

    def invite(self, person: int) -> str:
        self.do(telegram.unbind_telegram, by="anna", employee_id=person)
        done = self.do(telegram.issue_invite, by="anna", employee_id=person)
        return str(done.shown_once["token"])


Service = Callable[..., Outcome[Any]]
Cases = list[tuple[Service, Callable[[World], dict[str, Any]]]]


def on(*steps: str, **more: Any) -> Callable[[World], dict[str, Any]]:
    """Arguments: a receipt after these steps, and the rest (callables are given the world)."""

    def arguments(world: World) -> dict[str, Any]:
        ready = {name: v(world) if callable(v) else v for name, v in more.items()}
        return {"receipt_id": world.receipt(*steps)} | ready

    return arguments


def at(**more: Any) -> Callable[[World], dict[str, Any]]:
    """Arguments without a receipt (callables are given the world)."""
    return lambda world: {name: v(world) if callable(v) else v for name, v in more.items()}
