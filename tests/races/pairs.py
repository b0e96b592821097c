"""Presses that happen at once: what is pressed, and what may be true afterwards.

Each race is prepared, pressed by threads with connections of their own, and judged by the rows
in the database and by what every thread was answered.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from history.commands import CommandKey, Outcome
from history.models import Event
from history.verify import verify
from polishing.models import PolishingBatch, PolishingOrder
from polishing.services.batches import open_batch
from polishing.services.orders import send_to_polishing, take_back
from receipts.models import HoldReason, Operation, Receipt
from receipts.numbers import normalise_number
from receipts.projection import differences
from receipts.services.assignment import assign
from receipts.services.flow import hold, issue, resume, submit
from receipts.services.quality import pass_check
from receipts.services.registration import register_receipt
from receipts.services.returns import ItemInput, return_watch
from receipts.services.undoing import undo
from receipts.services.works import WorkInput, record_work, waive_work
from tests.cast import (
    Cast,
    make_in_work,
    make_order,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from workshop.lib.errors import Duplicate, IllegalTransition, RuleViolation, StaleState

Press = Callable[[], Outcome[Any]]


@dataclass(frozen=True)
class Scene:
    """The presses, the receipt they are about, and how many effects stand in the database."""

    presses: Sequence[Press]
    effects: Callable[[], int]
    receipt_id: int | None = None
    told: tuple[type[Exception], ...] = ()


@dataclass
class Verdict:
    """Of one race: effects that are missing or too many, losers who were not told, and why."""

    lost: int = 0
    double: int = 0
    untold: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.double or self.untold or self.broken)


def _events(receipt: Receipt, *kinds: str) -> Callable[[], int]:
    named = [f"receipt.{kind}" for kind in kinds]
    start = Event.objects.filter(stream=receipt.stream, kind__in=named).count()
    return lambda: Event.objects.filter(stream=receipt.stream, kind__in=named).count() - start


def _both(cast: Cast, service: Callable[..., Outcome[Any]], **values: Any) -> list[Press]:
    return [lambda who=who: service(actor=cast.actor(who), **values) for who in ("igor", "ivan")]  # type: ignore[misc]


def pass_pass(cast: Cast) -> Scene:
    row = make_submitted(cast)
    shown = {"status": "quality_control"}
    return Scene(
        _both(cast, pass_check, receipt_id=row.pk, expected=shown), _events(row, "passed"), row.pk
    )


def pass_return(cast: Cast) -> Scene:
    row = make_submitted(cast)
    shown = {"status": "quality_control"}
    items = [ItemInput(reason_id("dirt_inside"))]
    igor, ivan = cast.actor("igor"), cast.actor("ivan")
    presses = [
        lambda: pass_check(receipt_id=row.pk, expected=shown, actor=igor),
        lambda: return_watch(receipt_id=row.pk, items=items, expected=shown, actor=ivan),
    ]
    return Scene(presses, _events(row, "passed", "returned"), row.pk, (StaleState,))


def return_return(cast: Cast) -> Scene:
    row = make_submitted(cast)
    items = [ItemInput(reason_id("dirt_inside"))]
    presses = _both(cast, return_watch, receipt_id=row.pk, items=items)
    return Scene(presses, _events(row, "returned"), row.pk, (IllegalTransition,))


def assign_same(cast: Cast) -> Scene:
    row = make_receipt(cast)
    presses = _both(cast, assign, receipt_id=row.pk, master_id=cast.maxim.pk)
    return Scene(presses, _events(row, "assigned"), row.pk)


def assign_other(cast: Cast) -> Scene:
    row = make_receipt(cast)
    shown = {"master_id": None}

    def press(master_id: int, who: str) -> Press:
        actor = cast.actor(who)
        return lambda: assign(receipt_id=row.pk, master_id=master_id, expected=shown, actor=actor)

    presses = [press(cast.maxim.pk, "igor"), press(cast.mark.pk, "ivan")]
    return Scene(presses, _events(row, "assigned"), row.pk, (StaleState,))


def submit_submit(cast: Cast) -> Scene:
    row = make_worked(cast)
    return Scene(_both(cast, submit, receipt_id=row.pk), _events(row, "submitted"), row.pk)


def resume_resume(cast: Cast) -> Scene:
    row = make_in_work(cast)
    reason = HoldReason.objects.get(code="parts").pk
    hold(receipt_id=row.pk, reason_id=reason, actor=cast.actor("igor"))
    return Scene(_both(cast, resume, receipt_id=row.pk), _events(row, "resumed"), row.pk)


def take_back_take_back(cast: Cast) -> Scene:
    row = make_in_work(cast)
    order = make_order(cast, row)
    return Scene(
        _both(cast, take_back, order_id=order.pk),
        lambda: Operation.objects.valid().filter(receipt=row, by_polishing=True).count(),
        row.pk,
    )


def two_last_orders(cast: Cast) -> Scene:
    """The last two orders of a batch come back at once: it closes, and once."""
    igor = cast.actor("igor")
    batch = open_batch(polisher_id=cast.pavel.pk, actor=igor).object
    orders: list[PolishingOrder] = [
        send_to_polishing(
            receipt_id=make_in_work(cast).pk,
            polisher_id=cast.pavel.pk,
            batch_id=batch.pk,
            actor=igor,
        ).object
        for _ in range(2)
    ]
    presses = [
        lambda order=order: take_back(order_id=order.pk, actor=igor)  # type: ignore[misc]
        for order in orders
    ]

    def closed() -> int:
        fresh = PolishingBatch.objects.get(pk=batch.pk)
        told = Event.objects.filter(stream=batch.stream, kind="batch.closed").count()
        return told if fresh.closed_at else 0

    return Scene(presses, closed, orders[0].receipt_id)


def send_send(cast: Cast) -> Scene:
    row = make_in_work(cast)
    presses = _both(cast, send_to_polishing, receipt_id=row.pk, polisher_id=cast.pavel.pk)
    return Scene(presses, _events(row, "polishing_sent"), row.pk, (Duplicate,))


def issue_issue(cast: Cast) -> Scene:
    row = make_ready(cast)
    presses = _both(cast, issue, receipt_id=row.pk, as_taken_in=True)
    return Scene(presses, _events(row, "issued"), row.pk)


def register_register(cast: Cast) -> Scene:
    number = f"RACE-{Receipt.objects.count()}"
    key = normalise_number(number).key
    return Scene(
        _both(cast, register_receipt, number=number),
        lambda: Receipt.objects.valid().filter(number_key=key).count(),
        told=(Duplicate,),
    )


def waive_waive(cast: Cast) -> Scene:
    from receipts.models import WaiverReason

    row = make_in_work(cast)
    presses = _both(
        cast,
        waive_work,
        receipt_id=row.pk,
        type_id=type_id("assembly"),
        reason_id=WaiverReason.objects.get(code="other").pk,
    )
    return Scene(presses, _events(row, "work_waived"), row.pk, (Duplicate,))


def undo_undo(cast: Cast) -> Scene:
    row = make_submitted(cast)
    igor = cast.actor("igor")
    done = pass_check(receipt_id=row.pk, actor=igor)
    command_id = done.command.pk  # type: ignore[union-attr]
    presses: list[Press] = [lambda: undo(command_id=command_id, actor=igor)] * 2
    return Scene(presses, _events(row, "decision_voided"), row.pk, (RuleViolation,))


def _taps(cast: Cast, count: int) -> Scene:
    row = make_in_work(cast)
    works = [WorkInput(type_id("assembly"), cast.maxim.pk)]
    key, igor = CommandKey("bot:1", f"tap:{row.pk}"), cast.actor("igor")
    press: Press = lambda: record_work(  # noqa: E731
        receipt_id=row.pk, works=works, actor=igor, command=key
    )
    return Scene([press] * count, _events(row, "work_recorded"), row.pk)


def same_key(cast: Cast) -> Scene:
    return _taps(cast, 2)


def eight_taps(cast: Cast) -> Scene:
    return _taps(cast, 8)


RACES: tuple[Callable[[Cast], Scene], ...] = (
    pass_pass,
    pass_return,
    return_return,
    assign_same,
    assign_other,
    submit_submit,
    resume_resume,
    take_back_take_back,
    two_last_orders,
    send_send,
    issue_issue,
    register_register,
    waive_waive,
    undo_undo,
    same_key,
    eight_taps,
)


def run(race: Callable[[Cast], Scene], cast: Cast, seed: int) -> Verdict:
    """Prepare, press all at once (who is first in line depends on ``seed``), judge."""
    scene = race(cast)
    presses = list(scene.presses)
    random.Random(seed).shuffle(presses)
    return _judge(scene, _together(presses), needs_loser=race is not two_last_orders)


def _together(presses: Sequence[Press]) -> list[Outcome[Any] | Exception]:
    start = threading.Barrier(len(presses))

    def one(press: Press) -> Outcome[Any] | Exception:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return press()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(presses)) as pool:
        return list(pool.map(one, presses))


def _judge(
    scene: Scene, answers: Sequence[Outcome[Any] | Exception], *, needs_loser: bool
) -> Verdict:
    verdict = Verdict()
    effects = scene.effects()
    verdict.lost, verdict.double = int(effects < 1), max(0, effects - 1)
    winners = 0
    for answer in answers:
        if isinstance(answer, Outcome):
            winners += answer.already is None and not answer.replayed
        elif not isinstance(answer, scene.told):
            verdict.untold += 1
            verdict.broken.append(f"{type(answer).__name__}: {answer}")
        elif not str(answer):
            verdict.untold += 1
    if needs_loser and winners != 1:
        verdict.untold += abs(winners - 1)
        verdict.broken.append(f"{winners} of {len(answers)} were told that they did it")
    if scene.receipt_id is not None:
        receipt = Receipt.objects.get(pk=scene.receipt_id)
        if differences(receipt):
            verdict.broken.append(f"{receipt.stream} differs from its events")
        verdict.broken += [finding.problem for finding in verify(stream=receipt.stream)]
    return verdict
