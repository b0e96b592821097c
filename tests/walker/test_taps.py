"""The tap budget of spec 2.2: presses after the number has been typed, up to the effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from botapp.testing import BotDriver
from history.models import Event
from receipts.models import Receipt
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from tests.faults.flows import Act, Press, Text
from tests.faults.phones import MemoryPhone

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Job:
    """``before`` leads to the question for a number; ``taps`` follow the number."""

    budget: int
    receipt: Receipt
    before: Sequence[Act]
    taps: Sequence[Press]
    kind: str
    chosen: int = 0  # taps of ``before`` that count: a person picked before the number


def menu(place: int, *more: Press) -> list[Act]:
    return [Text("/menu"), Press("open", str(place)), *more]


def jobs(cast: Cast) -> dict[str, Job]:
    polished = make_worked(cast)
    make_order(cast, polished)
    mark = Press("mark", f"{type_id('assembly')}=1")
    reason = Press("mark", f"{reason_id('dirt_inside')}=1")
    back = [Press("open", "return.reasons"), reason, Press("next"), Press("confirm")]
    send = menu(30, Press("open", "polishing.polisher"), Press("person", str(cast.pavel.pk)))
    hand = [Press("person", str(cast.maxim.pk)), Press("confirm")]
    out = [Press("yes"), Press("confirm")]
    take = menu(30, Press("open", "polishing.back"))
    sent = [Press("next"), Press("confirm")]
    return {
        "pass": Job(1, make_submitted(cast), menu(10), [Press("pass")], "passed"),
        "hand": Job(2, make_receipt(cast), menu(20), hand, "assigned"),
        "record": Job(2, make_in_work(cast), menu(40), [mark, Press("record")], "work_recorded"),
        "take back": Job(2, polished, take, [Press("take")], "polishing_taken_back"),
        "polish": Job(3, make_in_work(cast), send, sent, "polishing_sent", chosen=1),
        "return": Job(4, make_submitted(cast), menu(10), back, "returned"),
        "issue": Job(2, make_ready(cast), menu(60), out, "issued"),
    }


@pytest.mark.parametrize(
    "name", ["pass", "hand", "record", "take back", "polish", "return", "issue"]
)
def test_within_the_budget(name: str) -> None:
    cast = make_cast()
    job = jobs(cast)[name]
    phone = MemoryPhone(BotDriver().person(cast.igor))
    for act in [*job.before, Text(job.receipt.number), *job.taps]:
        phone.do(act)
    events = Event.objects.filter(stream=job.receipt.stream, kind=f"receipt.{job.kind}")
    assert events.count() == 1
    assert job.chosen + len(job.taps) <= job.budget


@pytest.mark.parametrize(
    ("name", "tap"),
    [("pass", Press("pass")), ("hand", Press("confirm")), ("record", Press("record"))],
)
def test_the_next_watch_of_a_series_costs_a_number_and_one_tap(name: str, tap: Press) -> None:
    cast = make_cast()
    first, second = jobs(cast)[name], jobs(cast)[name]
    phone = MemoryPhone(BotDriver().person(cast.igor))
    for act in [*first.before, Text(first.receipt.number), *first.taps]:
        phone.do(act)
    phone.do(Text(second.receipt.number))
    phone.do(tap)
    events = Event.objects.filter(stream=second.receipt.stream, kind=f"receipt.{second.kind}")
    assert events.count() == 1
