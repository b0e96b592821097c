"""The services of receipts."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from history.models import Command, Event
from receipts.models import ChecklistItem, HoldReason, Operation, Receipt
from receipts.services import (
    assignment,
    calendars,
    catalogue,
    completing,
    customers,
    deadlines,
    facts,
    flow,
    intake,
    photos,
    postponing,
    quality,
    registration,
    returns,
    skills,
    subscriptions,
    undoing,
    voiding,
    watches,
    works,
)
from receipts.services.holidays import fill_holidays
from receipts.services.reminders import fire_due, note_reminder, snooze_reminder
from tests.cast import reason_id, type_id
from tests.domain.verbs.world import AT, HOUR, Cases, World, at, on

NOT_PRESSED = {
    "receipts.services.reminders.firing._tell": "inner part of fire_due, a job",
    "receipts.services.reminders.answers._repeat": "inner part of repeat_due, a job",
    "receipts.services.limits._tell": "inner part of tell_over_limits, a job",
    "receipts.services.summary.sum_day": "a job; writes an event and changes nothing",
}


def _undone(world: World) -> dict[str, Any]:
    pk = world.receipt("worked", "submitted")
    done = quality.pass_check(receipt_id=pk, actor=world.igor, at=AT)
    Command.objects.filter(pk=done.command.pk).update(created_at=AT)  # type: ignore[union-attr]
    return {"command_id": done.command.pk}  # type: ignore[union-attr]


def _reading(world: World) -> dict[str, Any]:
    pk = world.receipt("worked")
    reading = quality.ReadingInput(amplitude=280)
    done = world.do(quality.add_reading, receipt_id=pk, reading=reading)
    return {"receipt_id": pk, "reading_id": done.extra["reading_id"], "reason": "x"}


def _waiver(world: World) -> dict[str, Any]:
    pk = world.receipt()
    done = world.do(
        works.waive_work, receipt_id=pk, type_id=type_id("assembly"), reason_id=world.waiver()
    )
    return {"receipt_id": pk, "waiver_id": done.extra["waiver_id"], "reason": "x"}


def _voided_work(world: World) -> dict[str, Any]:
    pk = world.receipt("worked")
    operation = Operation.objects.get(receipt_id=pk).pk
    return {"receipt_id": pk, "operation_id": operation, "reason": "x"}


def _photo(world: World) -> dict[str, Any]:
    done = world.do(photos.add_photo, receipt_id=world.receipt(), source="x")
    return {"photo_id": done.object.pk, "reason": "x"}


def _digest(world: World) -> int:
    """A digest that told of a deadline which is an hour ahead."""
    deadline = world.before + timedelta(minutes=90)
    world.do(deadlines.change_deadline, receipt_id=world.receipt("worked"), deadline=deadline)
    world.before += timedelta(minutes=60)
    fire_due(at=world.before)
    return Event.objects.latest("pk").pk


MANAGER: Cases = [
    (
        calendars.create_calendar,
        at(name="x", weekly={0: [(time(9), time(18))]}),
    ),
    (
        calendars.set_week,
        at(calendar_id=World.calendar, weekly={0: [(time(9), time(18))]}),
    ),
    (
        calendars.set_day,
        at(calendar_id=World.calendar, day=date(2026, 12, 31)),
    ),
    (
        fill_holidays,
        at(calendar_id=World.calendar, year=2027, country="RU"),
    ),
    (
        catalogue.save_catalogue_row,
        at(catalogue="receipts.Metal", values={"code": "tin", "name": "Олово"}),
    ),
    (
        customers.merge_customers,
        at(kept_id=World.customer, merged_id=World.customer),
    ),
    (
        customers.erase_customer,
        at(customer_id=World.customer),
    ),
    (
        registration.void_receipt,
        on(reason="twice"),
    ),
    (
        skills.change_skills,
        at(employee_id=lambda w: w.cast.pavel.pk, type_ids=lambda _: [type_id("assembly")]),
    ),
]
INSPECTOR: Cases = [
    (note_reminder, at(digest_id=_digest)),
    (
        snooze_reminder,
        at(digest_id=_digest, choice="1h"),
    ),
    (
        assignment.assign,
        on(master_id=lambda w: w.cast.maxim.pk),
    ),
    (
        completing.complete_and_pass,
        on("submitted", works=lambda w: [w.work()]),
    ),
    (
        customers.create_customer,
        at(name="Ольга", phone="+79990000000"),
    ),
    (
        customers.change_customer,
        at(customer_id=World.customer, values={"name": "Анна"}),
    ),
    (
        deadlines.change_deadline,
        on(deadline=AT + HOUR),
    ),
    (facts.edit_facts, on(facts={"place": "A1"})),
    (facts.set_urgent, on(urgent=True)),
    (facts.add_comment, on(text="x")),
    (facts.revoke_public_link, on()),
    (
        flow.hold,
        on(reason_id=lambda _: HoldReason.objects.get(code="parts").pk),
    ),
    (
        postponing.postpone,
        on(reason_id=lambda _: HoldReason.objects.get(code="parts").pk, deadline=AT + HOUR),
    ),
    (flow.resume, on("worked", "held")),
    (flow.submit, on()),
    (
        flow.rework_order,
        on(
            "worked",
            "submitted",
            "passed",
            master_id=lambda w: w.cast.mark.pk,
            reason="x",
        ),
    ),
    (flow.refuse, on(reason_id=World.refusal)),
    (flow.reopen, on("refused", reason="x")),
    (
        flow.issue,
        on("worked", "passed", as_taken_in=True, received_by="Ольга"),
    ),
    (
        intake.take_in,
        at(number="IN-1", customer={"name": "Ольга"}, watch={"brand": "Ракета"}),
    ),
    (intake.attach, on(watch={"brand": "Ракета"})),
    (
        intake.fill_in,
        on(
            customer={"name": "Ольга"},
            watch={"brand": "Ракета"},
            facts={"complaint": "x"},
            deadline=AT + HOUR,
            urgent=True,
        ),
    ),
    (photos.add_photo, on(source="x")),
    (photos.void_photo, _photo),
    (quality.start_test_run, on(hours=24)),
    (
        quality.add_readings,
        on(
            "worked",
            readings=[
                quality.ReadingInput(rate=Decimal("4.5"), position="DU"),
                quality.ReadingInput(amplitude=270, position="DD"),
            ],
        ),
    ),
    (
        quality.add_reading,
        on(reading=quality.ReadingInput(rate=Decimal("1.5"))),
    ),
    (quality.void_reading, _reading),
    (
        quality.record_measurements,
        on(checklist=lambda _: {ChecklistItem.objects.get(code="hands").pk: True}),
    ),
    (quality.pass_check, on("worked")),
    (
        registration.register_receipt,
        at(number="R-1"),
    ),
    (
        registration.renumber_receipt,
        on(number="R-2", reason="x"),
    ),
    (
        returns.return_watch,
        on("worked", items=lambda _: [returns.ItemInput(reason_id("dirt_inside"))]),
    ),
    (
        returns.change_responsible,
        lambda w: w.item() | {"responsibility": "undecided", "reason": "x"},
    ),
    (
        returns.change_assembler,
        lambda w: {
            "receipt_id": (item := w.item())["receipt_id"],
            "return_id": Receipt.objects.get(pk=item["receipt_id"]).returns.get().pk,
            "assembler_id": w.cast.mark.pk,
            "reason": "x",
        },
    ),
    (undoing.undo, _undone),
    (
        voiding.void_decision,
        on("worked", "submitted", reason="x"),
    ),
    (
        watches.create_watch,
        at(values={"brand": "Ракета"}),
    ),
    (
        watches.change_watch,
        at(
            watch_id=lambda w: w.do(watches.create_watch, values={"brand": "x"}).object.pk,
            values={"brand": "y"},
        ),
    ),
    (works.record_work, on(works=lambda w: [w.work()])),
    (works.void_work, _voided_work),
    (
        works.waive_work,
        on(type_id=lambda _: type_id("assembly"), reason_id=World.waiver),
    ),
    (works.void_waiver, _waiver),
    (
        subscriptions.subscribe,
        at(token=World.link, telegram_id=4242),
    ),
    (
        subscriptions.unsubscribe,
        World.subscription,
    ),
    (
        subscriptions.end_blocked,
        World.subscription,
    ),
]
MASTER: Cases = [
    (assignment.accept, on("worked")),
    (assignment.decline, on("worked", reason="ill")),
    (
        returns.comment_return,
        lambda w: w.item() | {"text": "x"},
    ),
]
