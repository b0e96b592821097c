"""Whom the bot cannot reach: written when Telegram says so, forgotten when the person is back.

Notices to such a person end without a call, except for one a day, lest a mistake lasts for ever.
When he is back, those of the last day are sent after all; their templates know what is out of date.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce, Greatest

from botapp import reasons
from botapp.models import Dialog, OutgoingMessage, PersonReach
from staff.models import Employee
from staff.selectors import by_telegram_id
from workshop.lib import clock
from workshop.lib.compiled import Columns

BLOCKED = reasons.BLOCKED
TRY_EVERY: Final = timedelta(days=1)
SENT_AFTER_ALL: Final = timedelta(days=1)


def note_block(telegram_id: int, *, blocked: bool) -> None:
    """The person blocked the bot, or let it in again."""
    if blocked:
        mark_unreachable(telegram_id, BLOCKED)
        return
    row = PersonReach.objects.filter(employee__telegram_id=telegram_id).first()
    if row is not None:
        mark_reachable(row.employee_id)


def mark_unreachable(telegram_id: int, reason: str) -> None:
    """From now on the office sees that notices do not arrive. Strangers are not listed."""
    employee = by_telegram_id(telegram_id)
    if employee is not None:
        now = clock.now()
        told = {"reason": reason[:200], "checked_at": now}
        PersonReach.objects.update_or_create(
            employee=employee, defaults=told, create_defaults={**told, "since": now}
        )


def mark_reachable(employee_id: int) -> int:
    """He can be reached again; how many of his notices are sent after all."""
    with transaction.atomic():
        gone, _by_model = PersonReach.objects.filter(employee_id=employee_id).delete()
        return send_after_all(employee_id) if gone else 0


def send_after_all(employee_id: int) -> int:
    """What the person missed in the last day goes into the queue again; how many."""
    now = clock.now()
    missed = OutgoingMessage.objects.filter(
        employee_id=employee_id,
        state=OutgoingMessage.DEAD,
        last_error__startswith=reasons.UNREACHABLE,
        due_at__gte=now - SENT_AFTER_ALL,
    )
    return missed.update(
        state=OutgoingMessage.WAITING, planned_at=Coalesce("planned_at", F("due_at")), due_at=now
    )


def let_try(employee_ids: Iterable[int]) -> None:
    """The next notice of these people is tried; they stay listed until one has arrived."""
    marks = PersonReach.objects.filter(employee__in=list(employee_ids))
    marks.update(checked_at=clock.now() - TRY_EVERY)


def barred(employee: Employee) -> PersonReach | None:
    """The mark of a person who is not to be tried now."""
    mark: PersonReach | None = getattr(employee, "unreachable", None)
    if mark is None or clock.now() - (mark.checked_at or mark.since) >= TRY_EVERY:
        return None
    return mark


def _wrote() -> Exists:
    return Exists(
        Dialog.objects.filter(
            chat_id=OuterRef("employee__telegram_id"),
            person_id=OuterRef("employee__telegram_id"),
            # The later of both: whom the office lets try again was checked long ago.
            updated_at__gt=Greatest(
                Coalesce(OuterRef("checked_at"), OuterRef("since")), OuterRef("since")
            ),
        )
    )


_back = Columns(lambda slot: PersonReach.objects.filter(_wrote()).values_list("employee_id"))


def welcome_back() -> int:
    """People who have written since they were out of reach; how many."""
    back = [employee_id for (employee_id,) in _back.all()]  # asked every two seconds
    for employee_id in back:
        mark_reachable(employee_id)
    return len(back)
