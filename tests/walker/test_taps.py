"""The tap budget of spec 2.2: presses after the number (or the card), up to the effect.

Each next watch of a series is its number and one press.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

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
from workshop.lib import clock

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Job:
    """``before`` leads to the question for a number; ``taps`` follow the number.

    ``chosen``: taps of ``before`` that count, a person picked before the number. ``start``: what
    begins a series where it does not begin by itself; ``again``: the one press of each next watch.
    """

    budget: int
    make: Callable[[Cast], Receipt]
    before: Sequence[Act]
    taps: Sequence[Press]
    kind: str
    again: Press
    chosen: int = 0
    start: Sequence[Press] = ()


def menu(place: int, *more: Press) -> list[Act]:
    return [Text("/menu"), Press("open", str(place)), *more]


def polished(cast: Cast) -> Receipt:
    receipt = make_worked(cast)
    make_order(cast, receipt)
    return receipt


def jobs(cast: Cast) -> dict[str, Job]:
    mark = Press("mark", f"{type_id('assembly')}=1")
    reason = Press("mark", f"{reason_id('dirt_inside')}=1")
    back = [Press("open", "return.reasons"), reason, Press("next"), Press("confirm")]
    send = menu(30, Press("open", "polishing.polisher"), Press("person", str(cast.pavel.pk)))
    hand = [Press("person", str(cast.maxim.pk)), Press("confirm")]
    take = menu(30, Press("open", "polishing.back"))
    confirm, card = Press("confirm"), [Text("/menu")]
    return {
        "pass": Job(1, make_submitted, menu(10), [Press("pass")], "passed", Press("pass")),
        "hand": Job(2, make_receipt, menu(20), hand, "assigned", confirm),
        "record": Job(
            2, make_in_work, menu(40), [mark, Press("record")], "work_recorded", Press("record")
        ),
        "take back": Job(2, polished, take, [Press("take")], "polishing_taken_back", Press("take")),
        "polish": Job(
            3, make_in_work, send, [Press("next"), confirm], "polishing_sent", confirm, chosen=1
        ),
        "return": Job(
            4, make_submitted, menu(10), back, "returned", confirm, start=[Press("same")]
        ),
        "deadline": Job(
            2,
            make_in_work,
            card,
            [Press("open", "deadline"), confirm],
            "deadline_changed",
            confirm,
            start=[Press("same")],
        ),
        "issue": Job(2, make_ready, menu(60), [confirm], "issued", confirm),
    }


NAMES = ["pass", "hand", "record", "take back", "polish", "return", "deadline", "issue"]


def effects(job: Job, receipt: Receipt) -> int:
    return Event.objects.filter(stream=receipt.stream, kind=f"receipt.{job.kind}").count()


@pytest.mark.parametrize("name", NAMES)
def test_within_the_budget(name: str) -> None:
    cast = make_cast()
    job = jobs(cast)[name]
    receipt = job.make(cast)
    phone = MemoryPhone(BotDriver().person(cast.igor))
    for act in [*job.before, Text(receipt.number), *job.taps]:
        phone.do(act)
    assert effects(job, receipt) == 1
    assert job.chosen + len(job.taps) <= job.budget


@pytest.mark.parametrize("name", NAMES)
def test_each_next_watch_of_a_series_costs_its_number_and_one_tap(name: str) -> None:
    cast = make_cast()
    job = jobs(cast)[name]
    first, *others = [job.make(cast) for _number in range(3)]
    phone = MemoryPhone(BotDriver().person(cast.igor))
    for act in [*job.before, Text(first.number), *job.taps, *job.start]:
        phone.do(act)
    for receipt in others:
        phone.do(Text(receipt.number))
        assert not effects(job, receipt), "a number alone changes nothing"
        phone.do(job.again)
        assert effects(job, receipt) == 1


def test_a_typed_deadline_costs_two_taps_on_the_card() -> None:
    cast = make_cast()
    receipt = make_in_work(cast)
    phone = MemoryPhone(BotDriver().person(cast.igor))
    acts: list[Act] = [Text(receipt.number), Press("open", "deadline"), Text("завтра 12:00")]
    for act in [*acts, Press("confirm")]:
        phone.do(act)
    receipt.refresh_from_db()
    tomorrow = clock.local(clock.now()).date() + timedelta(days=1)
    assert receipt.deadline is not None
    assert clock.local(receipt.deadline).date() == tomorrow


@pytest.mark.parametrize(
    ("verb", "taps", "make", "kind"),
    [
        ("assign", ["person", "confirm"], make_receipt, "assigned"),
        ("polishing_take_back", ["take"], polished, "polishing_taken_back"),
        ("issue", ["confirm"], make_ready, "issued"),
        ("return", ["mark", "next", "confirm"], make_submitted, "returned"),
    ],
)
def test_from_the_card_the_verb_itself_is_one_more(
    verb: str, taps: list[str], make: Callable[[Cast], Receipt], kind: str
) -> None:
    cast = make_cast()
    receipt = make(cast)
    phone = MemoryPhone(BotDriver().person(cast.igor))
    for act in [Text(receipt.number), Press("open", verb), *map(Press, taps)]:
        phone.do(act)
    assert Event.objects.filter(stream=receipt.stream, kind=f"receipt.{kind}").count() == 1
