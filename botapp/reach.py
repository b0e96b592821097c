"""Whom the bot cannot reach: written when Telegram says so, forgotten when the person is back."""

from __future__ import annotations

from botapp.models import PersonReach
from staff.selectors import by_telegram_id

BLOCKED = "blocked"


def note_block(telegram_id: int, *, blocked: bool) -> None:
    """The person blocked the bot, or let it in again."""
    if blocked:
        mark_unreachable(telegram_id, BLOCKED)
    else:
        PersonReach.objects.filter(employee__telegram_id=telegram_id).delete()


def mark_unreachable(telegram_id: int, reason: str) -> None:
    """From now on the office sees that notices do not arrive. Strangers are not listed."""
    employee = by_telegram_id(telegram_id)
    if employee is not None:
        PersonReach.objects.get_or_create(employee=employee, defaults={"reason": reason[:200]})


def mark_reachable(employee_id: int) -> None:
    """A notice has arrived."""
    PersonReach.objects.filter(employee_id=employee_id).delete()
