"""How single records are taken back: a deadline, a remark, photo, readings, test run, receipt.

Imported for its effect: it registers with ``receipts.services.undoing``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from history.commands import Run
from history.models import Event
from history.registry import undoes
from receipts import locks
from receipts.events.facts import (
    CommentAdded,
    CommentVoided,
    DeadlineChanged,
    FactsChanged,
    PhotoAdded,
    Registered,
    WatchChanged,
)
from receipts.events.quality import (
    CheckMeasured,
    ReadingAdded,
    TestRunCancelled,
    TestRunStarted,
)
from receipts.models import ChecklistAnswer, Metal, QualityCheck, Reading, Receipt
from receipts.services.base import write
from receipts.services.facts import set_facts
from receipts.services.photos import void_photo
from receipts.services.quality import tick, void_reading
from receipts.services.registration import void_registered
from receipts.services.reminders import plan_reminders
from receipts.services.undoing import impossible
from receipts.services.watches import set_values
from workshop.lib import clock


def _receipt(event: Event) -> Receipt:
    return locks.receipt(int(event.stream.removeprefix("receipt:")))


def _named(rows: QuerySet[Any]) -> Any:
    """The row an event knows by its name alone; two, or another name by now: by hand, please."""
    found = list(rows[:2])
    if len(found) != 1:
        raise impossible()
    return found[0]


@undoes(Registered.kind)
def _void_receipt(run: Run, event: Event, reason: str) -> None:
    """Not the verb, which only managers may: a number typed wrong is noticed at once."""
    void_registered(run, _receipt(event), reason)


@undoes(DeadlineChanged.kind)
def _restore_deadline(run: Run, event: Event, reason: str) -> None:
    """The deadline before it, with the promise that stood then; it may have passed meanwhile."""
    receipt = _receipt(event)
    earlier = Event.objects.filter(
        stream=event.stream, kind=DeadlineChanged.kind, sequence__lt=event.sequence
    )
    before = earlier.order_by("-sequence").first()
    payload = DeadlineChanged(
        old=event.payload["new"],
        new=event.payload["old"],
        promise=before.payload["promise"] if before else None,
        reason=reason,
        taken_back=True,
    )
    write(run, receipt, payload)
    plan_reminders(receipt, run.at)


@undoes(FactsChanged.kind)
def _restore_facts(run: Run, event: Event, reason: str) -> None:
    """What stood before: text as the event tells it, rows and flags as it keeps them."""
    told = {name: old for name, (old, _new) in event.payload["changes"].items()}
    set_facts(run, _receipt(event), {**told, **event.payload.get("before", {})}, reason)


@undoes(WatchChanged.kind)
def _restore_watch(run: Run, event: Event, reason: str) -> None:
    values = {name: old for name, (old, _new) in event.payload["changes"].items()}
    if values.get("metal"):
        values["metal"] = _named(Metal.objects.filter(name=values["metal"])).pk
    set_values(run, locks.watch(event.payload["watch_id"]), values, reason)


@undoes(CommentAdded.kind)
def _void_comment(run: Run, event: Event, reason: str) -> None:
    payload = CommentVoided(sequence=event.sequence, text=event.payload["text"], reason=reason)
    write(run, _receipt(event), payload)


@undoes(PhotoAdded.kind)
def _void_photo(run: Run, event: Event, reason: str) -> None:
    void_photo(
        photo_id=event.payload["photo_id"],
        reason=reason,
        actor=run.actor,
        command=run.command,
        at=run.at,
    )


@undoes(ReadingAdded.kind)
def _void_reading(run: Run, event: Event, reason: str) -> None:
    void_reading(
        receipt_id=_receipt(event).pk,
        reading_id=event.payload["reading_id"],
        reason=reason,
        actor=run.actor,
        command=run.command,
        at=run.at,
    )
    _drop_empty_check(event, run, reason)


@undoes(TestRunStarted.kind)
def _cancel_test_run(run: Run, event: Event, reason: str) -> None:
    """The run before it goes on, if there was one."""
    receipt = _receipt(event)
    check_id = event.payload["check_id"]
    earlier = Event.objects.filter(
        stream=event.stream,
        kind__in=(TestRunStarted.kind, TestRunCancelled.kind),
        sequence__lt=event.sequence,
        payload__check_id=check_id,
    )
    before = earlier.order_by("-sequence").first()
    until = before.payload["until"] if before else None
    QualityCheck.objects.filter(pk=check_id).update(test_run_until=clock.from_iso(until))
    write(run, receipt, TestRunCancelled(check_id=check_id, until=until, reason=reason))
    _drop_empty_check(event, run, reason)


@undoes(CheckMeasured.kind)
def _restore_measurements(run: Run, event: Event, reason: str) -> None:
    """Each value as it was; an item that was not looked at before is not looked at again."""
    check = QualityCheck.objects.get(pk=event.payload["check_id"])
    changes = event.payload["changes"]
    for key, (old, _new) in changes.items():
        if key.startswith("item:"):
            name = key.removeprefix("item:")
            answer = _named(ChecklistAnswer.objects.filter(quality_check=check, item__name=name))
            answer.ok, answer.voided_at = old == tick(True), None if old else run.at
            answer.void_reason = "" if old else reason
            answer.save(update_fields=["ok", "voided_at", "void_reason"])
        elif key == "water_result":
            check.water_result = old
        else:
            setattr(check, key, Decimal(old) if old else None)
    check.save(update_fields=["water_bar", "water_result", "power_reserve_hours"])
    back = {key: [new, old] for key, (old, new) in changes.items()}
    write(run, _receipt(event), CheckMeasured(check_id=check.pk, changes=back, reason=reason))
    _drop_empty_check(event, run, reason)


def _drop_empty_check(event: Event, run: Run, reason: str) -> None:
    """A check that this very record opened, and that holds nothing now, is void with it."""
    check = QualityCheck.objects.get(pk=event.payload["check_id"])
    values = (check.test_run_until, check.water_bar, check.water_result, check.power_reserve_hours)
    holds = any(value not in (None, "") for value in values)
    holds = holds or Reading.objects.valid().filter(quality_check=check).exists()
    holds = holds or ChecklistAnswer.objects.valid().filter(quality_check=check).exists()
    if check.opened_at == event.occurred_at and check.decision is None and not holds:
        check.voided_at, check.void_reason = run.at, reason
        check.save(update_fields=["voided_at", "void_reason"])
