"""Deadline, first promise, and what is planned because of it (pitfall 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from receipts.models import DeadlineCause, HoldReason, Receipt, Reminder
from receipts.services.deadlines import change_deadline
from receipts.services.facts import set_urgent
from receipts.services.flow import hold, issue, refuse, submit
from receipts.services.quality import pass_check
from receipts.services.reminders import due_times, plan_reminders
from receipts.services.returns import ItemInput, return_watch
from tests.cast import (
    Cast,
    make_cast,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
)
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import NotFound, RuleViolation, StaleState

MOSCOW = ZoneInfo("Europe/Moscow")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday, 12:30 in Moscow
DAY = timedelta(days=1)


def wall(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=MOSCOW)


def shown(planned: dict[str, datetime]) -> dict[str, str]:
    return {
        kind: due.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M") for kind, due in planned.items()
    }


@pytest.mark.parametrize(
    ("deadline", "expected"),
    [
        (
            "25.11.2026 18:00",
            {"day": "25.11.2026 10:00", "hour": "25.11.2026 17:00", "late": "25.11.2026 18:05"},
        ),
        (
            "25.11.2026 09:00",
            {"eve": "24.11.2026 18:00", "hour": "25.11.2026 08:00", "late": "25.11.2026 09:05"},
        ),
        # Exactly 10:00 is not after 10:00.
        (
            "25.11.2026 10:00",
            {"eve": "24.11.2026 18:00", "hour": "25.11.2026 09:00", "late": "25.11.2026 10:05"},
        ),
        # The one-hour notice would come at the same minute.
        ("25.11.2026 11:00", {"hour": "25.11.2026 10:00", "late": "25.11.2026 11:05"}),
        ("25.11.2026 10:01", {"hour": "25.11.2026 09:01", "late": "25.11.2026 10:06"}),
        ("25.11.2026 11:59", {"hour": "25.11.2026 10:59", "late": "25.11.2026 12:04"}),
        (
            "25.11.2026 12:00",
            {"day": "25.11.2026 10:00", "hour": "25.11.2026 11:00", "late": "25.11.2026 12:05"},
        ),
        (
            "01.12.2026 00:00",
            {"eve": "30.11.2026 18:00", "hour": "30.11.2026 23:00", "late": "01.12.2026 00:05"},
        ),
        (
            "01.03.2028 09:30",
            {"eve": "29.02.2028 18:00", "hour": "01.03.2028 08:30", "late": "01.03.2028 09:35"},
        ),
        (
            "01.01.2027 08:00",
            {"eve": "31.12.2026 18:00", "hour": "01.01.2027 07:00", "late": "01.01.2027 08:05"},
        ),
        (
            "31.12.2026 23:59",
            {"day": "31.12.2026 10:00", "hour": "31.12.2026 22:59", "late": "01.01.2027 00:04"},
        ),
    ],
)
def test_when_to_remind(deadline: str, expected: dict[str, str]) -> None:
    names = {"day": "deadline_day", "eve": "deadline_eve", "hour": "deadline_hour"} | {
        "late": "overdue"
    }
    wanted = {names[key]: value for key, value in expected.items()}
    assert shown(due_times(wall(deadline).astimezone(UTC))) == wanted


@pytest.mark.django_db
class TestDeadline:
    @pytest.fixture
    def cast(self) -> Cast:
        return make_cast()

    def _change(self, cast: Cast, receipt: Receipt, deadline: datetime | None, **more: Any) -> Any:
        values = {"actor": cast.actor("igor"), "at": AT} | more
        return change_deadline(receipt_id=receipt.pk, deadline=deadline, **values)

    def _planned(self) -> dict[str, str]:
        rows = Reminder.objects.filter(fate="planned").values_list("kind", "due_at")
        return shown(dict(rows))

    def _cause(self, code: str) -> int:
        return DeadlineCause.objects.get(code=code).pk

    def test_set_changed_cleared_set_again(self, cast: Cast) -> None:
        receipt = make_receipt(cast, at=AT)
        first, second = AT + 5 * DAY, AT + 9 * DAY
        with writes("receipt.deadline_changed") as events:
            self._change(cast, receipt, first)
        assert events[0].payload == {
            "old": None,
            "new": "2026-11-25T09:30:00.000000Z",
            "promise": "2026-11-25T09:30:00.000000Z",
            "cause": None,
            "reason": "",
            "taken_back": False,
        }
        cause = self._cause("parts")
        with writes("receipt.deadline_changed") as events:
            self._change(cast, receipt, second, cause_id=cause, reason="no crystal")
        assert events[0].payload["old"] == "2026-11-25T09:30:00.000000Z"
        assert events[0].payload["cause"] == {"id": cause, "name": "Запчасти"}
        row = Receipt.objects.get()
        assert (row.deadline, row.first_promise) == (second, first)
        assert (row.deadline_version, row.deadline_changes) == (2, 1)
        with writes("receipt.deadline_changed"):
            self._change(cast, receipt, None)
        row.refresh_from_db()
        assert (row.deadline, row.first_promise, row.deadline_changes) == (None, first, 2)
        assert self._planned() == {}
        self._change(cast, receipt, second)
        row.refresh_from_db()
        assert (row.first_promise, row.deadline_changes, row.deadline_version) == (first, 2, 4)
        with writes():
            self._change(cast, receipt, second)

    @pytest.mark.parametrize("code", ["customer", "parts", "our_delay", "mistake"])
    def test_only_the_customers_wish_replaces_the_promise(self, cast: Cast, code: str) -> None:
        receipt = make_receipt(cast, at=AT)
        first, second = AT + 5 * DAY, AT + 9 * DAY
        self._change(cast, receipt, first)
        self._change(cast, receipt, second, cause_id=self._cause(code))
        promise = Receipt.objects.get().first_promise
        assert promise == (second if code == "customer" else first)

    def test_refusals(self, cast: Cast) -> None:
        receipt = make_receipt(cast, at=AT)
        for past in (AT, AT - timedelta(seconds=1)):
            with refused(RuleViolation, "receipts.deadline_in_past", "deadline"):
                self._change(cast, receipt, past)
        with refused(NotFound, "receipts.unknown_choice", "cause"):
            self._change(cast, receipt, AT + DAY, cause_id=10**9)
        self._change(cast, receipt, AT + DAY, actor=cast.actor("ivan"))
        with refused(StaleState, "receipts.changed_meanwhile", "deadline") as refusal:
            self._change(cast, receipt, AT + 2 * DAY, expected={"deadline": None})
        assert cast.ivan.short_name in refusal.value.text()
        assert "21.11.2026 12:30" in refusal.value.text()

    def test_only_what_is_still_ahead_is_planned(self, cast: Cast) -> None:
        receipt = make_receipt(cast, at=AT)
        self._change(cast, receipt, wall("20.11.2026 18:00"))  # it is 12:30: 10:00 has gone
        assert self._planned() == {
            "deadline_hour": "20.11.2026 17:00", "overdue": "20.11.2026 18:05",
        }  # fmt: skip
        self._change(cast, receipt, wall("20.11.2026 13:00"))
        assert self._planned() == {"overdue": "20.11.2026 13:05"}
        self._change(cast, receipt, wall("21.11.2026 09:00"), at=wall("20.11.2026 18:00"))
        assert self._planned() == {
            "deadline_hour": "21.11.2026 08:00", "overdue": "21.11.2026 09:05",
        }, "the eve is now, not ahead"  # fmt: skip

    def test_a_change_cancels_and_plans_anew(self, cast: Cast) -> None:
        receipt = make_receipt(cast, at=AT)
        self._change(cast, receipt, wall("25.11.2026 18:00"))
        self._change(cast, receipt, wall("27.11.2026 09:00"))
        assert self._planned() == {
            "deadline_eve": "26.11.2026 18:00",
            "deadline_hour": "27.11.2026 08:00",
            "overdue": "27.11.2026 09:05",
        }
        cancelled = Reminder.objects.filter(fate="cancelled")
        assert set(cancelled.values_list("deadline_version", "fate_at")) == {(1, AT)}

    @pytest.mark.parametrize("end", ["pass", "refuse", "issue"])
    def test_the_end_cancels_and_a_return_plans_again(self, cast: Cast, end: str) -> None:
        from receipts.models import RefusalReason

        igor = cast.actor("igor")
        receipt = make_worked(cast, at=AT)
        self._change(cast, receipt, wall("25.11.2026 18:00"))
        everything = self._planned()
        submit(receipt_id=receipt.pk, actor=igor, at=AT)
        if end == "refuse":
            reason = RefusalReason.objects.get(code="price").pk
            refuse(receipt_id=receipt.pk, reason_id=reason, actor=igor, at=AT)
        else:
            pass_check(receipt_id=receipt.pk, actor=igor, at=AT)
        if end == "issue":
            issue(receipt_id=receipt.pk, as_taken_in=True, actor=igor, at=AT)
        assert self._planned() == {}
        if end == "pass":
            items = [ItemInput(reason_id("dirt_inside"))]
            return_watch(receipt_id=receipt.pk, items=items, actor=igor, at=AT)
            assert self._planned() == everything

    def test_a_return_after_the_morning_plans_the_rest_alone(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        receipt = make_submitted(cast, at=AT)
        self._change(cast, receipt, wall("25.11.2026 18:00"))
        pass_check(receipt_id=receipt.pk, actor=igor, at=AT)
        return_watch(
            receipt_id=receipt.pk,
            items=[ItemInput(reason_id("dirt_inside"))],
            actor=igor,
            at=wall("25.11.2026 12:00"),
        )
        assert set(self._planned()) == {"deadline_hour", "overdue"}

    def test_a_ready_watch_plans_nothing(self, cast: Cast) -> None:
        receipt = make_ready(cast, at=AT)
        self._change(cast, receipt, wall("25.11.2026 18:00"))
        assert self._planned() == {}

    def test_waiting_keeps_its_reminders(self, cast: Cast) -> None:
        receipt = make_receipt(cast, at=AT)
        self._change(cast, receipt, wall("25.11.2026 18:00"))
        reason = HoldReason.objects.get(code="parts").pk
        hold(receipt_id=receipt.pk, reason_id=reason, actor=cast.actor("igor"), at=AT)
        assert len(self._planned()) == 3

    def test_planning_twice_makes_no_second_row(self, cast: Cast) -> None:
        receipt = make_receipt(cast, at=AT)
        self._change(cast, receipt, wall("25.11.2026 18:00"))
        plan_reminders(Receipt.objects.get(), AT)
        assert Reminder.objects.count() == 3

    def test_the_urgent_list(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        rows = {name: make_worked(cast, at=AT) for name in ("late", "soon", "flag", "done", "none")}
        self._change(cast, rows["late"], AT + DAY)
        self._change(cast, rows["soon"], AT + 2 * DAY)
        self._change(cast, rows["done"], AT + DAY)
        set_urgent(receipt_id=rows["flag"].pk, urgent=True, actor=igor)
        pass_check(receipt_id=rows["done"].pk, actor=igor)
        names = {row.pk: name for name, row in rows.items()}

        def listed() -> list[str]:
            return [names[row.pk] for row in Receipt.objects.urgent_list()]

        assert listed() == ["flag", "late", "soon"]
        items = [ItemInput(reason_id("dirt_inside"))]
        return_watch(receipt_id=rows["done"].pk, items=items, actor=igor)
        assert listed() == ["flag", "late", "done", "soon"]
        assert [names[row.pk] for row in Receipt.objects.overdue(AT + DAY + DAY / 2)] == [
            "done", "late",
        ]  # fmt: skip
