"""Customers who let the bot tell them: ids only, in a stream of their own.

Not in the receipt's: what a customer presses must not come between an inspector and his Undo.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind


@event_kind("subscription.begun", lazy("Customer subscribed in Telegram"))
@frozen(slots=False)
class Subscribed(Payload):
    subscription_id: int
    receipt_id: int

    def words(self) -> str:
        return _("Customer subscribed in Telegram, receipt %(id)s") % {"id": self.receipt_id}


@event_kind("subscription.ended", lazy("Customer's subscription ended"))
@frozen(slots=False)
class Unsubscribed(Payload):
    """``cause``: ``asked``, ``blocked``, ``link_revoked``, ``erased``."""

    CAUSES: ClassVar = {
        "asked": lazy("the customer asked for it"),
        "blocked": lazy("the bot was blocked"),
        "link_revoked": lazy("the link was revoked"),
        "erased": lazy("personal data erased"),
    }
    subscription_id: int
    receipt_id: int
    cause: str

    def words(self) -> str:
        cause = self.CAUSES.get(self.cause, self.cause)
        return _("Customer's subscription ended, receipt %(id)s (%(cause)s)") % {
            "id": self.receipt_id,
            "cause": cause,
        }
