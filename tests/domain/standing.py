"""What stands on a receipt: everything that counts, without what is void. For comparisons."""

from __future__ import annotations

from typing import Any

from history.models import Event
from polishing.models import PolishingOrder
from receipts.models import (
    Assignment,
    ChecklistAnswer,
    DetachedPart,
    Hold,
    Operation,
    Photo,
    QualityCheck,
    Reading,
    Receipt,
    Reminder,
    ReturnCase,
    ReturnItem,
    Waiver,
    Watch,
)

_VOIDABLE = (Assignment, Operation, Waiver, Hold, QualityCheck, ReturnCase, Photo, PolishingOrder)
# Set again by any change, or told by another row.
_PASSING = {"version", "deadline_version", "voided_at", "void_reason"}


def standing(receipt_id: int) -> dict[str, Any]:
    """The receipt's own columns and every valid row that hangs on it."""
    found: dict[str, Any] = {"receipt": _plain(Receipt.objects.filter(pk=receipt_id).values()[0])}
    for model in _VOIDABLE:
        rows = model.objects.valid().filter(receipt_id=receipt_id).order_by("pk")
        found[model.__name__] = [_plain(row) for row in rows.values()]
    readings = Reading.objects.valid().filter(
        quality_check__receipt_id=receipt_id, quality_check__voided_at__isnull=True
    )
    found["readings"] = list(readings.order_by("pk").values("quality_check_id", "rate"))
    answers = ChecklistAnswer.objects.valid().filter(
        quality_check__receipt_id=receipt_id, quality_check__voided_at__isnull=True
    )
    found["answers"] = list(answers.order_by("item").values("item", "ok"))
    watch = Watch.objects.filter(receipts=receipt_id)
    found["watch"] = list(watch.values())
    through = Receipt.agreed_works.through.objects.filter(receipt_id=receipt_id)
    found["agreed"] = sorted(through.values_list("operationtype_id", flat=True))
    items = ReturnItem.objects.filter(
        return_case__receipt_id=receipt_id, return_case__voided_at__isnull=True
    )
    found["items"] = list(items.order_by("pk").values())
    away = DetachedPart.objects.filter(receipt_id=receipt_id, until__isnull=True)
    found["away"] = sorted(away.values_list("part", "holder_id", "since"))
    planned = Reminder.objects.filter(receipt_id=receipt_id, fate=Reminder.Fate.PLANNED)
    found["reminders"] = sorted(planned.values_list("kind", "due_at"))
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _PASSING}


def kinds_of(receipt: Receipt) -> list[str]:
    """What has happened to it, in order."""
    events = Event.objects.filter(stream=receipt.stream).order_by("sequence")
    return list(events.values_list("kind", flat=True))
