"""Numbers of carried receipts: two that are the same for us must not be."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from django.utils.translation import gettext as _

from integrations.legacy import values
from integrations.legacy.notes import Notes
from receipts.models import Receipt
from receipts.numbers import MAX_LENGTH, Number, normalise_number
from receipts.services.bulk import Draft
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation


class Numbers:
    """Of one chunk: which keys are taken, asked of the database once."""

    def __init__(self, raw: Iterable[str]) -> None:
        keys = {found.key for one in raw if (found := _parsed(one)) is not None}
        rows = Receipt.objects.valid().filter(number_key__in=keys)
        self._taken = set(rows.values_list("number_key", flat=True))

    def usable(self, raw: str, receipt_id: int, notes: Notes) -> str:
        """The number to register under; one that ours may not be stands in a comment."""
        if _parsed(raw) is not None:
            return raw
        notes.note("receipts", receipt_id, "number_unusable", values.text(raw, 100))
        return f"L-{receipt_id}"

    def settle(self, draft: Draft, receipt_id: int, importer: Actor, notes: Notes) -> None:
        """Renumber a receipt whose number is taken; the old one stays findable."""
        receipt, now = draft.receipt, draft.rows.now
        told = next(
            (one["told"] for one in notes.deviations if one["why"] == "number_unusable"), None
        )
        if told is not None:
            text = _("Number in the earlier platform: %(number)s") % {"number": told or "–"}
            draft.add_comment(text=text, actor=importer, at=now)
        if self._is_taken(receipt.number_key):
            number = self._free(receipt.number)
            notes.note("receipts", receipt_id, "number_taken", f"{receipt.number} → {number}")
            reason = _("another receipt has this number (earlier platform)")
            draft.renumber(number=number, reason=reason, actor=importer, at=now)
        self._taken.add(receipt.number_key)

    def _is_taken(self, key: str) -> bool:
        """Only numbers made up here can be taken without having been asked for at the start."""
        made_up = key.startswith("l-") and Receipt.objects.valid().filter(number_key=key).exists()
        return key in self._taken or made_up

    def _free(self, number: str) -> str:
        for ordinal in count(2):
            ending = f"-{ordinal}"
            wanted = _parsed(number[: MAX_LENGTH - len(ending)] + ending)
            if wanted is None or wanted.key in self._taken:
                continue
            if not Receipt.objects.valid().filter(number_key=wanted.key).exists():
                return wanted.display
        raise LookupError("numbers are endless")


def _parsed(raw: str) -> Number | None:
    try:
        return normalise_number(raw)
    except RuleViolation:
        return None
