"""Events of a receipt's facts: registration, number, deadline, photos, customer and watch.

Personal data of customers (name, phone, note) never enters a payload: only ids and field names.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import field, frozen
from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.models import Event
from history.registry import Payload, event_kind
from receipts.events.base import Projected, Projecting, Ref, name, shown, with_reason
from receipts.states import Status
from workshop.lib import clock


@event_kind("receipt.registered", lazy("Receipt created"))
@frozen(slots=False)
class Registered(Projecting):
    number: str
    number_key: str
    similar_key: str
    status_to: str = Status.RECEIVED.value

    def project(self, receipt: Projected, event: Event) -> None:
        receipt.number, receipt.number_key = self.number, self.number_key
        receipt.similar_key = self.similar_key
        receipt.status = self.status_to
        receipt.status_since = receipt.received_at = event.occurred_at

    def words(self) -> str:
        return _("Receipt created: №%(number)s") % {"number": self.number}


@event_kind("receipt.renumbered", lazy("Number corrected"))
@frozen(slots=False)
class Renumbered(Projecting):
    old: str
    new: str
    number_key: str
    similar_key: str
    reason: str

    def project(self, receipt: Projected, event: Event) -> None:
        receipt.number, receipt.number_key = self.new, self.number_key
        receipt.similar_key = self.similar_key
        receipt.label_outdated = True

    def words(self) -> str:
        text = _("Number corrected: %(old)s → %(new)s") % {"old": self.old, "new": self.new}
        return with_reason(text, self.reason)


@event_kind("receipt.voided", lazy("Receipt voided"))
@frozen(slots=False)
class ReceiptVoided(Projecting):
    number: str
    reason: str

    def project(self, receipt: Projected, event: Event) -> None:
        receipt.voided_at = event.occurred_at

    def words(self) -> str:
        text = _("Receipt voided: №%(number)s") % {"number": self.number}
        return with_reason(text, self.reason)


@event_kind("receipt.deadline_changed", lazy("Deadline changed"))
@frozen(slots=False)
class DeadlineChanged(Projecting):
    """``promise`` is the first promise as it stands after this change.

    ``taken_back``: the compensation of a change that was undone; that change counts no more.
    """

    old: str | None
    new: str | None
    promise: str | None
    cause: Ref | None = None
    reason: str = ""
    taken_back: bool = False

    def project(self, receipt: Projected, event: Event) -> None:
        receipt.deadline = clock.from_iso(self.new)
        receipt.first_promise = clock.from_iso(self.promise)
        receipt.deadline_version += 1
        if self.taken_back:
            receipt.deadline_changes -= 1 if self.new is not None else 0
        elif self.old is not None:
            receipt.deadline_changes += 1

    def words(self) -> str:
        if self.new is None:
            text = _("Deadline cleared: %(old)s") % {"old": shown(self.old)}
        else:
            text = _("Deadline: %(old)s → %(new)s") % {
                "old": shown(self.old),
                "new": shown(self.new),
            }
        causes = [part for part in (name(self.cause) if self.cause else "", self.reason) if part]
        return with_reason(text, ", ".join(causes))


@event_kind("receipt.urgency_changed", lazy("Urgency changed"))
@frozen(slots=False)
class UrgencyChanged(Projecting):
    urgent: bool

    def project(self, receipt: Projected, event: Event) -> None:
        receipt.urgent = self.urgent

    def words(self) -> str:
        return _("Marked urgent") if self.urgent else _("No longer urgent")


@event_kind("receipt.facts_changed", lazy("Facts changed"))
@frozen(slots=False)
class FactsChanged(Payload):
    """``changes`` is field → [old, new] in words of that time.

    ``before``: the old values of those fields whose words do not tell them (rows by id, flags,
    choices), for an undo. ``reason`` is that of an undo.
    """

    changes: dict[str, list[str]]
    before: dict[str, Any] = field(factory=dict)
    reason: str = ""

    def words(self) -> str:
        from receipts.models import Receipt  # the labels live on the model

        parts = []
        for fact, values in self.changes.items():
            column = Receipt._meta.get_field(fact)
            is_amount = isinstance(column, models.DecimalField)
            old, new = map(_amount, values) if is_amount else values
            label = column.verbose_name  # type: ignore[union-attr]
            parts.append(f"{label}: {_change(fact, old, new)}")
        return with_reason("; ".join(parts), self.reason)


def _amount(value: str) -> str:
    """Stored with a point; said as the reader's language writes it, kopecks where there are any."""
    if not value:
        return ""
    amount = Decimal(value)
    places = 0 if amount == amount.to_integral_value() else 2
    return number_format(amount, decimal_pos=places, force_grouping=True)


def _change(fact: str, old: str, new: str) -> str:
    """What was entered, or old → new. A customer is an id, whose name no event may carry."""
    if fact == "customer":
        if not new:
            return f"{_('entered')} → –"
        return _("changed") if old else _("entered")
    return f"{old} → {new or '–'}" if old else new or "–"


@event_kind("receipt.comment_added", lazy("Comment"))
@frozen(slots=False)
class CommentAdded(Payload):
    text: str

    def words(self) -> str:
        return _("Comment: %(text)s") % {"text": self.text}


@event_kind("receipt.comment_voided", lazy("Comment voided"))
@frozen(slots=False)
class CommentVoided(Payload):
    """The remark with the number ``sequence`` in this history was taken back."""

    sequence: int
    text: str
    reason: str

    def words(self) -> str:
        return with_reason(_("Comment voided: %(text)s") % {"text": self.text}, self.reason)


@event_kind("receipt.photo_added", lazy("Photo added"))
@frozen(slots=False)
class PhotoAdded(Payload):
    """``album``: the messenger's mark of pictures that were sent together."""

    photo_id: int
    stage: str
    album: str = ""

    def words(self) -> str:
        from receipts.models import Photo

        return _("Photo added: %(stage)s") % {"stage": Photo.Stage(self.stage).label}


@event_kind("receipt.photo_voided", lazy("Photo voided"))
@frozen(slots=False)
class PhotoVoided(Payload):
    photo_id: int
    reason: str
    content_hash: str = ""

    def words(self) -> str:
        return with_reason(_("Photo voided"), self.reason)


@event_kind("receipt.public_link_revoked", lazy("Customer's link revoked"))
@frozen(slots=False)
class PublicLinkRevoked(Payload):
    renewed: bool

    def words(self) -> str:
        if self.renewed:
            return _("Customer's link replaced by a new one")
        return _("Customer's link revoked")


@event_kind("customer.added", lazy("Customer added"))
@frozen(slots=False)
class CustomerAdded(Payload):
    customer_id: int

    def words(self) -> str:
        return _("Customer added: %(id)s") % {"id": self.customer_id}


@event_kind("customer.changed", lazy("Customer changed"))
@frozen(slots=False)
class CustomerChanged(Payload):
    customer_id: int
    fields: list[str]

    def words(self) -> str:
        from receipts.models import Customer

        labels = [
            str(Customer._meta.get_field(fact).verbose_name)  # type: ignore[union-attr]
            for fact in self.fields
        ]
        return _("Customer changed: %(fields)s") % {"fields": ", ".join(labels)}


@event_kind("customer.merged", lazy("Customers merged"))
@frozen(slots=False)
class CustomersMerged(Payload):
    kept_id: int
    merged_id: int
    receipts: list[int]

    def words(self) -> str:
        return _("Customer %(merged)s merged into %(kept)s") % {
            "merged": self.merged_id,
            "kept": self.kept_id,
        }


@event_kind("customer.erased", lazy("Customer's personal data erased"))
@frozen(slots=False)
class CustomerErased(Payload):
    customer_id: int

    def words(self) -> str:
        return _("Personal data erased: customer %(id)s") % {"id": self.customer_id}


@event_kind("watch.added", lazy("Watch added"))
@frozen(slots=False)
class WatchAdded(Payload):
    watch_id: int
    description: str

    def words(self) -> str:
        return _("Watch added: %(text)s") % {"text": self.description}


@event_kind("watch.changed", lazy("Watch changed"))
@frozen(slots=False)
class WatchChanged(Payload):
    """``reason`` is that of an undo."""

    watch_id: int
    changes: dict[str, list[str]]
    reason: str = ""

    def words(self) -> str:
        from receipts.models import Watch

        parts = []
        for fact, (old, new) in self.changes.items():
            label = Watch._meta.get_field(fact).verbose_name  # type: ignore[union-attr]
            parts.append(f"{label}: {old or '–'} → {new or '–'}")
        return with_reason("; ".join(parts), self.reason)
