"""Which screen a verb on the receipt card leads to. A verb nobody announced has no button.

A flow announces its verbs where its screens are:
``card_action("return", Reasons.id)``. The screen is opened with ``receipt_id``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from receipts.models import Receipt
from receipts.states import VERBS


@dataclass(frozen=True)
class CardAction:
    """``shown`` hides a verb that the status allows but that makes no sense now.

    ``label`` is a text, or a function that words the verb for this receipt.
    """

    verb: str
    screen: str
    label: Any
    more: bool
    shown: Callable[[Receipt], bool] | None

    def text(self, receipt: Receipt) -> str:
        return str(self.label(receipt) if callable(self.label) else self.label)

    def makes_sense(self, receipt: Receipt) -> bool:
        return self.shown is None or self.shown(receipt)


_actions: dict[str, CardAction] = {}


def card_action(
    verb: str,
    screen: str,
    *,
    label: Any = None,
    more: bool = False,
    shown: Callable[[Receipt], bool] | None = None,
) -> None:
    """Announce the screen of ``verb`` (``receipts.states.VERBS``); ``more``: the second page."""
    _actions[verb] = CardAction(verb, screen, label or VERBS[verb].label, more, shown)


def find_action(verb: str) -> CardAction | None:
    return _actions.get(verb)


def actions_of(receipt: Receipt, verbs: tuple[str, ...], *, more: bool) -> list[CardAction]:
    """The announced ones among the possible ``verbs``, in the order of the transition table."""
    known = [_actions[verb] for verb in verbs if verb in _actions]
    return [one for one in known if one.more is more and one.makes_sense(receipt)]
