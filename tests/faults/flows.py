"""What people do at the bot: the way to a keyboard, the press that writes, the events it makes.

Buttons are named by what they ask for (action and value of the payload), not by their labels, so
that the runs are the same in every language. A way may begin anywhere: it opens the menu first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from receipts.models import Receipt
from tests.cast import (
    Cast,
    make_in_work,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from tests.cast import make_order as polishing_order

Effects = Counter[tuple[str, str]]  # (number of the receipt, kind of event) → how often


@dataclass(frozen=True)
class Text:
    """Typed."""

    text: str


@dataclass(frozen=True)
class Press:
    """The button with this action, and with this value if there are several."""

    action: str
    value: str | None = None


Act = Text | Press


@dataclass(frozen=True)
class Flow:
    """``way`` leads to the keyboard with ``last``, which writes ``effects``, once."""

    name: str
    way: Sequence[Act]
    last: Act
    effects: Effects
    receipts: Sequence[Receipt] = field(default_factory=list)


def open_card(receipt: Receipt) -> list[Act]:
    """From anywhere: the menu, where a typed number opens that receipt."""
    return [Text("/menu"), Text(receipt.number)]


def each(receipts: Sequence[Receipt], *kinds: str) -> Effects:
    """Each of these kinds once for each of the receipts."""
    return Counter({(one.number, f"receipt.{kind}"): 1 for one in receipts for kind in kinds})


def create(cast: Cast, number: str) -> Flow:
    way = [Text("/menu"), Press("open", "50"), Text(number)]
    return Flow("create", way, Press("create"), Counter({(number, "receipt.registered"): 1}))


def hand(cast: Cast, number: str) -> Flow:
    """Two watches to one master in one confirm: a series, one transaction each."""
    watches = [make_receipt(cast, f"{number}-{part}") for part in "ab"]
    numbers = " ".join(one.number for one in watches)
    way = [
        Text("/menu"),
        Press("open", "20"),
        Text(numbers),
        Press("person", str(cast.maxim.pk)),
    ]
    return Flow("hand", way, Press("confirm"), each(watches, "assigned"), watches)


def hand_one(cast: Cast, number: str) -> Flow:
    """One watch to a master: what every door can do."""
    watch = make_receipt(cast, number)
    way = [*open_card(watch), Press("open", "assign"), Press("person", str(cast.maxim.pk))]
    return Flow("hand one", way, Press("confirm"), each([watch], "assigned"), [watch])


def record(cast: Cast, number: str) -> Flow:
    watch = make_in_work(cast, number=number)
    kind = type_id("assembly")
    way = [*open_card(watch), Press("open", "record_work"), Press("mark", f"{kind}=1")]
    return Flow("record", way, Press("record"), each([watch], "work_recorded"), [watch])


def submit(cast: Cast, number: str) -> Flow:
    watch = make_in_work(cast, number=number)
    last = Press("now", "submit=in_work")
    return Flow("submit", open_card(watch), last, each([watch], "submitted"), [watch])


def pass_check(cast: Cast, number: str, watch: Receipt | None = None) -> Flow:
    watch = watch or make_submitted(cast)
    last = Press("now", "pass=quality_control")
    return Flow("pass", open_card(watch), last, each([watch], "passed"), [watch])


def issue(cast: Cast, number: str, watch: Receipt | None = None) -> Flow:
    watch = watch or make_ready(cast)
    way = [*open_card(watch), Press("open", "issue")]
    return Flow("issue", way, Press("confirm"), each([watch], "issued"), [watch])


def send_back(cast: Cast, number: str, watch: Receipt | None = None) -> Flow:
    """A return from quality control with one reason, to the current master."""
    watch = watch or make_submitted(cast)
    way = [
        *open_card(watch),
        Press("open", "return"),
        Press("mark", f"{reason_id('dirt_inside')}=1"),
        Press("next"),
    ]
    return Flow("return", way, Press("confirm"), each([watch], "returned", "assigned"), [watch])


def polish(cast: Cast, number: str) -> Flow:
    watch = make_in_work(cast, number=number)
    way = [
        *open_card(watch),
        Press("open", "polishing_send"),
        Press("person", str(cast.pavel.pk)),
        Press("next"),
    ]
    return Flow("polish", way, Press("confirm"), each([watch], "polishing_sent"), [watch])


def take_back(cast: Cast, number: str) -> Flow:
    watch = make_worked(cast)
    polishing_order(cast, watch)
    way = [*open_card(watch), Press("open", "polishing_take_back")]
    effects = each([watch], "polishing_taken_back", "work_recorded")
    return Flow("take back", way, Press("take"), effects, [watch])


def comment(cast: Cast, number: str) -> Flow:
    """Here a text writes: sent again by the network it must still be one remark."""
    watch = make_receipt(cast, number)
    way = [*open_card(watch), Press("open", "comment")]
    last = Text(f"Стекло <b>& царапина, {number}")
    return Flow("comment", way, last, each([watch], "comment_added"), [watch])


FLOWS: tuple[Callable[[Cast, str], Flow], ...] = (
    create,
    hand,
    record,
    submit,
    pass_check,
    issue,
    send_back,
    polish,
    take_back,
    comment,
)
