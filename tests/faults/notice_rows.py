"""Due notices for many people at once: laid as rows, so that only the delivery is at work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

TEMPLATE = "deadline"


class NoticeRows:
    """People and groups with up to ``depth`` messages each; every one tells another change."""

    def __init__(self, people: Sequence[int], depth: int) -> None:
        self.events = _events(depth)
        self.employees = _employees(people)

    def lay(self, wanted: Counter[int]) -> None:
        """So many rows for each chat, all due now, chat by chat, the longest queue first."""
        from botapp.models import OutgoingMessage

        OutgoingMessage.objects.bulk_create(self._rows(wanted))

    def _rows(self, wanted: Counter[int]) -> Iterator[Any]:
        from botapp.models import OutgoingMessage
        from workshop.lib import clock

        now = clock.now()
        for chat, count in sorted(wanted.items(), key=lambda each: (-each[1], each[0])):
            employee = self.employees.get(chat)
            for event in self.events[:count]:
                yield OutgoingMessage(
                    event_id=event,
                    recipient=self.recipient(chat),
                    employee=employee,
                    chat_id=None if employee else chat,
                    template=TEMPLATE,
                    params={"event_id": event},
                    due_at=now,
                    created_at=now,
                )

    def recipient(self, chat: int) -> str:
        employee = self.employees.get(chat)
        return f"employee:{employee.pk}" if employee else f"chat:{chat}"


def _events(count: int) -> list[int]:
    """Changes of a deadline; a notice is unique per event and recipient."""
    from history.models import Event, Outbox
    from receipts.services.deadlines import change_deadline
    from receipts.services.registration import register_receipt
    from workshop.lib import clock
    from workshop.lib.actor import system_actor

    actor, now = system_actor("notices"), clock.now()
    receipt = register_receipt(number="N-1", deadline=now + timedelta(days=9), actor=actor)
    for n in range(count):
        deadline = now + timedelta(days=10 + n)
        change_deadline(receipt_id=receipt.object.pk, deadline=deadline, actor=actor)
    Outbox.objects.update(done_at=now)  # nobody else is to be told
    kind = "receipt.deadline_changed"
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("pk", flat=True))


def _employees(people: Sequence[int]) -> dict[int, Any]:
    from staff import roles
    from staff.services.people import add_employee
    from workshop.lib.actor import system_actor

    return {
        number: add_employee(
            full_name=f"Мастер {number}",
            roles=[roles.MASTER],
            telegram_id=number,
            actor=system_actor("notices"),
        ).object
        for number in people
    }
