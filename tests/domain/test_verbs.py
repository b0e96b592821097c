"""Laws 1, 8 and 9 for every public service: an event per change, one effect per key, ``at=``.

The services are found by looking; a new one fails here until it is pressed here too.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import TestCase, override_settings

from history.commands import CommandKey, Outcome
from history.models import Command, Event, Job, Outbox
from history.render import line
from history.verify import verify
from polishing.services import batches, moving, orders
from receipts.models import (
    ChecklistItem,
    HoldReason,
    Operation,
    Receipt,
    RefusalReason,
    WaiverReason,
)
from receipts.projection import differences
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
from staff import roles
from staff.services import accounts, doors, jobs, notices, people, telegram, work_group
from tests.cast import Cast, make_cast, reason_id, type_id
from tests.domain.snapshot import changed, everything, rolled_back
from workshop.lib.actor import Actor

FLOORS = ("staff", "receipts", "polishing")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Not verbs of a person: each with its reason.
NOT_PRESSED = {
    "staff.services.doors._tell": "inner part of refuse_access and refuse_sign_in",
    "receipts.services.reminders.firing._tell": "inner part of fire_due, a job",
    "receipts.services.reminders.answers._repeat": "inner part of repeat_due, a job",
    "receipts.services.limits._tell": "inner part of tell_over_limits, a job",
    "receipts.services.summary.sum_day": "a job; writes an event and changes nothing",
}


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function under ``services`` that takes an actor and a command."""
    for app in FLOORS:
        package = importlib.import_module(f"{app}.services")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, function in vars(module).items():
                if not inspect.isfunction(function) or function.__module__ != found.name:
                    continue
                is_public = not name.startswith("_") or hasattr(function, "__wrapped__")
                asks = {"actor", "command"} <= set(inspect.signature(function).parameters)
                if is_public and asks:
                    yield f"{found.name}.{name}", function


class World:
    """The cast, and receipts as a press needs them; everything happened before ``AT``."""

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


Case = tuple[Callable[..., Outcome[Any]], Callable[[World], dict[str, Any]]]
PASSWORD = "correct horse battery 9"


def _moved(world: World) -> dict[str, Any]:
    target, source = world.receipt(), world.receipt("worked")
    return {
        "what": "work",
        "record_id": Operation.objects.get(receipt_id=source).pk,
        "from_receipt_id": source,
        "to_receipt_id": target,
        "reason": "x",
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


def _expired(world: World) -> dict[str, Any]:
    due = AT - HOUR
    pk = world.do(batches.open_batch, polisher_id=world.cast.pavel.pk, due_at=due).object.pk
    return {"batch_id": pk}


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


def _job(_world: World) -> int:
    return Job.objects.get(name="history.sweep_outbox").pk


def on(*steps: str, **more: Any) -> Callable[[World], dict[str, Any]]:
    """Arguments: a receipt after these steps, and the rest (callables are given the world)."""

    def arguments(world: World) -> dict[str, Any]:
        ready = {name: v(world) if callable(v) else v for name, v in more.items()}
        return {"receipt_id": world.receipt(*steps)} | ready

    return arguments


def at(**more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {name: v(world) if callable(v) else v for name, v in more.items()}


MANAGER: dict[str, Case] = {
    "staff.services.accounts.create_user": (
        accounts.create_user,
        at(username="anna.office", password=PASSWORD, groups=[roles.GROUPS[roles.OWNER]]),
    ),
    "staff.services.accounts.rename_user": (
        accounts.rename_user,
        at(user_id=World.user, first_name="Анна", last_name="Офис"),
    ),
    "staff.services.accounts.change_groups": (
        accounts.change_groups,
        at(user_id=World.user, groups=[roles.GROUPS[roles.OWNER]]),
    ),
    "staff.services.accounts.set_user_active": (
        accounts.set_user_active,
        at(user_id=World.user, active=False),
    ),
    "staff.services.accounts.change_password": (
        accounts.change_password,
        at(user_id=World.user, password=PASSWORD),
    ),
    "staff.services.accounts.link_user": (
        accounts.link_user,
        at(user_id=World.user, employee_id=lambda w: w.cast.maxim.pk),
    ),
    "staff.services.doors.record_sign_in": (doors.record_sign_in, at(user_id=World.user)),
    "staff.services.people.add_employee": (people.add_employee, at(full_name="Новый Человек")),
    "staff.services.people.rename_employee": (
        people.rename_employee,
        at(employee_id=lambda w: w.cast.maxim.pk, full_name="Максим Иной"),
    ),
    "staff.services.people.change_roles": (
        people.change_roles,
        at(employee_id=lambda w: w.cast.maxim.pk, roles=["polisher"]),
    ),
    "staff.services.people.set_active": (
        people.set_active,
        at(employee_id=lambda w: w.cast.maxim.pk, active=False),
    ),
    "staff.services.people.set_absence": (
        people.set_absence,
        at(employee_id=lambda w: w.cast.maxim.pk, absent_until=date(2026, 12, 1)),
    ),
    "staff.services.jobs.switch_job": (jobs.switch_job, at(job_id=_job, enabled=False)),
    "staff.services.jobs.reschedule_job": (jobs.reschedule_job, at(job_id=_job, every=30)),
    "staff.services.jobs.ask_for_job": (jobs.ask_for_job, at(job_id=_job)),
    "staff.services.notices.mute_notices": (
        notices.mute_notices,
        at(employee_id=lambda w: w.cast.maxim.pk, kinds=["assignment"], muted=True),
    ),
    "staff.services.telegram.issue_invite": (
        telegram.issue_invite,
        at(employee_id=lambda w: w.do(people.add_employee, full_name="Кто То").object.pk),
    ),
    "staff.services.telegram.unbind_telegram": (
        telegram.unbind_telegram,
        at(employee_id=lambda w: w.cast.maxim.pk),
    ),
    "staff.services.telegram.set_language": (
        telegram.set_language,
        at(employee_id=lambda w: w.cast.maxim.pk, language="en"),
    ),
    "staff.services.telegram.set_username": (
        telegram.set_username,
        at(employee_id=lambda w: w.cast.maxim.pk, username="@maxim"),
    ),
    "receipts.services.calendars.create_calendar": (
        calendars.create_calendar,
        at(name="x", weekly={0: [(time(9), time(18))]}),
    ),
    "receipts.services.calendars.set_week": (
        calendars.set_week,
        at(calendar_id=World.calendar, weekly={0: [(time(9), time(18))]}),
    ),
    "receipts.services.calendars.set_day": (
        calendars.set_day,
        at(calendar_id=World.calendar, day=date(2026, 12, 31)),
    ),
    "receipts.services.holidays.fill_holidays": (
        fill_holidays,
        at(calendar_id=World.calendar, year=2027, country="RU"),
    ),
    "receipts.services.catalogue.save_catalogue_row": (
        catalogue.save_catalogue_row,
        at(catalogue="receipts.Metal", values={"code": "tin", "name": "Олово"}),
    ),
    "receipts.services.customers.merge_customers": (
        customers.merge_customers,
        at(kept_id=World.customer, merged_id=World.customer),
    ),
    "receipts.services.customers.erase_customer": (
        customers.erase_customer,
        at(customer_id=World.customer),
    ),
    "receipts.services.registration.void_receipt": (
        registration.void_receipt,
        on(reason="twice"),
    ),
    "receipts.services.skills.change_skills": (
        skills.change_skills,
        at(employee_id=lambda w: w.cast.pavel.pk, type_ids=lambda _: [type_id("assembly")]),
    ),
}
INSPECTOR: dict[str, Case] = {
    "receipts.services.reminders.answers.note_reminder": (note_reminder, at(digest_id=_digest)),
    "receipts.services.reminders.answers.snooze_reminder": (
        snooze_reminder,
        at(digest_id=_digest, choice="1h"),
    ),
    "receipts.services.assignment.assign": (
        assignment.assign,
        on(master_id=lambda w: w.cast.maxim.pk),
    ),
    "receipts.services.completing.complete_and_pass": (
        completing.complete_and_pass,
        on("submitted", works=lambda w: [w.work()]),
    ),
    "receipts.services.customers.create_customer": (
        customers.create_customer,
        at(name="Ольга", phone="+79990000000"),
    ),
    "receipts.services.customers.change_customer": (
        customers.change_customer,
        at(customer_id=World.customer, values={"name": "Анна"}),
    ),
    "receipts.services.deadlines.change_deadline": (
        deadlines.change_deadline,
        on(deadline=AT + HOUR),
    ),
    "receipts.services.facts.edit_facts": (facts.edit_facts, on(facts={"place": "A1"})),
    "receipts.services.facts.set_urgent": (facts.set_urgent, on(urgent=True)),
    "receipts.services.facts.add_comment": (facts.add_comment, on(text="x")),
    "receipts.services.facts.revoke_public_link": (facts.revoke_public_link, on()),
    "receipts.services.flow.hold": (
        flow.hold,
        on(reason_id=lambda _: HoldReason.objects.get(code="parts").pk),
    ),
    "receipts.services.postponing.postpone": (
        postponing.postpone,
        on(reason_id=lambda _: HoldReason.objects.get(code="parts").pk, deadline=AT + HOUR),
    ),
    "receipts.services.flow.resume": (flow.resume, on("worked", "held")),
    "receipts.services.flow.submit": (flow.submit, on()),
    "receipts.services.flow.rework_order": (
        flow.rework_order,
        on(
            "worked",
            "submitted",
            "passed",
            master_id=lambda w: w.cast.mark.pk,
            reason="x",
        ),
    ),
    "receipts.services.flow.refuse": (flow.refuse, on(reason_id=World.refusal)),
    "receipts.services.flow.reopen": (flow.reopen, on("refused", reason="x")),
    "receipts.services.flow.issue": (
        flow.issue,
        on("worked", "passed", as_taken_in=True, received_by="Ольга"),
    ),
    "receipts.services.intake.take_in": (
        intake.take_in,
        at(number="IN-1", customer={"name": "Ольга"}, watch={"brand": "Ракета"}),
    ),
    "receipts.services.intake.attach": (intake.attach, on(watch={"brand": "Ракета"})),
    "receipts.services.photos.add_photo": (photos.add_photo, on(source="x")),
    "receipts.services.photos.void_photo": (photos.void_photo, _photo),
    "receipts.services.quality.start_test_run": (quality.start_test_run, on(hours=24)),
    "receipts.services.quality.add_readings": (
        quality.add_readings,
        on(
            "worked",
            readings=[
                quality.ReadingInput(rate=Decimal("4.5"), position="DU"),
                quality.ReadingInput(amplitude=270, position="DD"),
            ],
        ),
    ),
    "receipts.services.quality.add_reading": (
        quality.add_reading,
        on(reading=quality.ReadingInput(rate=Decimal("1.5"))),
    ),
    "receipts.services.quality.void_reading": (quality.void_reading, _reading),
    "receipts.services.quality.record_measurements": (
        quality.record_measurements,
        on(checklist=lambda _: {ChecklistItem.objects.get(code="hands").pk: True}),
    ),
    "receipts.services.quality.pass_check": (quality.pass_check, on("worked")),
    "receipts.services.registration.register_receipt": (
        registration.register_receipt,
        at(number="R-1"),
    ),
    "receipts.services.registration.renumber_receipt": (
        registration.renumber_receipt,
        on(number="R-2", reason="x"),
    ),
    "receipts.services.returns.return_watch": (
        returns.return_watch,
        on("worked", items=lambda _: [returns.ItemInput(reason_id("dirt_inside"))]),
    ),
    "receipts.services.returns.change_responsible": (
        returns.change_responsible,
        lambda w: w.item() | {"responsibility": "undecided", "reason": "x"},
    ),
    "receipts.services.returns.change_assembler": (
        returns.change_assembler,
        lambda w: {
            "receipt_id": (item := w.item())["receipt_id"],
            "return_id": Receipt.objects.get(pk=item["receipt_id"]).returns.get().pk,
            "assembler_id": w.cast.mark.pk,
            "reason": "x",
        },
    ),
    "receipts.services.undoing.undo": (undoing.undo, _undone),
    "receipts.services.voiding.void_decision": (
        voiding.void_decision,
        on("worked", "submitted", reason="x"),
    ),
    "receipts.services.watches.create_watch": (
        watches.create_watch,
        at(values={"brand": "Ракета"}),
    ),
    "receipts.services.watches.change_watch": (
        watches.change_watch,
        at(
            watch_id=lambda w: w.do(watches.create_watch, values={"brand": "x"}).object.pk,
            values={"brand": "y"},
        ),
    ),
    "receipts.services.works.record_work": (works.record_work, on(works=lambda w: [w.work()])),
    "receipts.services.works.void_work": (works.void_work, _voided_work),
    "receipts.services.works.waive_work": (
        works.waive_work,
        on(type_id=lambda _: type_id("assembly"), reason_id=World.waiver),
    ),
    "receipts.services.works.void_waiver": (works.void_waiver, _waiver),
    "polishing.services.batches.open_batch": (
        batches.open_batch,
        at(polisher_id=lambda w: w.cast.pavel.pk),
    ),
    "polishing.services.batches.flag_expired": (batches.flag_expired, _expired),
    "polishing.services.moving.move_record": (moving.move_record, _moved),
    "polishing.services.orders.send_to_polishing": (
        orders.send_to_polishing,
        on(polisher_id=lambda w: w.cast.pavel.pk),
    ),
    "polishing.services.orders.take_back": (orders.take_back, at(order_id=World.order)),
    "polishing.services.orders.reopen_order": (
        orders.reopen_order,
        at(order_id=lambda w: w.order(back=True), reason="x"),
    ),
    "polishing.services.orders.void_order": (
        orders.void_order,
        at(order_id=World.order, reason="x"),
    ),
    "polishing.services.orders.correct_order": (
        orders.correct_order,
        at(order_id=World.order, changes={"difficult": True}, reason="x"),
    ),
}
INSPECTOR |= {
    "staff.services.work_group.link_work_group": (
        work_group.link_work_group,
        at(chat_id=-5, title="Мастерская"),
    ),
    "staff.services.work_group.unlink_work_group": (
        work_group.unlink_work_group,
        at(chat_id=World.group),
    ),
    "staff.services.work_group.move_work_group": (
        work_group.move_work_group,
        at(old_chat_id=World.group, new_chat_id=-100500),
    ),
    "receipts.services.subscriptions.subscribe": (
        subscriptions.subscribe,
        at(token=World.link, telegram_id=4242),
    ),
    "receipts.services.subscriptions.unsubscribe": (
        subscriptions.unsubscribe,
        World.subscription,
    ),
    "receipts.services.subscriptions.end_blocked": (
        subscriptions.end_blocked,
        World.subscription,
    ),
}
MASTER: dict[str, Case] = {
    "receipts.services.assignment.accept": (assignment.accept, on("worked")),
    "receipts.services.assignment.decline": (assignment.decline, on("worked", reason="ill")),
    "receipts.services.returns.comment_return": (
        returns.comment_return,
        lambda w: w.item() | {"text": "x"},
    ),
}
# The event names the person who has proved himself, not the stranger who came.
PROVES_HIMSELF = "staff.services.telegram.accept_invite"


def _ids(cases: dict[str, Case]) -> list[str]:
    return sorted(cases)


class TestEveryService(TestCase):
    world: World

    @classmethod
    def setUpTestData(cls) -> None:
        cls.world = World()

    def _press(self, name: str, case: Case, actor: Actor, who: Actor | None = None) -> None:
        service, arguments = case
        values = arguments(self.world)
        key = CommandKey("bot:1", f"press:{name}")
        last = Event.objects.latest("pk").pk
        outcome = service(actor=actor, command=key, at=AT, **values)

        events = list(Event.objects.filter(pk__gt=last).order_by("pk"))
        assert events, "a change without an event"
        assert outcome.command is not None
        assert [event.command_id for event in events] == [outcome.command.pk] * len(events)
        assert [event.ordinal for event in events] == list(range(1, len(events) + 1))
        for event in events:
            self._check_event(event, who or actor)
        assert Outbox.objects.filter(event__in=events).count() == len(events)
        for stream in {event.stream for event in events}:
            assert list(verify(stream=stream)) == []
            kind, _, pk = stream.partition(":")
            if kind == "receipt":
                assert differences(Receipt.objects.get(pk=pk)) == {}

        stored = everything()
        again = service(actor=actor, command=key, at=AT + 5 * HOUR, **values)
        assert again.replayed
        assert (again.object.pk, dict(again.extra)) == (outcome.object.pk, dict(outcome.extra))
        assert changed(stored, everything()) == []

    def _check_event(self, event: Event, who: Actor) -> None:
        assert (event.actor_kind, event.actor_id, event.actor_label) == (
            who.kind, who.id, who.label,
        )  # fmt: skip
        assert (event.actor_telegram_id, event.channel) == (who.telegram_id, who.channel.name)
        assert event.occurred_at == AT
        assert line(event).words

    def test_a_managers(self) -> None:
        for name in _ids(MANAGER):
            with self.subTest(name), rolled_back():
                self._press(name, MANAGER[name], self.world.anna)

    def test_an_inspectors(self) -> None:
        for name in _ids(INSPECTOR):
            with self.subTest(name), rolled_back():
                self._press(name, INSPECTOR[name], self.world.igor)

    @override_settings(WORKSHOP_SELF_SERVICE=True)
    def test_a_masters(self) -> None:
        for name in _ids(MASTER):
            with self.subTest(name), rolled_back():
                self._press(name, MASTER[name], self.world.cast.actor("maxim"))

    def test_who_accepts_an_invite(self) -> None:
        person = self.world.cast.maxim
        token = self.world.invite(person.pk)
        person.refresh_from_db()
        before = self.world.cast.actor("maxim")
        bound = Actor(
            kind=before.kind,
            id=before.id,
            label=before.label,
            channel=before.channel,
            telegram_id=777,
        )
        case: Case = (telegram.accept_invite, at(token=token, telegram_id=777))
        self._press(PROVES_HIMSELF, case, before, bound)


def test_every_service_is_pressed() -> None:
    found = {name for name, _function in services()}
    pressed = {*MANAGER, *INSPECTOR, *MASTER, PROVES_HIMSELF, *NOT_PRESSED}
    assert found - pressed == set(), "press the new service here"
    assert pressed - found == set(), "these services are gone"


@pytest.mark.parametrize(
    ("name", "function"), [pytest.param(*found, id=found[0]) for found in services()]
)
def test_every_service_takes_keywords_and_the_time(name: str, function: Callable[..., Any]) -> None:
    parameters = inspect.signature(function).parameters
    assert "at" in parameters
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert function.__doc__ or name in NOT_PRESSED
