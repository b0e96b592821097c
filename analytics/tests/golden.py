"""Plays the stories of golden.md through the real services, and reads its tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any

from polishing.models import PolishingOrder
from polishing.services.moving import WORK, move_record
from polishing.services.orders import send_to_polishing, take_back, void_order
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
    Watch,
)
from receipts.services.assignment import assign
from receipts.services.calendars import create_calendar
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order, submit
from receipts.services.quality import pass_check
from receipts.services.registration import register_receipt, void_receipt
from receipts.services.returns import ItemInput, change_responsible, return_watch
from receipts.services.voiding import void_decision
from receipts.services.watches import create_watch
from receipts.services.works import WorkInput, record_work, void_work, waive_work
from staff.models import Employee
from tests.cast import Cast, make_cast, type_id
from workshop.lib import clock

PAGE = Path(__file__).with_name("golden.md")
YEAR = 2026
AT = datetime(YEAR, 5, 20, 12, tzinfo=clock.zone())
"""The moment of every question."""

PAUSES = [
    datetime(YEAR, *at, tzinfo=clock.zone())
    for at in ((3, 5, 16), (3, 18, 12), (3, 20, 13), (3, 24))
]
"""In the middle of the stories: works wait to be checked, watches are out with polishers."""

TYPES = {"A": "assembly", "R": "mechanism", "P": "polishing"}
R = ReturnItem.Responsibility


@dataclass(frozen=True)
class Step:
    """One thing that happens to one receipt."""

    at: datetime
    receipt: str
    words: list[str]


@dataclass
class Golden:
    """The workshop that has been played: people and receipts by their letters and names."""

    cast: Cast
    people: dict[str, Employee]
    receipts: dict[str, Receipt] = field(default_factory=dict)

    def play(self, keep: Callable[[], object] | None = None) -> None:
        """All stories in the order of time, as a workshop lives; ``keep`` is called in between."""
        pauses = list(PAUSES) if keep else []
        for step in steps():
            while pauses and step.at >= pauses[0]:
                pauses.pop(0)
                keep and keep()
            verb = _VERBS.get(step.words[0])
            if verb is None:
                self._work(step)
            else:
                verb(self, step)

    def common(self, step: Step, by: str = "igor") -> dict[str, Any]:
        return {"actor": self.cast.actor(by), "at": step.at}

    def here(self, step: Step) -> dict[str, Any]:
        """What nearly every verb takes: the receipt, the inspector, the moment."""
        return {"receipt_id": self.receipts[step.receipt].pk, **self.common(step)}

    def _work(self, step: Step) -> None:
        kind, who, *when = step.words
        performed = moment(" ".join(when[1:])) if when else None
        work = WorkInput(type_id(TYPES[kind]), self.people[who].pk, performed)
        record_work(works=[work], **self.here(step))

    def operation(self, step: Step, kind: str, who: str, number: int = -1) -> Operation:
        """A person's valid work of a type on the receipt: the latest, or the n-th."""
        rows = Operation.objects.filter(
            receipt=self.receipts[step.receipt],
            type__code=TYPES.get(kind, kind),
            employee=self.people[who],
            voided_at=None,
        ).order_by("performed_at", "pk")
        return list(rows)[number]

    def order(self, step: Step) -> PolishingOrder:
        rows = PolishingOrder.objects.filter(
            receipt=self.receipts[step.receipt], returned_at=None, voided_at=None
        )
        return rows.get()


def golden(keep: Callable[[], object] | None = None) -> Golden:
    """The workshop of golden.md, played; ``keep`` is called now and then."""
    cast = make_cast()
    nine_to_six = [(time(9), time(18))]
    create_calendar(
        name="9–18", weekly=dict.fromkeys(range(5), nine_to_six), actor=cast.actor("anna")
    )
    found = Golden(cast, {"M": cast.maxim, "K": cast.mark, "P": cast.pavel})
    found.play(keep)
    return found


def moment(text: str) -> datetime:
    """``24.03 11:00`` in Moscow."""
    return datetime.strptime(f"{text} {YEAR}", "%d.%m %H:%M %Y").replace(tzinfo=clock.zone())


def steps() -> list[Step]:
    """Every step of every story, in the order of time."""
    block = PAGE.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    found = [step for line in block.splitlines() for step in _story(line)]
    return sorted(found, key=lambda step: (step.at, step.receipt))


def _story(line: str) -> list[Step]:
    name, story = line.split(" ", 1)
    day, found = "", []
    for part in story.split(";"):
        words = part.split()
        if "." in words[0]:
            day = words.pop(0)
        found.append(Step(moment(f"{day} {words[0]}"), name, words[1:]))
    return found


def _after(words: list[str], name: str, count: int = 1) -> list[str]:
    """The words after ``name``, none when it does not stand there."""
    if name not in words:
        return []
    at = words.index(name)
    return words[at + 1 : at + 1 + count]


def _reg(world: Golden, step: Step) -> None:
    facts: dict[str, Any] = {}
    for kind in ("warranty", "not_confirmed", "paid_again"):
        for earlier in _after(step.words, kind):
            facts |= {"visit_kind": kind, "repeats": world.receipts[earlier].pk}
    if watch := _after(step.words, "watch", 2):
        facts["watch"] = _watch(world, step, *watch).pk
    deadline = _after(step.words, "deadline", 2)
    world.receipts[step.receipt] = register_receipt(
        number=step.receipt,
        deadline=moment(" ".join(deadline)) if deadline else None,
        facts=facts,
        **world.common(step),
    ).object


def _watch(world: Golden, step: Step, brand: str, metal: str) -> Watch:
    row = Metal.objects.get(code=metal)
    values = {"brand": brand, "metal": row.pk}
    return create_watch(values=values, **world.common(step)).object


def _to(world: Golden, step: Step) -> None:
    purpose = _after(step.words, "for")
    assign(
        master_id=world.people[step.words[1]].pk,
        purpose_id=type_id(TYPES[purpose[0]]) if purpose else None,
        **world.here(step),
    )


def _return(world: Golden, step: Step) -> None:
    assembler, master = _after(step.words, "asm"), _after(step.words, "to")
    return_watch(
        items=[_item(world, step, word) for word in step.words if "=" in word],
        assembler_id=world.people[assembler[0]].pk if assembler else None,
        hand_to_id=world.people[master[0]].pk if master else None,
        **world.here(step),
    )


def _item(world: Golden, step: Step, word: str) -> ItemInput:
    code, who = word.split("=")
    reason = ReturnReason.objects.select_related("affects").get(code=code)
    if who == "?":
        return ItemInput(reason.pk, R.UNDECIDED)
    if who in ReturnItem.Cause.values:
        return ItemInput(reason.pk, R.NOT_OURS, cause=who)
    person, _colon, number = who.partition(":")
    hit = world.operation(step, reason.affects.code, person, int(number) - 1).pk if number else None
    return ItemInput(reason.pk, R.PERSON, world.people[person].pk, hit)


def _decide(world: Golden, step: Step) -> None:
    wanted = _item(world, step, step.words[1])
    item = ReturnItem.objects.get(
        return_case__receipt=world.receipts[step.receipt], reason=wanted.reason_id
    )
    change_responsible(
        item_id=item.pk,
        responsibility=wanted.responsibility,
        responsible_id=wanted.responsible_id,
        cause=wanted.cause,
        reason="разобрались",
        **world.here(step),
    )


def _polish(world: Golden, step: Step) -> None:
    metals = [row.pk for row in Metal.objects.filter(code__in=step.words)]
    send_to_polishing(
        polisher_id=world.people["P"].pk,
        case="case" in step.words,
        bracelet="bracelet" in step.words,
        difficult="hard" in step.words,
        metal_id=metals[0] if metals else None,
        **world.here(step),
    )


def _back(world: Golden, step: Step) -> None:
    by, done = _after(step.words, "by"), "empty" not in step.words
    take_back(
        order_id=world.order(step).pk,
        polished_by_id=world.people[by[0]].pk if by else None,
        done=done,
        reason="" if done else "не стали",
        **world.common(step),
    )


def _void(world: Golden, step: Step) -> None:
    what = step.words[1]
    if what == "receipt":
        receipt = world.receipts[step.receipt].pk
        void_receipt(receipt_id=receipt, reason="ошибка", **world.common(step, "anna"))
    elif what == "round":
        void_order(order_id=world.order(step).pk, reason="ошибка", **world.common(step))
    else:
        row = world.operation(step, what, step.words[2])
        void_work(operation_id=row.pk, reason="ошибка", **world.here(step))


def _move(world: Golden, step: Step) -> None:
    _verb, kind, who, _to, target = step.words
    move_record(
        what=WORK,
        record_id=world.operation(step, kind, who).pk,
        from_receipt_id=world.receipts[step.receipt].pk,
        to_receipt_id=world.receipts[target].pk,
        reason="не та квитанция",
        **world.common(step),
    )


def _deadline(world: Golden, step: Step) -> None:
    cause = DeadlineCause.objects.get(code=step.words[3])
    when = moment(" ".join(step.words[1:3]))
    change_deadline(deadline=when, cause_id=cause.pk, **world.here(step))


def _waive(world: Golden, step: Step) -> None:
    reason = WaiverReason.objects.get(code="polishing_only")
    waive_work(type_id=type_id(TYPES[step.words[1]]), reason_id=reason.pk, **world.here(step))


def _hold(world: Golden, step: Step) -> None:
    hold(reason_id=HoldReason.objects.get(code=step.words[1]).pk, **world.here(step))


def _refuse(world: Golden, step: Step) -> None:
    refuse(reason_id=RefusalReason.objects.get(code="price").pk, **world.here(step))


def _rework(world: Golden, step: Step) -> None:
    master = world.people[step.words[1]].pk
    rework_order(master_id=master, reason="забыли", **world.here(step))


_VERBS: dict[str, Callable[[Golden, Step], object]] = {
    "reg": _reg,
    "to": _to,
    "submit": lambda world, step: submit(**world.here(step)),
    "pass": lambda world, step: pass_check(**world.here(step)),
    "issue": lambda world, step: issue(as_taken_in=True, **world.here(step)),
    "undo": lambda world, step: void_decision(reason="ошибка", **world.here(step)),
    "resume": lambda world, step: resume(**world.here(step)),
    "reopen": lambda world, step: reopen(reason="передумал", **world.here(step)),
    "return": _return,
    "decide": _decide,
    "polish": _polish,
    "back": _back,
    "void": _void,
    "move": _move,
    "deadline": _deadline,
    "waive": _waive,
    "hold": _hold,
    "refuse": _refuse,
    "rework": _rework,
}


def section(heading: str) -> str:
    """The text under a heading of golden.md."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def raw_table(heading: str, number: int = 0) -> list[list[str]]:
    """Head, line and rows of the n-th table under a heading."""
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", section(heading), flags=re.MULTILINE)
    return [_cells(line) for line in blocks[number].splitlines()]


def table(heading: str, number: int = 0) -> list[dict[str, str]]:
    """The same by column; what is worked out stands in ``working``."""
    lines = raw_table(heading, number)
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
