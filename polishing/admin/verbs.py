"""Verbs of polishing on the receipt page, and moving a record to another receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from polishing import selectors
from polishing.models import PolishingBatch, PolishingOrder
from polishing.services.batches import open_batch
from polishing.services.moving import CHECK, ORDER, RETURN, WORK, move_record
from polishing.services.orders import (
    correct_order,
    reopen_order,
    send_to_polishing,
    take_back,
    void_order,
)
from receipts.admin.bulk import BULK, BulkVerb
from receipts.admin.verbs.base import ReceiptVerb, receipt_verb, row_of
from receipts.models import Metal, Receipt
from receipts.selectors import by_number
from staff.models import Employee, EmployeeQuerySet
from staff.office.forms import DayField, MomentField, OfficeVerb, choice, comment, reason
from staff.roles import INSPECTOR, MANAGER
from workshop.lib import clock
from workshop.lib.errors import NotFound


def polishers() -> EmployeeQuerySet:
    """Active polishers by name."""
    rows: EmployeeQuerySet = Employee.objects.active().with_role("polisher").order_by("full_name")
    return rows


def _only(rows: EmployeeQuerySet) -> Employee | None:
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


@receipt_verb
class Send(ReceiptVerb):
    code = "polishing_send"
    shown_in = "record"
    field_names = {"parts": "case", "batch": "batch"}
    polisher = choice(polishers(), _("Polisher"))
    case = forms.BooleanField(label=_("Case"), required=False, initial=True)
    bracelet = forms.BooleanField(label=_("Bracelet"), required=False)
    metal = choice(Metal.objects.none(), _("Metal"), required=False)
    difficult = forms.BooleanField(label=_("Difficult"), required=False)
    batch = choice(PolishingBatch.objects.none(), _("Batch"), required=False)
    sent_at = MomentField(label=_("Sent at (empty = now)"), required=False)
    comment = comment()

    def build(self) -> None:
        self.fields["metal"].queryset = Metal.objects.active()  # type: ignore[attr-defined]
        self.fields["batch"].queryset = PolishingBatch.objects.open()  # type: ignore[attr-defined]
        last = selectors.earlier_rounds(self.target).first()
        self.fields["polisher"].initial = last.polisher if last else _only(polishers())
        self.fields["metal"].initial = selectors.default_metal(self.target)
        if self.target.do_not_polish:
            self.fields["allowed_by"] = forms.CharField(
                label=_("⛔ This watch must not be polished. Who allowed it?"), max_length=150
            )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return send_to_polishing(
            receipt_id=self.target.pk,
            polisher_id=data["polisher"].pk,
            case=data["case"],
            bracelet=data["bracelet"],
            metal_id=data["metal"].pk if data["metal"] else None,
            difficult=data["difficult"],
            comment=data["comment"],
            sent_at=data["sent_at"],
            allowed_by=data.get("allowed_by", ""),
            batch_id=data["batch"].pk if data["batch"] else None,
            **common,
        )


class OrderVerb(ReceiptVerb):
    """A verb on one round of the receipt."""

    shown_in = "row"

    @property
    def order(self) -> PolishingOrder:
        """The round; NotFound when it is not one of this receipt."""
        row = (
            PolishingOrder.objects.select_related("polisher", "polished_by", "metal")
            .filter(pk=self.row_id, receipt=self.target)
            .first()
        )
        if row is None:
            raise NotFound(
                "polishing.no_such_order", _("There is no such polishing order."), field="order"
            )
        return row


@receipt_verb
class TakeBack(OrderVerb):
    code = "polishing_take_back"
    polished_by = choice(Employee.objects.none(), _("Who polished"), required=False)
    done = forms.TypedChoiceField(
        label=_("Result"),
        choices=[("1", _("Polished")), ("0", _("Came back without work"))],
        coerce=lambda text: text == "1",
        widget=forms.RadioSelect,
        initial="1",
    )
    reason = reason(_("Reason, if without work"), required=False)
    returned_at = MomentField(label=_("Taken back at (empty = now)"), required=False)

    def build(self) -> None:
        order = self.order
        people = Employee.objects.active() | Employee.objects.filter(pk=order.polisher_id)
        self.fields["polished_by"].queryset = people.order_by("full_name")  # type: ignore[attr-defined]
        self.fields["polished_by"].initial = order.polisher_id

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return take_back(
            order_id=self.order.pk,
            polished_by_id=data["polished_by"].pk if data["polished_by"] else None,
            done=data["done"],
            reason=data["reason"],
            returned_at=data["returned_at"],
            **common,
        )


@receipt_verb
class Correct(OrderVerb):
    code = "polishing_correct"
    polisher = choice(Employee.objects.none(), _("Polisher"))
    polished_by = choice(Employee.objects.none(), _("Who polished"), required=False)
    metal = choice(Metal.objects.none(), _("Metal"), required=False)
    difficult = forms.BooleanField(label=_("Difficult"), required=False)
    sent_at = MomentField(label=_("Sent at"))
    comment = comment()
    reason = reason(_("Reason of the correction"))

    def build(self) -> None:
        order = self.order
        known = Employee.objects.filter(pk__in=[order.polisher_id, order.polished_by_id or 0])
        people = (Employee.objects.active() | known).order_by("full_name")
        for name in ("polisher", "polished_by"):
            self.fields[name].queryset = people  # type: ignore[attr-defined]
        self.fields["metal"].queryset = Metal.objects.all()  # type: ignore[attr-defined]
        for name in ("polisher", "polished_by", "metal", "difficult", "comment"):
            self.fields[name].initial = getattr(order, name)
        self.fields["sent_at"].initial = clock.local(order.sent_at).replace(second=0, microsecond=0)
        if order.polished_by is None:
            del self.fields["polished_by"]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        names = ("polisher", "polished_by", "metal", "difficult", "sent_at", "comment")
        # A picker knows no seconds: only what the person changed is sent.
        touched = [name for name in names if name in self.changed_data]
        changes = {name: getattr(data[name], "pk", data[name]) for name in touched}
        return correct_order(
            order_id=self.order.pk, changes=changes, reason=data["reason"], **common
        )


@receipt_verb
class VoidOrder(OrderVerb):
    code = "polishing_correct"
    slug = "polishing_void"
    label = _("Void the polishing order")
    danger = True
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return void_order(order_id=self.order.pk, reason=data["reason"], **common)


@receipt_verb
class ReopenOrder(OrderVerb):
    code = "polishing_correct"
    slug = "polishing_reopen"
    label = _("It is still at the polisher")
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return reopen_order(order_id=self.order.pk, reason=data["reason"], **common)


@receipt_verb
class Move(ReceiptVerb):
    """A record on the wrong receipt: voided here, recorded there, linked in both histories."""

    code = "move"
    shown_in = "row"
    field_names = {"receipt": "number", "operation": "", "order": "", "record": ""}
    what = forms.ChoiceField(
        choices=[(name, name) for name in (WORK, ORDER, CHECK, RETURN)], widget=forms.HiddenInput
    )
    number = forms.CharField(label=_("Number of the right receipt"), max_length=60)
    reason = reason()

    def intro(self) -> list[str]:
        names = {
            WORK: _now("A work"),
            ORDER: _now("A polishing order"),
            CHECK: _now("A quality check"),
            RETURN: _now("A return from QC"),
        }
        return [names.get(str(self["what"].value()), "")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        right = by_number(data["number"])
        if right is None:
            raise NotFound(
                "receipts.no_such_receipt", _("There is no such receipt."), field="number"
            )
        return move_record(
            what=data["what"],
            record_id=row_of(data),
            from_receipt_id=self.target.pk,
            to_receipt_id=right.pk,
            reason=data["reason"],
            **common,
        )


class BatchForm(OfficeVerb):
    """A new batch."""

    slug = "open"
    label = _("New polishing batch")
    roles = frozenset({INSPECTOR, MANAGER})
    polisher = choice(polishers(), _("Polisher"))
    due_at = MomentField(label=_("Due"), required=False)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return open_batch(polisher_id=data["polisher"].pk, due_at=data["due_at"], **common)


class SendSelected(BulkVerb):
    """One batch for one polisher; the cases of the chosen receipts go into it."""

    code, slug = "polishing_send", "polishing_selected"
    label = _("🪙 Send to polishing")
    polisher = choice(polishers(), _("Polisher"))
    case = forms.BooleanField(label=_("Case"), required=False, initial=True)
    bracelet = forms.BooleanField(label=_("Bracelet"), required=False)
    due_on = DayField(label=_("Due"), required=False)

    def prepare(self, data: Mapping[str, Any], **common: Any) -> Any:
        due_on = data["due_on"]
        return open_batch(
            polisher_id=data["polisher"].pk,
            due_at=clock.day_bounds(due_on)[1] if due_on else None,
            **common,
        ).object

    def call_one(
        self, receipt: Receipt, data: Mapping[str, Any], prepared: Any, **common: Any
    ) -> Outcome[Any]:
        metal = selectors.default_metal(receipt)
        return send_to_polishing(
            receipt_id=receipt.pk,
            polisher_id=data["polisher"].pk,
            case=data["case"],
            bracelet=data["bracelet"],
            metal_id=metal.pk if metal else None,
            batch_id=prepared.pk,
            **common,
        )


BULK.append(SendSelected)
