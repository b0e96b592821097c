"""What customers are told: in plain words that the watch can be collected, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import b, fmt, lines
from botapp.models import OutgoingMessage
from botapp.notices import Addressed, Notice, NoticeButton, on_event, template
from history.models import Event
from receipts.events.status import Passed, Refused
from receipts.events.subscriptions import Unsubscribed
from receipts.models import Subscription
from receipts.services.subscriptions import end_blocked
from receipts.services.undoing import WINDOW
from receipts.states import Status
from staff.actors import customer_actor
from staff.models import Employee
from workshop.lib.actor import BOT, Channel


@on_event(Passed.kind, Refused.kind)
def to_the_customers(event: Event) -> Iterator[Addressed]:
    """After the time in which a wrong press is taken back: a customer sets out once he reads it."""
    receipt_id = int(event.stream.removeprefix("receipt:"))
    name = "customer.ready" if event.kind == Passed.kind else "customer.refused"
    due_at = event.recorded_at + WINDOW
    for row in Subscription.objects.live().filter(receipt=receipt_id).order_by("pk"):
        params = {"subscription_id": row.pk}
        yield Addressed(row, name, params, due_at=due_at, replace_key=f"receipt:{receipt_id}")


@on_event(Unsubscribed.kind)
def forget_the_account(event: Event) -> Iterable[Addressed]:
    """The queue forgets it with the subscription; what was not sent finds nobody."""
    OutgoingMessage.objects.filter(recipient=event.stream).update(chat_id=None)
    return ()


def end_subscriptions(telegram_id: int) -> None:
    """A customer who blocks the bot wants to hear nothing more."""
    for row in Subscription.objects.live().filter(telegram_id=telegram_id):
        end_blocked(
            subscription_id=row.pk, telegram_id=telegram_id, actor=customer_actor(Channel(BOT))
        )


@template("customer.ready")
def ready(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return _told(params, Status.READY, lazy("✅ The watch is ready and can be collected."))


@template("customer.refused")
def refused(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    text = lazy("The watch was not repaired. Please contact the workshop.")
    return _told(params, Status.REFUSED, text)


def _told(params: Mapping[str, Any], status: Status, text: Any) -> Notice | None:
    """Nothing to tell when he has stopped it, or the decision was taken back meanwhile."""
    row = Subscription.objects.select_related("receipt").get(pk=params["subscription_id"])
    receipt = row.receipt
    if row.ended_at is not None or receipt.is_void or receipt.status != status:
        return None
    with translation.override(row.language):
        told = lines(
            b(text),
            fmt(_("Receipt: %(number)s"), number=receipt),
            settings.WORKSHOP_NAME,
        )
        stop = NoticeButton(_("🔕 Do not tell me any more"), "unsubscribe", row.pk)
        return Notice(told, ((stop,),))
