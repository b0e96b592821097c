"""Row locks of the core: the receipt first, its children by pk, then the streams (history)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from receipts.models import (
    Customer,
    Photo,
    Receipt,
    Reminder,
    ReminderAnswer,
    Watch,
    WorkCalendar,
)
from workshop.lib.compiled import Rows
from workshop.lib.errors import NotFound
from workshop.lib.models import CatalogueRow

_receipt: Rows[Receipt] = Rows(
    lambda slot: (
        Receipt.objects.select_for_update(of=("self",))
        .select_related("master")
        .filter(pk=slot("pk"), voided_at__isnull=True)
    )
)


def receipt(receipt_id: int) -> Receipt:
    """The locked receipt with its master; NotFound ``receipts.no_such_receipt``."""
    row = _receipt.first(pk=receipt_id)
    if row is None:
        raise NotFound("receipts.no_such_receipt", _("There is no such receipt."), field="receipt")
    return row


def receipts(ids: Iterable[int]) -> dict[int, Receipt]:
    """Several receipts, locked in the order of their ids."""
    return {pk: receipt(pk) for pk in sorted(set(ids))}


def customer(customer_id: int) -> Customer:
    """The locked customer; NotFound ``receipts.no_such_customer``."""
    row = Customer.objects.select_for_update(of=("self",)).filter(pk=customer_id).first()
    if row is None:
        raise NotFound(
            "receipts.no_such_customer", _("There is no such customer."), field="customer"
        )
    return row


def watch(watch_id: int) -> Watch:
    """The locked watch; NotFound ``receipts.no_such_watch``."""
    row = Watch.objects.select_for_update(of=("self",)).filter(pk=watch_id).first()
    if row is None:
        raise NotFound("receipts.no_such_watch", _("There is no such watch."), field="watch")
    return row


def any_receipt(receipt_id: int) -> Receipt:
    """The locked receipt, void or not: for what must reach void ones too."""
    row: Receipt = Receipt.objects.select_for_update(of=("self",)).get(pk=receipt_id)
    return row


def photo(photo_id: int) -> Photo:
    """The locked photo; its receipt, where needed, is locked before."""
    row: Photo = Photo.objects.select_for_update(of=("self",)).get(pk=photo_id)
    return row


def calendar(calendar_id: int) -> WorkCalendar:
    """The locked work calendar; NotFound ``receipts.no_such_calendar``."""
    row = WorkCalendar.objects.select_for_update(of=("self",)).filter(pk=calendar_id).first()
    if row is None:
        raise NotFound(
            "receipts.no_such_calendar", _("There is no such calendar."), field="calendar"
        )
    found: WorkCalendar = row
    return found


def catalogue_row(model: type[CatalogueRow], pk: int) -> CatalogueRow | None:
    """The locked row of a catalogue: two who edit it at once see each other's old value."""
    return model._default_manager.select_for_update(of=("self",)).filter(pk=pk).first()


def due_reminders(at: datetime, limit: int) -> list[Reminder]:
    """Planned reminders that are due, earliest first, with their receipts, both locked.

    Rows that somebody else holds are left to the next run: waiting for them here could stop two
    transactions for ever, and whoever holds them cancels or tells them.
    """
    rows = Reminder.objects.select_for_update(of=("self", "receipt"), skip_locked=True, no_key=True)
    due = rows.filter(fate=Reminder.Fate.PLANNED, due_at__lte=at).select_related("receipt")
    return list(due.order_by("due_at", "pk")[:limit])


def reminder_answer(
    event_id: int, employee_id: int, receipt_id: int | None
) -> ReminderAnswer | None:
    """The locked answer of this person to a digest, or to one receipt of it."""
    rows = ReminderAnswer.objects.select_for_update(of=("self",))
    rows = rows.filter(event_id=event_id, employee_id=employee_id)
    about = {"receipt__isnull": True} if receipt_id is None else {"receipt_id": receipt_id}
    found: ReminderAnswer | None = rows.filter(**about).first()
    return found


def due_answers(at: datetime, limit: int) -> list[ReminderAnswer]:
    """Answers that ask to be reminded again by now; those that somebody holds are left."""
    rows = ReminderAnswer.objects.select_for_update(of=("self",), skip_locked=True)
    due = rows.filter(kind="snoozed", told_at__isnull=True, until__lte=at)
    return list(due.select_related("event").order_by("until", "pk")[:limit])
