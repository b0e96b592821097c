"""Undo: 15 minutes, the same person, and nothing recorded after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from history.commands import CommandKey, Outcome
from history.models import Event
from polishing.models import PolishingOrder
from polishing.services.batches import open_batch
from polishing.services.orders import send_to_polishing, take_back
from receipts.models import (
    ChecklistItem,
    DeadlineCause,
    Metal,
    Operation,
    Receipt,
    Reminder,
    WaiverReason,
    Watch,
)
from receipts.projection import differences
from receipts.services.assignment import accept, assign, decline
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment, edit_facts, revoke_public_link, set_urgent
from receipts.services.flow import issue, submit
from receipts.services.intake import fill_in
from receipts.services.photos import add_photo
from receipts.services.quality import (
    ReadingInput,
    add_reading,
    add_readings,
    pass_check,
    record_measurements,
    start_test_run,
)
from receipts.services.registration import register_receipt, void_receipt
from receipts.services.returns import ItemInput, return_watch
from receipts.services.undoing import undo
from receipts.services.watches import change_watch
from receipts.services.works import WorkInput, record_work, waive_work
from staff.services.people import change_roles, set_active
from tests.cast import Cast, make_cast, make_submitted, make_worked, reason_id, type_id
from tests.domain.snapshot import refused
from tests.domain.standing import kinds_of, standing
from workshop.lib import clock
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FAR = datetime(2099, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@dataclass(frozen=True)
class Case:
    start: Callable[[Cast], Receipt]
    press: Callable[[Cast, int], Outcome[Any]]
    kinds: list[str]


def _returned(cast: Cast, pk: int) -> Outcome[Any]:
    """Forgotten work recorded, sent back and handed on: one command, three decisions."""
    return return_watch(
        receipt_id=pk,
        items=[ItemInput(reason_id("mechanism_defect"), "person", cast.mark.pk)],
        works=[WorkInput(type_id("mechanism"), cast.mark.pk)],
        hand_to_id=cast.mark.pk,
        actor=cast.actor("igor"),
    )


def _taken_back(cast: Cast, pk: int) -> Outcome[Any]:
    order = PolishingOrder.objects.get(receipt_id=pk)
    return take_back(order_id=order.pk, actor=cast.actor("igor"))


def _at_the_polisher(cast: Cast) -> Receipt:
    receipt = make_worked(cast)
    igor = cast.actor("igor")
    batch = open_batch(polisher_id=cast.pavel.pk, actor=igor).object
    send_to_polishing(
        receipt_id=receipt.pk, polisher_id=cast.pavel.pk, batch_id=batch.pk, actor=igor
    )
    return Receipt.objects.get(pk=receipt.pk)


def _customers_wish() -> int:
    return DeadlineCause.objects.filter(replaces_promise=True)[0].pk


def _with_deadline(cast: Cast) -> Receipt:
    receipt = make_worked(cast)
    change_deadline(receipt_id=receipt.pk, deadline=FAR, actor=cast.actor("ivan"))
    change_deadline(receipt_id=receipt.pk, deadline=FAR - HOUR, actor=cast.actor("ivan"))
    return receipt


def _measured(cast: Cast) -> Receipt:
    receipt = make_submitted(cast)
    reading = ReadingInput(rate=Decimal(5))
    add_reading(receipt_id=receipt.pk, reading=reading, actor=cast.actor("ivan"))
    return receipt


def _running(cast: Cast) -> Receipt:
    receipt = make_submitted(cast)
    start_test_run(receipt_id=receipt.pk, hours=24, actor=cast.actor("ivan"))
    return receipt


def _items(count: int) -> list[int]:
    return list(ChecklistItem.objects.active().values_list("pk", flat=True)[:count])


def _tested(cast: Cast) -> Receipt:
    receipt = make_submitted(cast)
    record_measurements(
        receipt_id=receipt.pk,
        water_bar=Decimal("3.0"),
        water_result="passed",
        checklist={_items(1)[0]: True},
        actor=cast.actor("ivan"),
    )
    return receipt


def _known(cast: Cast) -> Receipt:
    receipt = make_worked(cast)
    fill_in(
        receipt_id=receipt.pk,
        customer={"name": "Pyotr"},
        watch={"brand": "Omega", "serial": "123", "metal": Metal.objects.all()[0].pk},
        facts={"complaint": "stops", "prepayment": "1500", "agreed_works": [type_id("assembly")]},
        actor=cast.actor("ivan"),
    )
    return receipt


def _press(service: Callable[..., Outcome[Any]], **values: Any) -> Callable[..., Outcome[Any]]:
    def press(cast: Cast, pk: int) -> Outcome[Any]:
        ready = {k: v(cast) if callable(v) else v for k, v in values.items()}
        return service(receipt_id=pk, actor=cast.actor("igor"), **ready)

    return press


CASES = {
    "pass": Case(make_submitted, _press(pass_check), ["decision_voided"]),
    "submit": Case(make_worked, _press(submit), ["decision_voided"]),
    "assign": Case(
        make_worked, _press(assign, master_id=lambda c: c.mark.pk), ["decision_voided"]
    ),
    "return with work and hand-over": Case(
        make_submitted, _returned, ["decision_voided", "decision_voided", "work_voided"]
    ),
    "two works": Case(
        make_worked,
        _press(
            record_work,
            works=lambda c: [
                WorkInput(type_id("mechanism"), c.mark.pk),
                WorkInput(type_id("assembly"), c.mark.pk),
            ],
        ),
        ["work_voided", "work_voided"],
    ),
    "waiver": Case(
        make_worked,
        _press(
            waive_work,
            type_id=lambda _: type_id("assembly"),
            reason_id=lambda _: WaiverReason.objects.get(code="other").pk,
        ),
        ["waiver_voided"],
    ),
    "urgent": Case(make_worked, _press(set_urgent, urgent=True), ["urgency_changed"]),
    "deadline": Case(make_worked, _press(change_deadline, deadline=FAR), ["deadline_changed"]),
    "another deadline, another promise": Case(
        _with_deadline,
        _press(change_deadline, deadline=FAR + HOUR, cause_id=lambda _: _customers_wish()),
        ["deadline_changed"],
    ),
    "no deadline any more": Case(
        _with_deadline, _press(change_deadline, deadline=None), ["deadline_changed"]
    ),
    "comment": Case(make_worked, _press(add_comment, text="a remark"), ["comment_voided"]),
    "photo": Case(make_worked, _press(add_photo, source="x"), ["photo_voided"]),
    "first readings": Case(
        make_worked,
        _press(add_readings, readings=[ReadingInput(rate=Decimal(1)), ReadingInput(amplitude=9)]),
        ["reading_voided", "reading_voided"],
    ),
    "one more reading": Case(
        _measured,
        _press(add_reading, reading=ReadingInput(rate=Decimal(1))),
        ["reading_voided"],
    ),
    "test run": Case(make_worked, _press(start_test_run, hours=24), ["test_run_cancelled"]),
    "longer test run": Case(
        _running, _press(start_test_run, hours=72), ["test_run_cancelled"]
    ),
    "water and power reserve measured again": Case(
        _tested,
        _press(record_measurements, water_result="failed", power_reserve_hours=Decimal(40)),
        ["check_measured"],
    ),
    "first measurements": Case(
        make_worked,
        _press(
            record_measurements,
            water_bar=Decimal(5),
            water_result="passed",
            checklist=lambda _: dict.fromkeys(_items(3), True),
        ),
        ["check_measured"],
    ),
    "checklist, an answer changed and one more": Case(
        _tested,
        _press(record_measurements, checklist=lambda _: dict.fromkeys(_items(2), False)),
        ["check_measured"],
    ),
    "facts": Case(
        _known,
        _press(
            edit_facts,
            facts=lambda c: {
                "complaint": "", "do_not_polish": True, "links_count": 3, "prepayment": "10,5",
                "visit_kind": "warranty", "agreed_works": [type_id("mechanism")],
                "repeats": make_worked(c).pk, "customer": None,
            },
        ),
        ["facts_changed"],
    ),
    "a whole form": Case(
        _known,
        _press(
            fill_in,
            customer={"name": "Olga", "phone": "+79161234567"},
            watch=lambda _: Watch.objects.get().pk,
            watch_values={"model": "Seamaster", "calibre": "1120"},
            facts={"complaint": "runs fast", "declared_value": 500},
            deadline=FAR,
            urgent=True,
        ),
        ["facts_changed", "urgency_changed", "deadline_changed"],
    ),
    "polishing sent": Case(
        make_worked,
        _press(send_to_polishing, polisher_id=lambda c: c.pavel.pk, bracelet=True),
        ["polishing_voided"],
    ),
    "polishing taken back": Case(
        _at_the_polisher, _taken_back, ["work_voided", "polishing_reopened"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_everything_is_as_before(cast: Cast, name: str) -> None:
    case = CASES[name]
    receipt = case.start(cast)
    before = standing(receipt.pk)
    done = case.press(cast, receipt.pk)
    assert done.command is not None
    last = Event.objects.latest("pk").pk
    key = CommandKey("bot:1", "undo-1")
    undone = undo(command_id=done.command.pk, actor=cast.actor("igor"), command=key)

    assert standing(receipt.pk) == before
    events = Event.objects.filter(pk__gt=last, stream=receipt.stream).order_by("pk")
    assert [event.kind.removeprefix("receipt.") for event in events] == case.kinds
    assert {event.command_id for event in events} == {undone.command.pk}  # type: ignore[union-attr]
    assert differences(Receipt.objects.get(pk=receipt.pk)) == {}
    count = Event.objects.count()
    assert undo(command_id=done.command.pk, actor=cast.actor("igor"), command=key).replayed
    assert Event.objects.count() == count
    with refused(RuleViolation, "undo.overtaken"):
        undo(command_id=done.command.pk, actor=cast.actor("igor"))


def test_the_batch_is_open_again_when_its_last_order_is(cast: Cast) -> None:
    receipt = _at_the_polisher(cast)
    done = _taken_back(cast, receipt.pk)
    order = PolishingOrder.objects.get()
    assert order.batch is not None
    assert order.batch.closed_at is not None
    undo(command_id=done.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]
    order.batch.refresh_from_db()
    assert order.batch.closed_at is None
    kinds = Event.objects.filter(stream=order.batch.stream).order_by("sequence")
    assert list(kinds.values_list("kind", flat=True)) == [
        "batch.opened", "batch.closed", "batch.reopened",
    ]  # fmt: skip


def test_the_fifteen_minutes(cast: Cast) -> None:
    receipt = make_submitted(cast)
    done = pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    command = done.command
    assert command is not None
    late = command.created_at + 15 * MINUTE
    with refused(RuleViolation, "undo.too_late"):
        undo(command_id=command.pk, actor=cast.actor("igor"), at=late + timedelta(microseconds=1))
    undo(command_id=command.pk, actor=cast.actor("igor"), at=late)
    assert Receipt.objects.get(pk=receipt.pk).status == "quality_control"


@pytest.mark.parametrize("who", ["ivan", "anna", "maxim"])
def test_nobody_undoes_anothers_press(cast: Cast, who: str) -> None:
    receipt = make_submitted(cast)
    done = pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    with refused(NotAllowed, "undo.not_yours"):
        undo(command_id=done.command.pk, actor=cast.actor(who))  # type: ignore[union-attr]


@pytest.mark.parametrize("leave", ["deactivated", "demoted"])
def test_who_left_undoes_nothing(cast: Cast, leave: str) -> None:
    receipt = make_submitted(cast)
    done = pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    anna = cast.actor("anna")
    if leave == "deactivated":
        set_active(employee_id=cast.igor.pk, active=False, actor=anna)
    else:
        change_roles(employee_id=cast.igor.pk, roles=["polisher"], actor=anna)
    cast.igor.refresh_from_db()
    with refused(NotAllowed, "access.not_allowed"):
        undo(command_id=done.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]


def test_a_master_undoes_his_own_presses_with_self_service(cast: Cast, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    receipt = make_worked(cast)
    maxim = cast.actor("maxim")
    for service, more in ((accept, {}), (submit, {}), (decline, {"reason": "ill"})):
        if service is decline:
            assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=cast.actor("igor"))
            assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"))
        before = standing(receipt.pk)
        done: Any = service(receipt_id=receipt.pk, actor=maxim, **more)  # type: ignore[arg-type]
        undo(command_id=done.command.pk, actor=maxim)
        assert standing(receipt.pk) == before


def test_whatever_came_after_it_stops_it(cast: Cast) -> None:
    receipt = make_submitted(cast)
    done = pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    add_comment(receipt_id=receipt.pk, text="a remark", actor=cast.actor("ivan"))
    with refused(RuleViolation, "undo.overtaken"):
        undo(command_id=done.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]


def test_another_receipt_does_not_stop_it(cast: Cast) -> None:
    receipt, other = make_submitted(cast), make_submitted(cast)
    done = pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    pass_check(receipt_id=other.pk, actor=cast.actor("igor"))
    undo(command_id=done.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]
    assert Receipt.objects.get(pk=receipt.pk).status == "quality_control"
    assert Receipt.objects.get(pk=other.pk).status == "ready"


def test_a_no_op_has_nothing_to_undo(cast: Cast) -> None:
    receipt = make_submitted(cast)
    done = submit(receipt_id=receipt.pk, actor=cast.actor("igor"))
    assert done.already is not None
    with refused(NotFound, "undo.nothing"):
        undo(command_id=done.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]
    with refused(NotFound, "undo.nothing"):
        undo(command_id=10**9, actor=cast.actor("igor"))


def test_what_cannot_be_undone_says_so_and_changes_nothing(cast: Cast) -> None:
    receipt = make_worked(cast)
    done = revoke_public_link(receipt_id=receipt.pk, actor=cast.actor("igor"))
    with refused(RuleViolation, "undo.impossible"):
        undo(command_id=done.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]


def test_a_watch_that_was_changed_again_is_not_put_back(cast: Cast) -> None:
    receipt = _known(cast)
    igor, watch = cast.actor("igor"), Watch.objects.get()
    done = fill_in(
        receipt_id=receipt.pk, watch=watch.pk, watch_values={"model": "A"},
        facts={"place": "1"}, actor=igor,
    )  # fmt: skip
    change_watch(watch_id=watch.pk, values={"model": "B"}, actor=igor)
    with refused(RuleViolation, "undo.overtaken"):
        undo(command_id=done.command.pk, actor=igor)  # type: ignore[union-attr]


def test_a_receipt_just_registered_goes_with_all_that_came_with_it(cast: Cast) -> None:
    """Also by an inspector, whom voiding a receipt is denied later: a slip of the thumb."""
    igor = cast.actor("igor")
    facts = {"complaint": "stops"}
    done = register_receipt(number="U-1", urgent=True, deadline=FAR, facts=facts, actor=igor)
    pk = done.object.pk
    with refused(NotAllowed, "undo.not_yours"):
        undo(command_id=done.command.pk, actor=cast.actor("ivan"))  # type: ignore[union-attr]
    with refused(NotAllowed, "access.not_allowed"):
        void_receipt(receipt_id=pk, reason="x", actor=igor)
    undo(command_id=done.command.pk, actor=igor)  # type: ignore[union-attr]
    after = Receipt.objects.get(pk=pk)
    assert after.is_void
    assert after.void_reason
    assert differences(after) == {}
    assert kinds_of(after)[-1] == "receipt.voided"
    assert not Reminder.objects.filter(receipt=after, fate=Reminder.Fate.PLANNED).exists()
    assert register_receipt(number="U-1", actor=igor).object.pk != pk


def test_a_receipt_on_which_something_stands_is_not_undone(cast: Cast) -> None:
    igor = cast.actor("igor")
    done = register_receipt(number="U-2", actor=igor)
    add_comment(receipt_id=done.object.pk, text="a remark", actor=igor)
    with refused(RuleViolation, "undo.overtaken"):
        undo(command_id=done.command.pk, actor=igor)  # type: ignore[union-attr]


def test_the_promise_of_an_undone_deadline_is_none(cast: Cast) -> None:
    """The next one is the first promise again, and no change is counted."""
    receipt = make_worked(cast)
    igor = cast.actor("igor")
    done = change_deadline(receipt_id=receipt.pk, deadline=FAR, actor=igor)
    undo(command_id=done.command.pk, actor=igor)  # type: ignore[union-attr]
    change_deadline(receipt_id=receipt.pk, deadline=FAR + HOUR, actor=igor)
    after = Receipt.objects.get(pk=receipt.pk)
    assert (after.first_promise, after.deadline_changes) == (FAR + HOUR, 0)
    assert differences(after) == {}


@pytest.mark.parametrize("what", ["pass", "urgent"])
def test_an_undo_is_not_undone(cast: Cast, what: str) -> None:
    case = CASES[what]
    done = case.press(cast, case.start(cast).pk)
    undone = undo(command_id=done.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]
    with refused(RuleViolation, "undo.impossible"):
        undo(command_id=undone.command.pk, actor=cast.actor("igor"))  # type: ignore[union-attr]


def test_an_undone_hand_over_is_at_the_workshop_again(cast: Cast) -> None:
    receipt = make_submitted(cast)
    igor = cast.actor("igor")
    pass_check(receipt_id=receipt.pk, actor=igor)
    done = issue(receipt_id=receipt.pk, received_by="Olga", as_taken_in=True, actor=igor)
    undo(command_id=done.command.pk, actor=igor, at=clock.now())  # type: ignore[union-attr]
    after = Receipt.objects.get(pk=receipt.pk)
    assert (after.status, after.issued_at, after.received_by) == ("ready", None, "")
    assert Operation.objects.valid().count() == 1
