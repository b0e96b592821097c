"""What an inspector has said so far about a return, and what the rules pre-select (law 5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.utils.translation import gettext as _

from botapp.dialogs import Context
from botapp.screens.pickers import load_receipt
from polishing.selectors import open_orders
from receipts import selectors
from receipts.models import OperationType, ReturnItem, ReturnReason
from receipts.services.returns import ItemInput
from receipts.services.works import WorkInput
from staff.models import Employee
from workshop.lib.errors import RuleViolation

NOT_OURS: Final = "not_ours"
UNDECIDED: Final = "undecided"
STAYS: Final = 0
NOBODY: Final = 0


@dataclass(frozen=True)
class Said:
    """An answer as it stands in a screen's data: «17», «not_ours:part», «undecided», «» (none)."""

    answer: str

    @property
    def person_id(self) -> int | None:
        return int(self.answer) if self.answer.isdigit() else None

    @cached_property
    def person(self) -> Employee | None:
        return Employee.objects.filter(pk=self.person_id).first() if self.person_id else None

    @property
    def cause(self) -> str:
        return self.answer.partition(":")[2]

    @property
    def responsibility(self) -> str:
        kinds = ReturnItem.Responsibility
        if self.person_id:
            return kinds.PERSON
        return kinds.NOT_OURS if self.answer.startswith(NOT_OURS) else kinds.UNDECIDED

    def words(self) -> str:
        """Who it is; the question while nobody has said."""
        if self.person is not None:
            return self.person.short_name
        if self.answer.startswith(NOT_OURS):
            return not_ours(self.cause)
        return _("Decide later") if self.answer == UNDECIDED else _("Responsible?")


def not_ours(cause: str) -> str:
    """«Не наша вина, перевозка»."""
    label = str(ReturnItem.Cause(cause).label) if cause else ""
    return ", ".join(filter(None, [_("Not our fault"), label]))


@dataclass(frozen=True)
class Item:
    """One reason: the suggestion of its rule, and what was said about it."""

    reason: ReturnReason
    suggestion: selectors.Suggestion
    said: Said

    @property
    def person(self) -> Employee | None:
        return self.said.person

    def as_input(self) -> ItemInput:
        said = self.said
        return ItemInput(self.reason.pk, said.responsibility, said.person_id, cause=said.cause)


class Draft:
    """A view of the screen's data: answers where there are some, else what is pre-selected."""

    def __init__(self, ctx: Context) -> None:
        self.data = ctx.data
        self.now = ctx.now
        self.receipt = load_receipt(ctx.params["receipt_id"])
        self.reason_ids: list[int] = ctx.params["reasons"]

    @cached_property
    def items(self) -> list[Item]:
        rows = ReturnReason.objects.select_related("affects").in_bulk(self.reason_ids)
        found = [
            (rows[pk], selectors.suggest_responsible(self.receipt, rows[pk], self.now))
            for pk in self.reason_ids
        ]
        said = {row.affects_id: self._said(row) for row, _one in found if self._said(row).isdigit()}
        return [
            Item(row, suggested, Said(self._said(row) or self._pre_selected(suggested, said)))
            for row, suggested in found
        ]

    def _said(self, reason: ReturnReason) -> str:
        return str(self.data.get(f"who:{reason.pk}", ""))

    def _pre_selected(self, suggested: selectors.Suggestion, said: dict[int, str]) -> str:
        """By the rule; who was named for a forgotten work is so for all reasons that hit it."""
        if suggested.responsible is not None:
            return str(suggested.responsible.pk)
        by_performer = suggested.reason.rule == ReturnReason.Rule.PERFORMER
        return said.get(suggested.reason.affects_id, "") if by_performer else ""

    def ensure_answered(self) -> None:
        """Nothing is derived: a reason without an answer refuses the confirmation."""
        open_items = [item.reason.name for item in self.items if not item.said.answer]
        if open_items:
            raise RuleViolation(
                "bot.responsible_open",
                _("Responsible? Choose a person, “not our fault” or “decide later”: %(reasons)s"),
                params={"reasons": ", ".join(open_items)},
            )

    def inputs(self) -> list[ItemInput]:
        return [item.as_input() for item in self.items]

    # --- an affected work that nobody has recorded -------------------------------------------

    @cached_property
    def forgotten(self) -> list[tuple[OperationType, Employee, bool]]:
        """Missing affected types with the person answered for them, and whether to record it."""
        rows: dict[int, tuple[OperationType, Employee, bool]] = {}
        for item in self.items:
            kind, person = item.reason.affects, item.person
            if item.suggestion.work_missing and person and kind.active and kind.pk not in rows:
                chosen = self.data.get(f"record:{kind.pk}", self._probable(item, person))
                rows[kind.pk] = (kind, person, bool(chosen))
        return list(rows.values())

    def _probable(self, item: Item, person: Employee) -> bool:
        """The person of an "ask" rule need not be the one who did it; parts may still be away."""
        kind = item.reason.affects
        if kind.recorded_by_polishing and open_orders().filter(receipt=self.receipt).exists():
            return False
        asked = item.reason.rule == ReturnReason.Rule.ASK
        return not asked or kind.performers.filter(pk=person.pk).exists()

    def works(self) -> list[tuple[OperationType, Employee]]:
        return [(kind, person) for kind, person, wanted in self.forgotten if wanted]

    def work_inputs(self) -> list[WorkInput]:
        return [WorkInput(kind.pk, person.pk) for kind, person in self.works()]

    # --- the watch ---------------------------------------------------------------------------

    @cached_property
    def assembler(self) -> Employee | None:
        """Assembler of record: said, else who did the latest assembly before the return."""
        given = self.data.get("assembler")
        if given is not None:
            return Employee.objects.filter(pk=given).first()
        for kind, person in self.works():
            if kind.answers_for_whole_watch:
                return person
        return selectors.suggest_assembler(self.receipt, self.now)

    @cached_property
    def current(self) -> Employee | None:
        """The master whose watch it is, as long as he can be handed something."""
        master = self.receipt.master
        return master if master and master.active and master.is_master else None

    @cached_property
    def hand_to(self) -> Employee | None:
        given = self.data.get("hand_to")
        if given is None:
            return self.current
        return Employee.objects.filter(pk=given).first()

    @cached_property
    def destinations(self) -> list[Employee]:
        """Current master, the responsible ones who are masters, and one chosen by hand."""
        people = [self.current, *(item.person for item in self.items), self.hand_to]
        able = [one for one in people if one and one.active and one.is_master]
        return list(dict.fromkeys(able))
