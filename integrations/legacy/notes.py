"""What happened to each row on its way: the tally of the report, and every deviation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# Fates of rows. "carried" counts as a row of ours, the others say why there is none.
CARRIED: Final = "carried"
KEPT: Final = "comment"  # broke a rule of ours: stands in the history as a comment
LEGACY: Final = "legacy"  # an event without a kind of ours, kept as it is
MERGED: Final = "merged"  # said the same as another row
NOT_ON_RECEIPT: Final = "no_receipt"

# Deviations that are no rule of ours; the others carry the code of the rule.
WHY: Final[Mapping[str, str]] = {
    "role_unknown": "the role is neither master nor polisher; roles come from the works alone",
    "name_unusable": "the name is empty or too long",
    "person_known": "a person with this Telegram account is here already and was left as he is",
    "number_unusable": "the number has signs that ours may not have; registered under another",
    "number_taken": "another receipt has the same number after normalising; renumbered",
    "number_told_differently": "its event names another number than its row",
    "created_unreadable": "the time of creation cannot be read",
    "time_unreadable": "the time cannot be read",
    "in_future": "lies in the future",
    "before_receipt": "lies before its receipt was created",
    "unknown_person": "names a person who is not in the table employees",
    "unknown_type": "names a kind of work that is not in the table",
    "unknown_reason": "names a reason that is not in the table",
    "unknown_guilty": "the guilty person is not in the table; left undecided",
    "reason_twice": "the same reason twice in one return; the first one with a person counts",
    "reason_twice_other_person": "the same reason twice with two persons; the second is a comment",
    "reasons_of_the_event": "the return has no reasons of its own; taken from its event",
    "back_before_sent": "came back from polishing before it was sent",
    "out_at_the_check": "still at the polisher by the records when the watch passed the check",
    "work_not_recorded": "passed without a required work; marked as not required",
    "ready_again": "handed on after the check; carried as a rework without a return",
    "repeated": "changed nothing any more",
    "row_missing": "tells of a row that does not exist",
    "unknown_event": "a type of event that is not ours",
    "metal_unknown": "the metal is not in the catalogue; kept in the comment",
    "deadline_unreadable": "the deadline cannot be read",
    "deadline_differs": "the history ends at another deadline; the receipt's own counts",
    "text_clipped": "the text is longer than ours may be; clipped",
    "no_such_receipt": "belongs to no receipt",
    "catalogue_added": "was not in our catalogue and was added",
    "named_differently": "is named differently in our catalogue",
    "changed_since": "the rows have changed since they were carried over; nothing was changed",
    "receipts.impossible_now": "is not possible in the status that the receipt had then",
    "receipts.return_without_reason": "a return without a reason",
    "telegram_not_staff": "entered data and is nobody of the staff here",
}  # fmt: skip


class Refused(Exception):
    """A row that breaks a rule, found before anything was written of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class Notes:
    """Of one receipt; stored with its command, so the report needs no second reading."""

    tally: dict[str, Counter[str]] = field(default_factory=dict)
    deviations: list[dict[str, Any]] = field(default_factory=list)

    def count(self, table: str, fate: str, number: int = 1) -> None:
        self.tally.setdefault(table, Counter())[fate] += number

    def note(self, table: str, row: int, why: str, told: str = "") -> None:
        self.deviations.append({"table": table, "row": row, "why": why, "told": told})

    def stored(self) -> dict[str, Any]:
        return {
            "tally": {table: dict(fates) for table, fates in self.tally.items()},
            "deviations": self.deviations,
        }
