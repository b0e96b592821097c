"""Returns: what the inspector recorded, never what could be derived (law 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from history.models import Event
from receipts.models import (
    Assignment,
    Operation,
    QualityCheck,
    Receipt,
    Reminder,
    ReturnCase,
    ReturnItem,
    ReturnReason,
)
from receipts.selectors import operation_hit, suggest_assembler, suggest_responsible
from receipts.services.catalogue import save_catalogue_row
from receipts.services.deadlines import change_deadline
from receipts.services.quality import start_test_run
from receipts.services.returns import (
    ItemInput,
    change_assembler,
    change_responsible,
    comment_return,
    return_watch,
)
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work, void_work
from staff.services.people import set_active
from tests.cast import (
    Cast,
    make_cast,
    make_polished,
    make_ready,
    make_receipt,
    make_submitted,
    reason_id,
    type_id,
)
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import IllegalTransition, NotAllowed, NotFound, RuleViolation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _record(cast: Cast, receipt: Receipt, kind: str, who: str, at: datetime) -> int:
    works = [WorkInput(type_id(kind), getattr(cast, who).pk)]
    done = record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"), at=at)
    return int(done.extra["operation_ids"][0])


def _return(cast: Cast, receipt: Receipt, *items: ItemInput, **more: Any) -> Any:
    return return_watch(receipt_id=receipt.pk, items=list(items), actor=cast.actor("igor"), **more)


def test_every_kind_of_responsibility_in_one_return(cast: Cast) -> None:
    receipt = make_submitted(cast, at=AT)
    work = Operation.objects.get()
    change_deadline(receipt_id=receipt.pk, deadline=AT + 99 * HOUR, actor=cast.actor("igor"), at=AT)
    with writes("receipt.returned") as events:
        outcome = _return(
            cast,
            receipt,
            ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk),
            ItemInput(reason_id("dirt_outside"), "not_ours", cause="transport"),
            ItemInput(reason_id("wrong_assembly")),
            assembler_id=cast.maxim.pk,
            comment="look closely",
            at=AT + HOUR,
        )
    case = ReturnCase.objects.get()
    check = QualityCheck.objects.get()
    items = list(ReturnItem.objects.order_by("pk"))
    assert [
        (item.responsibility, item.responsible_id, item.operation_id, item.cause) for item in items
    ] == [
        ("person", cast.maxim.pk, work.pk, ""),
        ("not_ours", None, None, "transport"),
        ("undecided", None, None, ""),
    ]
    payload = events[0].payload
    assert payload["items"][0] == {
        "item_id": items[0].pk,
        "reason": {"id": reason_id("dirt_inside"), "name": "Грязь внутри"},
        "affects": {"id": type_id("assembly"), "name": "Сборка"},
        "responsibility": "person",
        "responsible": {"id": cast.maxim.pk, "name": cast.maxim.short_name},
        "operation_id": work.pk,
        "cause": "",
    }
    assert {k: v for k, v in payload.items() if k != "items"} == {
        "status_from": "quality_control",
        "status_to": "returned",
        "return_id": case.pk,
        "check_id": check.pk,
        "check_was_open": False,
        "assembler": {"id": cast.maxim.pk, "name": cast.maxim.short_name},
        "comment": "look closely",
        "warnings": [],
    }
    assert (check.decision, check.decided_by_id, case.returned_at) == (
        "returned", cast.igor.pk, AT + HOUR,
    )  # fmt: skip
    assert outcome.extra == {"return_id": case.pk}
    after = Receipt.objects.get()
    assert (after.status, after.master_id) == ("returned", cast.maxim.pk)
    assert Reminder.objects.filter(fate="planned").count() == 3, "planned again after a return"


def test_a_return_is_never_a_no_op(cast: Cast) -> None:
    receipt = make_submitted(cast)
    _return(cast, receipt, ItemInput(reason_id("dirt_inside")))
    with refused(IllegalTransition, "receipts.impossible_now"):
        _return(cast, receipt, ItemInput(reason_id("dirt_inside")))
    assert ReturnCase.objects.count() == 1


@pytest.mark.parametrize(
    ("items", "kind", "code", "field"),
    [
        ([], RuleViolation, "receipts.return_without_reason", "reasons"),
        (["dirt_inside", "dirt_inside"], RuleViolation, "receipts.reason_twice", "reasons"),
    ],
)
def test_reasons_are_needed_once(
    cast: Cast, items: list[str], kind: type[Any], code: str, field: str
) -> None:
    receipt = make_submitted(cast)
    with refused(kind, code, field):
        _return(cast, receipt, *(ItemInput(reason_id(code)) for code in items))


def test_refusals_of_an_item(cast: Cast) -> None:
    receipt = make_submitted(cast)
    reason = reason_id("dirt_inside")
    other = make_submitted(cast)
    elsewhere = Operation.objects.get(receipt=other).pk
    here = Operation.objects.get(receipt=receipt).pk
    cases: list[tuple[ItemInput, type[Any], str, str]] = [
        (ItemInput(reason, "person"), RuleViolation, "receipts.responsible_missing", "responsible"),
        (ItemInput(reason, "devil"), NotFound, "receipts.unknown_choice", "responsibility"),
        (
            ItemInput(reason, "not_ours", cause="moon"),
            NotFound,
            "receipts.unknown_choice",
            "cause",
        ),
        (ItemInput(10**9), NotFound, "receipts.unknown_choice", "reasons"),
        (ItemInput(reason, "person", 10**9), NotFound, "staff.no_such_employee", "responsible"),
        (
            ItemInput(reason, "person", cast.maxim.pk, elsewhere),
            RuleViolation,
            "receipts.wrong_operation",
            "operation",
        ),
        (
            ItemInput(reason, "person", cast.mark.pk, here),
            RuleViolation,
            "receipts.wrong_operation",
            "operation",
        ),
    ]
    for item, kind, code, field in cases:
        with refused(kind, code, field):
            _return(cast, receipt, item)


def test_the_operation_hit_is_his_latest_of_the_affected_type_before(cast: Cast) -> None:
    receipt = make_submitted(cast, at=AT)
    second = _record(cast, receipt, "assembly", "maxim", AT + HOUR)
    _record(cast, receipt, "mechanism", "maxim", AT + 2 * HOUR)
    _record(cast, receipt, "assembly", "mark", AT + 3 * HOUR)
    void_work(
        receipt_id=receipt.pk,
        operation_id=_record(cast, receipt, "assembly", "maxim", AT + 4 * HOUR),
        reason="wrong",
        actor=cast.actor("igor"),
    )
    _return(
        cast,
        receipt,
        ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk),
        ItemInput(reason_id("mechanism_defect"), "person", cast.mark.pk),
        at=AT + 5 * HOUR,
    )
    _record(cast, receipt, "assembly", "maxim", AT + 6 * HOUR)
    hit, none = ReturnItem.objects.order_by("pk")
    assert (hit.operation_id, none.operation_id) == (second, None)
    assert operation_hit(receipt, type_id("assembly"), cast.pavel.pk, AT + 9 * HOUR) is None


def test_a_return_on_a_warranty_repeat_may_hit_a_work_of_the_visit_before(cast: Cast) -> None:
    before, repeat = make_submitted(cast, at=AT), make_receipt(cast, at=AT + HOUR)
    first = _record(cast, before, "assembly", "maxim", AT + HOUR)
    kind, person = type_id("assembly"), cast.maxim.pk
    assert operation_hit(repeat, kind, person, AT + 9 * HOUR) is None
    repeat.repeats, repeat.visit_kind = before, Receipt.VisitKind.NOT_CONFIRMED
    assert operation_hit(repeat, kind, person, AT + 9 * HOUR) is None
    repeat.visit_kind = Receipt.VisitKind.WARRANTY
    found = operation_hit(repeat, kind, person, AT + 9 * HOUR)
    assert found is not None
    assert found.pk == first
    # A work of this visit goes first.
    own = _record(cast, repeat, "assembly", "maxim", AT + 2 * HOUR)
    found = operation_hit(repeat, kind, person, AT + 9 * HOUR)
    assert found is not None
    assert found.pk == own


def test_a_return_records_the_work_of_the_visit_that_is_repeated(cast: Cast) -> None:
    before, repeat = make_submitted(cast, at=AT), make_receipt(cast, at=AT + HOUR)
    work = Operation.objects.get(receipt=before)
    warranty = Receipt.VisitKind.WARRANTY
    Receipt.objects.filter(pk=repeat.pk).update(repeats=before, visit_kind=warranty)
    reason = reason_id("dirt_inside")
    _return(cast, repeat, ItemInput(reason, "person", cast.maxim.pk), at=AT + 5 * HOUR)
    assert ReturnItem.objects.get().operation_id == work.pk


def test_suggestions_follow_the_rule_and_record_nothing(cast: Cast) -> None:
    receipt = make_submitted(cast, at=AT)
    _record(cast, receipt, "assembly", "mark", AT + HOUR)
    make_polished(cast, receipt, at=AT + 2 * HOUR)
    at = AT + 3 * HOUR
    by_work = suggest_responsible(receipt, ReturnReason.objects.get(code="dirt_inside"), at)
    assert by_work.responsible == cast.mark
    before = suggest_responsible(
        receipt, ReturnReason.objects.get(code="dirt_inside"), AT + timedelta(minutes=30)
    )
    assert before.responsible == cast.maxim, "work done after the moment blames nobody"
    nobody = suggest_responsible(receipt, ReturnReason.objects.get(code="mechanism_defect"), at)
    assert (nobody.responsible, nobody.work_missing) == (None, True)
    ask = suggest_responsible(receipt, ReturnReason.objects.get(code="polishing"), at)
    assert (ask.responsible, ask.operation, ask.ask) == (None, None, (cast.pavel, cast.mark))
    assert suggest_assembler(receipt, at) == cast.mark
    assert ReturnItem.objects.count() == 0


def test_nothing_is_derived_when_the_inspector_leaves_it_open(cast: Cast) -> None:
    receipt = make_submitted(cast)
    _return(cast, receipt, ItemInput(reason_id("dirt_inside")))
    item = ReturnItem.objects.get()
    assert (item.responsible, item.operation, item.return_case.assembler) == (None, None, None)


class TestOneCommand:
    def test_forgotten_work_return_and_hand_over(self, cast: Cast) -> None:
        receipt = make_submitted(cast, at=AT)
        first = Assignment.objects.get()
        kinds = ("receipt.work_recorded", "receipt.returned", "receipt.assigned")
        with writes(*kinds) as events:
            outcome = _return(
                cast,
                receipt,
                ItemInput(reason_id("mechanism_defect"), "person", cast.mark.pk),
                works=[WorkInput(type_id("mechanism"), cast.mark.pk)],
                hand_to_id=cast.mark.pk,
                at=AT + HOUR,
            )
        work = Operation.objects.latest("pk")
        assert ReturnItem.objects.get().operation_id == work.pk
        assert work.rework_of is None, "it was done before the return"
        assert {event.command_id for event in events} == {outcome.command.pk}
        assert [event.ordinal for event in events] == [1, 2, 3]
        assert events[1].payload["status_from"] == "quality_control"
        assert (events[2].payload["status_from"], events[2].payload["ended_assignment_id"]) == (
            "returned", first.pk,
        )  # fmt: skip
        after = Receipt.objects.get()
        assert (after.status, after.master_id, after.version) == (
            "in_work", cast.mark.pk, events[-1].sequence,
        )  # fmt: skip
        assert outcome.object.version == after.version

    def test_a_refused_hand_over_takes_all_back(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        with refused(RuleViolation, "receipts.not_a_master", "master"):
            _return(
                cast,
                receipt,
                ItemInput(reason_id("dirt_inside")),
                works=[WorkInput(type_id("mechanism"), cast.mark.pk)],
                hand_to_id=cast.pavel.pk,
            )

    def test_to_the_same_master(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        _return(cast, receipt, ItemInput(reason_id("dirt_inside")), hand_to_id=cast.maxim.pk, at=AT)
        first, second = Assignment.objects.order_by("pk")
        assert (first.ended_at, second.ended_at, second.master_id) == (AT, None, cast.maxim.pk)


def test_the_open_check_is_decided_by_the_return(cast: Cast) -> None:
    receipt = make_submitted(cast)
    start_test_run(receipt_id=receipt.pk, hours=24, actor=cast.actor("igor"))
    with writes("receipt.returned") as events:
        _return(cast, receipt, ItemInput(reason_id("dirt_inside")))
    assert events[0].payload["check_was_open"] is True
    assert QualityCheck.objects.get().decision == "returned"


class TestRework:
    def test_after_the_latest_return_that_concerns_its_type(self, cast: Cast) -> None:
        receipt = make_submitted(cast, at=AT)
        igor = cast.actor("igor")
        cases = []
        for step, reason in enumerate(("dirt_inside", "wrong_assembly", "mechanism_defect"), 1):
            _return(
                cast, receipt, ItemInput(reason_id(reason)), hand_to_id=cast.maxim.pk,
                at=AT + step * 10 * HOUR,
            )  # fmt: skip
            cases.append(ReturnCase.objects.latest("pk").pk)
        expected = [
            ("assembly", AT + 5 * HOUR, None),
            ("assembly", AT + 15 * HOUR, cases[0]),
            ("assembly", AT + 40 * HOUR, cases[1]),
            ("mechanism", AT + 25 * HOUR, None),
            ("mechanism", AT + 40 * HOUR, cases[2]),
            ("polishing", AT + 40 * HOUR, None),
        ]
        for kind, when, wanted in expected:
            works = [WorkInput(type_id(kind), cast.mark.pk, performed_at=when)]
            with writes("receipt.work_recorded") as events:
                record_work(receipt_id=receipt.pk, works=works, actor=igor, at=AT + 50 * HOUR)
            row = Operation.objects.latest("pk")
            assert (row.rework_of_id, events[0].payload["rework_of"]) == (wanted, wanted)

    def test_a_polishing_round_is_rework_too(self, cast: Cast) -> None:
        receipt = make_submitted(cast, at=AT)
        _return(cast, receipt, ItemInput(reason_id("polishing")), at=AT + HOUR)
        order = make_polished(cast, receipt, at=AT + 2 * HOUR)
        assert order.operation is not None
        assert order.operation.rework_of_id == ReturnCase.objects.get().pk

    def test_a_void_return_makes_no_rework(self, cast: Cast) -> None:
        receipt = make_submitted(cast, at=AT)
        _return(cast, receipt, ItemInput(reason_id("dirt_inside")), at=AT + HOUR)
        void_decision(receipt_id=receipt.pk, reason="wrong", actor=cast.actor("igor"))
        pk = _record(cast, receipt, "assembly", "mark", AT + 2 * HOUR)
        assert Operation.objects.get(pk=pk).rework_of is None


class TestChangingTheResponsible:
    def _item(self, cast: Cast) -> tuple[Receipt, ReturnItem]:
        receipt = make_submitted(cast, at=AT)
        _return(cast, receipt, ItemInput(reason_id("dirt_inside")), at=AT + HOUR)
        return receipt, ReturnItem.objects.get()

    def _change(self, cast: Cast, receipt: Receipt, item: ReturnItem, **more: Any) -> Any:
        values = {"reason": "looked at it", "actor": cast.actor("igor")} | more
        return change_responsible(receipt_id=receipt.pk, item_id=item.pk, **values)

    def test_old_and_new_with_the_reason(self, cast: Cast) -> None:
        receipt, item = self._item(cast)
        _record(cast, receipt, "assembly", "maxim", AT + 2 * HOUR)  # after the return
        work = Operation.objects.earliest("pk").pk
        with writes("receipt.responsible_changed") as events:
            self._change(cast, receipt, item, responsibility="person", responsible_id=cast.maxim.pk)
        payload = events[0].payload
        assert payload["old"]["responsibility"] == "undecided"
        assert (payload["new"]["responsible"]["id"], payload["new"]["operation_id"]) == (
            cast.maxim.pk, work,
        )  # fmt: skip
        assert (payload["reason"], payload["reason_name"]) == ("looked at it", "Грязь внутри")
        item.refresh_from_db()
        assert (item.responsible_id, item.operation_id) == (cast.maxim.pk, work)
        with writes("receipt.responsible_changed"):
            self._change(cast, receipt, item, responsibility="not_ours", cause="part")
        item.refresh_from_db()
        assert (item.responsible_id, item.operation_id, item.cause) == (None, None, "part")
        with writes():
            self._change(cast, receipt, item, responsibility="not_ours", cause="part")

    def test_refusals(self, cast: Cast) -> None:
        receipt, item = self._item(cast)
        late = _record(cast, receipt, "assembly", "maxim", AT + 2 * HOUR)
        person = {"responsibility": "person", "responsible_id": cast.maxim.pk}
        with refused(RuleViolation, "receipts.wrong_operation", "operation"):
            self._change(cast, receipt, item, **person, operation_id=late)
        with refused(RuleViolation, "text.required", "reason"):
            self._change(cast, receipt, item, **person, reason=" ")
        for who in ("maxim", "boris"):
            with refused(NotAllowed, "access.not_allowed"):
                self._change(cast, receipt, item, **person, actor=cast.actor(who))
        with refused(NotFound, "receipts.no_such_item", "item"):
            self._change(cast, make_submitted(cast), item, **person)
        void_decision(receipt_id=receipt.pk, reason="wrong", actor=cast.actor("igor"))
        with refused(NotFound, "receipts.no_such_item", "item"):
            self._change(cast, receipt, item, **person)

    def test_a_blamed_work_is_not_voided(self, cast: Cast) -> None:
        receipt, item = self._item(cast)
        self._change(cast, receipt, item, responsibility="person", responsible_id=cast.maxim.pk)
        work = Operation.objects.get().pk
        igor = cast.actor("igor")
        with refused(RuleViolation, "receipts.work_blamed", "operation"):
            void_work(receipt_id=receipt.pk, operation_id=work, reason="x", actor=igor)
        self._change(cast, receipt, item, responsibility="undecided")
        void_work(receipt_id=receipt.pk, operation_id=work, reason="x", actor=igor)

    def test_the_assembler_of_record(self, cast: Cast) -> None:
        receipt, item = self._item(cast)
        pk, igor = item.return_case_id, cast.actor("igor")
        change = {"receipt_id": receipt.pk, "return_id": pk, "actor": igor}
        with writes("receipt.assembler_changed") as events:
            change_assembler(assembler_id=cast.mark.pk, reason="he closed it", **change)
        assert events[0].payload == {
            "return_id": pk,
            "old": None,
            "new": {"id": cast.mark.pk, "name": cast.mark.short_name},
            "reason": "he closed it",
        }
        with writes():
            change_assembler(assembler_id=cast.mark.pk, reason="again", **change)
        with writes("receipt.assembler_changed"):
            change_assembler(assembler_id=None, reason="nobody", **change)
        with refused(RuleViolation, "text.required", "reason"):
            change_assembler(assembler_id=cast.mark.pk, reason="", **change)
        with refused(NotFound, "receipts.no_such_return", "return"):
            change_assembler(assembler_id=None, reason="x", **change | {"return_id": 10**9})


class TestCommentOfThePersonNamed:
    def _named(self, cast: Cast) -> tuple[Receipt, int]:
        receipt = make_submitted(cast)
        _return(cast, receipt, ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk))
        return receipt, ReturnItem.objects.latest("pk").pk

    def test_once(self, cast: Cast) -> None:
        receipt, item = self._named(cast)
        maxim = cast.actor("maxim")
        comment = {"receipt_id": receipt.pk, "item_id": item, "actor": maxim}
        with refused(RuleViolation, "text.required", "comment"):
            comment_return(text=" ", **comment)
        with writes("receipt.return_commented") as events:
            comment_return(text="the glass was cracked", **comment)
        assert events[0].payload["text"] == "the glass was cracked"
        with refused(RuleViolation, "receipts.commented_already", "comment"):
            comment_return(text="and more", **comment)

    def test_by_nobody_else(self, cast: Cast) -> None:
        receipt, item = self._named(cast)
        for who in ("mark", "igor", "anna", "boris"):
            with refused(NotAllowed, "receipts.not_named", "item"):
                comment_return(receipt_id=receipt.pk, item_id=item, text="x", actor=cast.actor(who))

    def test_not_after_he_left(self, cast: Cast) -> None:
        receipt, item = self._named(cast)
        set_active(employee_id=cast.maxim.pk, active=False, actor=cast.actor("anna"))
        cast.maxim.refresh_from_db()
        with refused(NotAllowed, "access.not_allowed"):
            comment_return(receipt_id=receipt.pk, item_id=item, text="x", actor=cast.actor("maxim"))

    def test_not_on_a_void_return(self, cast: Cast) -> None:
        receipt, item = self._named(cast)
        void_decision(receipt_id=receipt.pk, reason="wrong", actor=cast.actor("igor"))
        with refused(NotAllowed, "receipts.not_named", "item"):
            comment_return(receipt_id=receipt.pk, item_id=item, text="x", actor=cast.actor("maxim"))


def test_a_catalogue_edit_never_rewrites_the_past(cast: Cast) -> None:
    """Law 6: name, affected type and rule are frozen in the item and in the event."""
    receipt = make_ready(cast)
    _return(cast, receipt, ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk))
    before = list(ReturnItem.objects.values())
    payload = Event.objects.get(kind="receipt.returned").payload
    values = {"name": "Пыль", "rule": "nobody", "affects": type_id("mechanism"), "active": False}
    save_catalogue_row(
        catalogue="receipts.ReturnReason",
        row_id=reason_id("dirt_inside"),
        values=values,
        actor=cast.actor("anna"),
    )
    save_catalogue_row(
        catalogue="receipts.OperationType",
        row_id=type_id("assembly"),
        values={"name": "Финал"},
        actor=cast.actor("anna"),
    )
    assert list(ReturnItem.objects.values()) == before
    assert Event.objects.get(kind="receipt.returned").payload == payload
    with refused(NotFound, "receipts.unknown_choice", "reasons"):
        _return(cast, make_submitted(cast), ItemInput(reason_id("dirt_inside")))
