"""Row locks of the facts: their rows by receipt, then the progress. Receipts are not locked."""

from __future__ import annotations

from collections.abc import Collection

from analytics.models import FactsProgress, ReceiptFact


def facts(ids: Collection[int]) -> None:
    """Two that bring the same facts up to date do it one after the other."""
    rows = ReceiptFact.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    list(rows.values_list("pk"))


def progress() -> FactsProgress | None:
    """The one row, locked; None when it has not been begun."""
    return FactsProgress.objects.select_for_update().filter(pk=FactsProgress.ONLY).first()
