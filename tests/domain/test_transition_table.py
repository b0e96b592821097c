"""Spec 1.4 written out once more: status × verb × role, every forbidden triple included.

The tables below are written by hand and know nothing of ``receipts.states``. A cell is the status
after the verb; ``=`` already done (success, no event); ``.`` the status stays; ``-`` impossible;
``!code`` a rule in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import TestCase, override_settings

from history.commands import Outcome
from history.models import Event
from polishing.models import PolishingOrder
from polishing.services.moving import move_record
from polishing.services.orders import correct_order, send_to_polishing, take_back
from receipts.models import (
    HoldReason,
    Operation,
    Receipt,
    RefusalReason,
    ReturnItem,
    WaiverReason,
)
from receipts.selectors import possible_verbs
from receipts.services.assignment import accept, assign, decline
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment, edit_facts, set_urgent
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order, submit
from receipts.services.photos import add_photo, void_photo
from receipts.services.quality import ReadingInput, add_reading, pass_check, start_test_run
from receipts.services.registration import renumber_receipt, void_receipt
from receipts.services.returns import ItemInput, change_responsible, return_watch
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work, void_work, waive_work
from receipts.states import VERBS
from staff.actors import employee_actor, stranger_actor
from staff.models import Employee
from staff.services.people import set_active
from tests.cast import Cast, make_cast, make_order, make_receipt, reason_id, type_id
from tests.domain.snapshot import changed, everything, rolled_back
from workshop.lib import clock
from workshop.lib.actor import BOT, Actor, Channel, system_actor
from workshop.lib.errors import (
    IllegalTransition,
    NotAllowed,
    RuleViolation,
    WorkshopError,
)

STATUSES = (
    "received", "in_work", "on_hold", "returned", "quality_control", "ready", "issued", "refused",
)  # fmt: skip

# verb: cells in the order of STATUSES | kinds of the events written
TABLE = """
assign         in_work in_work in_work in_work in_work - - -          | assigned
assign_same    in_work = in_work in_work in_work - - -                | assigned
accept         - = - - - - - -                                        |
decline        - !receipts.already_accepted - - - - - -               |
hold           on_hold on_hold - on_hold on_hold - - -                | held
resume         - - in_work - - - - -                                  | resumed
submit         quality_control quality_control - quality_control = - - -  | submitted
pass           ready ready - ready ready = - -                        | passed
return         returned returned - - returned returned - -            | returned
rework_order   - - - - - in_work - -                                  | rework_ordered
issue          - - - - - issued = issued                              | issued
refuse         refused refused refused refused refused refused - =    | refused
reopen         - - - - - - - in_work                                  | reopened
void_decision  !receipts.nothing_to_void returned in_work quality_control in_work quality_control ready in_work | decision_voided
record_work    . . . . . . - .                                        | work_recorded
void_work      . . . . . . - .                                        | work_voided
waive          . . . . . . - .                                        | work_waived
reading        . . . . . . - .                                        | reading_added
test_run       . . . . . . - .                                        | test_run_started
photo          . . . . . . - .                                        | photo_added
comment        . . . . . . - .                                        | comment_added
polishing_send . . . . . . - .                                        | polishing_sent
polishing_take_back . . . . . . = .                                   | work_recorded polishing_taken_back
polishing_correct   . . . . . . - .                                   | polishing_corrected
deadline       . . . . . . - .                                        | deadline_changed
urgent         . . . . . . - .                                        | urgency_changed
facts          . . . . . . - .                                        | facts_changed
renumber       . . . . . . - .                                        | renumbered
move           . . . . . . - .                                        | work_voided work_recorded record_moved record_moved
void_photo     . . . . . . . .                                        | photo_voided
change_responsible . . . . . . . .                                    | responsible_changed
void_receipt   . - - - - - - -                                        | voided
"""  # noqa: E501
SELF_SERVICE = """
accept         - . - - - - - -                                        | accepted
decline        - in_work - - - - - -                                  | declined
submit         quality_control quality_control - quality_control = - - -  | submitted
"""

# Who may; with self-service a master may three verbs more, on his own watch alone.
EVERYTHING = frozenset(line.split()[0] for line in TABLE.strip().splitlines())
MAY = {
    "system": EVERYTHING,
    "manager": EVERYTHING,
    "inspector": EVERYTHING - {"accept", "decline", "void_receipt"},
    "own master": frozenset(),
    "other master": frozenset(),
    "polisher": frozenset(),
    "owner": frozenset(),
    "nobody": frozenset(),
    "deactivated inspector": frozenset(),
}
MASTER_MAY = frozenset({"accept", "decline", "submit"})
HAS_A_MASTER = {"in_work", "on_hold", "returned", "quality_control", "refused"}


@dataclass(frozen=True)
class Row:
    cells: dict[str, str]
    kinds: list[str]


def parse(table: str) -> dict[str, Row]:
    rows = {}
    for line in table.strip().splitlines():
        left, _, right = line.partition("|")
        verb, *cells = left.split()
        kinds = [f"receipt.{kind}" for kind in right.split()]
        rows[verb] = Row(dict(zip(STATUSES, cells, strict=True)), kinds)
    return rows


@dataclass
class Bench:
    """One receipt per status; ``spare`` carries its registration alone."""

    cast: Cast
    spare: Receipt
    receipts: dict[str, Receipt] = field(default_factory=dict)

    def igor(self) -> Actor:
        return self.cast.actor("igor")


def _walk(bench: Bench, stop: str) -> Receipt:
    """A receipt with a work, a photo, a finished polishing and an undecided return behind it."""
    igor, cast = bench.igor(), bench.cast
    receipt = make_receipt(cast)
    pk, maxim = receipt.pk, cast.maxim.pk
    take_back(order_id=make_order(cast, receipt).pk, actor=igor)
    add_photo(receipt_id=pk, source="file", actor=igor)
    record_work(receipt_id=pk, works=[WorkInput(type_id("assembly"), maxim)], actor=igor)
    if stop != "received":
        assign(receipt_id=pk, master_id=maxim, actor=igor)
        submit(receipt_id=pk, actor=igor)
    return_watch(receipt_id=pk, items=[ItemInput(reason_id("dirt_inside"))], actor=igor)
    if stop == "received":
        refuse(receipt_id=pk, reason_id=_refusal(), actor=igor)
        reopen(receipt_id=pk, reason="agreed", actor=igor)
    elif stop != "returned":
        assign(receipt_id=pk, master_id=maxim, actor=igor)
        _walk_on(receipt, stop, igor)
    return Receipt.objects.get(pk=pk)


def _walk_on(receipt: Receipt, stop: str, igor: Actor) -> None:
    pk = receipt.pk
    if stop == "on_hold":
        hold(receipt_id=pk, reason_id=HoldReason.objects.get(code="parts").pk, actor=igor)
    elif stop == "refused":
        refuse(receipt_id=pk, reason_id=_refusal(), actor=igor)
    elif stop != "in_work":
        submit(receipt_id=pk, actor=igor)
    if stop in {"ready", "issued"}:
        pass_check(receipt_id=pk, actor=igor)
    if stop == "issued":
        issue(receipt_id=pk, as_taken_in=True, actor=igor)


def _refusal() -> int:
    return RefusalReason.objects.get(code="price").pk


Press = Callable[[Bench, Receipt, Actor], Outcome[Any]]


def _pressed(service: Callable[..., Outcome[Any]], **more: Any) -> Press:
    def press(bench: Bench, receipt: Receipt, actor: Actor) -> Outcome[Any]:
        values = {k: v(bench, receipt) if callable(v) else v for k, v in more.items()}
        return service(receipt_id=receipt.pk, actor=actor, **values)

    return press


def _mark(bench: Bench, receipt: Receipt) -> int:
    return bench.cast.mark.pk


def _maxim(bench: Bench, receipt: Receipt) -> int:
    return bench.cast.maxim.pk


def _work(bench: Bench, receipt: Receipt) -> Operation:
    return Operation.objects.valid().filter(receipt=receipt, by_polishing=False).latest("pk")


def _item(bench: Bench, receipt: Receipt) -> int:
    return ReturnItem.objects.filter(return_case__receipt=receipt).latest("pk").pk


def _order(receipt: Receipt) -> PolishingOrder:
    return PolishingOrder.objects.filter(receipt=receipt).latest("pk")


def _take_back(bench: Bench, receipt: Receipt, actor: Actor) -> Outcome[Any]:
    return take_back(order_id=_order(receipt).pk, actor=actor)


def _correct(bench: Bench, receipt: Receipt, actor: Actor) -> Outcome[Any]:
    changes = {"difficult": True}
    return correct_order(order_id=_order(receipt).pk, changes=changes, reason="so", actor=actor)


def _void_photo(bench: Bench, receipt: Receipt, actor: Actor) -> Outcome[Any]:
    return void_photo(photo_id=receipt.photos.get().pk, reason="blurred", actor=actor)


def _move(bench: Bench, receipt: Receipt, actor: Actor) -> Outcome[Any]:
    return move_record(
        what="work",
        record_id=_work(bench, receipt).pk,
        from_receipt_id=receipt.pk,
        to_receipt_id=bench.spare.pk,
        reason="wrong receipt",
        actor=actor,
    )


PRESSES: dict[str, Press] = {
    "assign": _pressed(assign, master_id=_mark),
    "assign_same": _pressed(assign, master_id=_maxim),
    "accept": _pressed(accept),
    "decline": _pressed(decline, reason="ill"),
    "hold": _pressed(hold, reason_id=lambda *_: HoldReason.objects.get(code="parts").pk),
    "resume": _pressed(resume),
    "submit": _pressed(submit),
    "pass": _pressed(pass_check),
    "return": _pressed(
        return_watch, items=lambda *_: [ItemInput(reason_id("dirt_outside"))]
    ),
    "rework_order": _pressed(rework_order, master_id=_mark, reason="a wish"),
    "issue": _pressed(issue, as_taken_in=True),
    "refuse": _pressed(refuse, reason_id=lambda *_: _refusal()),
    "reopen": _pressed(reopen, reason="agreed"),
    "void_decision": _pressed(void_decision, reason="wrong press"),
    "record_work": _pressed(
        record_work, works=lambda bench, _: [WorkInput(type_id("mechanism"), bench.cast.mark.pk)]
    ),
    "void_work": _pressed(void_work, operation_id=lambda b, r: _work(b, r).pk, reason="wrong"),
    "waive": _pressed(
        waive_work,
        type_id=lambda *_: type_id("assembly"),
        reason_id=lambda *_: WaiverReason.objects.get(code="other").pk,
    ),
    "reading": _pressed(add_reading, reading=ReadingInput(rate=Decimal("4.0"))),
    "test_run": _pressed(start_test_run, hours=24),
    "photo": _pressed(add_photo, source="another"),
    "comment": _pressed(add_comment, text="hello"),
    "polishing_send": _pressed(send_to_polishing, polisher_id=lambda b, _: b.cast.pavel.pk),
    "polishing_take_back": _take_back,
    "polishing_correct": _correct,
    "deadline": _pressed(change_deadline, deadline=lambda *_: clock.now().replace(year=2099)),
    "urgent": _pressed(set_urgent, urgent=True),
    "facts": _pressed(edit_facts, facts={"place": "shelf"}),
    "renumber": _pressed(renumber_receipt, number="NEW-1", reason="typed wrong"),
    "move": _move,
    "void_photo": _void_photo,
    "change_responsible": _pressed(
        change_responsible,
        item_id=_item,
        responsibility="person",
        responsible_id=_maxim,
        reason="looked at it",
    ),
    "void_receipt": _pressed(void_receipt, reason="twice"),
}  # fmt: skip


def prepare(bench: Bench, verb: str, receipt: Receipt, status: str) -> None:
    """What must lie there so that nothing but status and role decides."""
    if verb == "polishing_take_back" and status != "issued":
        make_order(bench.cast, receipt)
    if verb in {"accept", "decline"} and settings.WORKSHOP_SELF_SERVICE and status == "in_work":
        for master in (bench.cast.mark, bench.cast.maxim):
            assign(receipt_id=receipt.pk, master_id=master.pk, actor=bench.igor())


def actors(bench: Bench) -> dict[str, Actor]:
    return {
        "system": system_actor("job"),
        "manager": bench.cast.actor("anna"),
        "inspector": bench.cast.actor("ivan"),
        "own master": bench.cast.actor("maxim"),
        "other master": bench.cast.actor("mark"),
        "polisher": bench.cast.actor("pavel"),
        "owner": bench.cast.actor("boris"),
        "nobody": stranger_actor(9099, Channel(BOT)),
        "deactivated inspector": employee_actor(
            Employee.objects.get(full_name="Former Inspector"), Channel(BOT)
        ),
    }


@contextmanager
def noting(wrong: list[str], what: str) -> Iterator[None]:
    """Go on after a finding: one wrong cell must not hide the others."""
    try:
        yield
    except (AssertionError, pytest.fail.Exception) as error:
        wrong.append(f"{what}: {error}")


class TestTable(TestCase):
    """Every triple in a block of its own that is rolled back."""

    bench: Bench

    @classmethod
    def setUpTestData(cls) -> None:
        cast = make_cast()
        former = Employee.objects.create(
            full_name="Former Inspector", short_name="Former", is_inspector=True, active=True
        )
        set_active(employee_id=former.pk, active=False, actor=cast.actor("anna"))
        cls.bench = Bench(cast, make_receipt(cast))
        for status in STATUSES:
            cls.bench.receipts[status] = _walk(cls.bench, status)
            assert cls.bench.receipts[status].status == status

    def setUp(self) -> None:
        self.untouched = everything()

    def _check_role(self, role: str, rows: dict[str, Row], may: frozenset[str]) -> None:
        actor = actors(self.bench)[role]
        wrong: list[str] = []
        for verb, row in rows.items():
            for status, cell in row.cells.items():
                with noting(wrong, f"{role}, {verb}, {status}"):
                    if verb in may:
                        self._check(actor, verb, status, cell, row.kinds)
                    else:
                        self._check_forbidden(actor, verb, status)
        assert not wrong, "\n".join(wrong)
        assert changed(self.untouched, everything()) == []

    def _receipt(self, verb: str, status: str) -> Receipt:
        blank = verb in {"void_decision", "void_receipt"} and status == "received"
        return self.bench.spare if blank else self.bench.receipts[status]

    def _check_forbidden(self, actor: Actor, verb: str, status: str) -> None:
        """Who may not is told so in every status; that nothing changed is looked at once."""
        with pytest.raises(NotAllowed) as refusal, transaction.atomic():
            PRESSES[verb](self.bench, self._receipt(verb, status), actor)
        assert refusal.value.code == "access.not_allowed"

    @rolled_back()
    def _check(self, actor: Actor, verb: str, status: str, cell: str, kinds: list[str]) -> None:
        receipt = self._receipt(verb, status)
        prepare(self.bench, verb, receipt, status)
        last = Event.objects.latest("pk").pk
        try:
            with transaction.atomic():
                outcome = PRESSES[verb](self.bench, receipt, actor)
        except WorkshopError as error:
            self._check_refusal(error, status, cell)
            assert changed(self.untouched, everything()) == []
            return
        written = list(Event.objects.filter(pk__gt=last).order_by("pk"))
        after = Receipt.objects.get(pk=receipt.pk)
        if cell == "=":
            assert outcome.already is not None
            assert written == []
            return
        assert outcome.already is None
        assert after.status == (status if cell == "." else cell)
        assert [event.kind for event in written] == kinds
        for event in written:
            assert (event.actor_kind, event.actor_id, event.actor_label, event.channel) == (
                actor.kind,
                actor.id,
                actor.label,
                actor.channel.name,
            )

    def _check_refusal(self, error: WorkshopError, status: str, cell: str) -> None:
        if cell == "-":
            assert (type(error), error.code) == (IllegalTransition, "receipts.impossible_now")
            assert isinstance(error, IllegalTransition)
            assert set(error.allowed) == possible_moves(status)
        else:
            assert (type(error), error.code) == (RuleViolation, cell.removeprefix("!"))

    def test_system(self) -> None:
        self._check_role("system", parse(TABLE), MAY["system"])

    def test_manager(self) -> None:
        self._check_role("manager", parse(TABLE), MAY["manager"])

    def test_inspector(self) -> None:
        self._check_role("inspector", parse(TABLE), MAY["inspector"])

    def test_masters_without_self_service(self) -> None:
        for role in ("own master", "other master"):
            self._check_role(role, parse(TABLE), MAY[role])

    def test_polisher(self) -> None:
        self._check_role("polisher", parse(TABLE), MAY["polisher"])

    def test_owner(self) -> None:
        self._check_role("owner", parse(TABLE), MAY["owner"])

    def test_strangers_and_those_who_left(self) -> None:
        for role in ("nobody", "deactivated inspector"):
            self._check_role(role, parse(TABLE), MAY[role])

    @override_settings(WORKSHOP_SELF_SERVICE=True)
    def test_own_watch_with_self_service(self) -> None:
        actor = actors(self.bench)["own master"]
        wrong: list[str] = []
        for verb, row in (parse(TABLE) | parse(SELF_SERVICE)).items():
            for status, cell in row.cells.items():
                may = verb in MASTER_MAY and status in HAS_A_MASTER
                with noting(wrong, f"{verb}, {status}"):
                    if may:
                        self._check(actor, verb, status, cell, row.kinds)
                    else:
                        self._check_forbidden(actor, verb, status)
        assert not wrong, "\n".join(wrong)

    @override_settings(WORKSHOP_SELF_SERVICE=True)
    def test_others_with_self_service(self) -> None:
        rows = parse(SELF_SERVICE)
        for role in ("other master", "polisher", "owner", "nobody", "inspector", "manager"):
            self._check_role(role, rows, MAY[role])

    def test_every_screen_offers_what_the_table_allows(self) -> None:
        for role, actor in actors(self.bench).items():
            for status in STATUSES:
                offered = set(possible_verbs(self.bench.receipts[status], actor))
                table = parse(TABLE)
                wanted = {
                    verb
                    for verb in MAY[role] - {"assign_same", "accept", "decline"}
                    if table[verb].cells[status] not in {"-", "="}
                }
                if wanted and table["void_decision"].cells[status].startswith("!"):
                    wanted.discard("void_decision")
                    offered.discard("void_decision")
                assert offered - {"accept", "decline", "polishing_take_back"} == wanted - {
                    "polishing_take_back"
                }, f"{role} {status}"


def possible_moves(status: str) -> set[str]:
    """What a refusal must list: the verbs of the upper half that this status allows."""
    names = [line.split()[0] for line in TABLE.strip().splitlines()]
    moves = set(names[: names.index("record_work")]) - {"assign_same"}
    table = parse(TABLE)
    return {verb for verb in moves if table[verb].cells[status] not in {"-", "="}} | (
        {"accept"} if status == "in_work" else set()
    )


def test_the_table_names_every_verb() -> None:
    assert EVERYTHING - {"assign_same"} == set(VERBS)
    assert set(PRESSES) == EVERYTHING


@pytest.mark.parametrize("role", MAY)
def test_every_role_is_written_out(role: str) -> None:
    assert MAY[role] <= EVERYTHING
