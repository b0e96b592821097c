"""Verbs that correct what was entered: deadline, urgency, facts, number, photos, undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminImageFieldWidget

from history.commands import Outcome
from history.models import Event
from history.render import line
from receipts.admin.verbs.base import ReceiptVerb, receipt_verb, row_of
from receipts.forms.deadline import WithDeadline, token
from receipts.forms.visit import WithCustomer, WithWatch
from receipts.models import DeadlineCause, OperationType, Photo, Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment, edit_facts, revoke_public_link, set_urgent
from receipts.services.images import re_encode
from receipts.services.intake import attach
from receipts.services.photos import add_photo, void_photo
from receipts.services.registration import renumber_receipt, void_receipt
from receipts.services.undoing import WINDOW, can_undo, undo
from staff.office.forms import NumberField, RowsField, choice, comment, hidden_id, reason
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound

FACTS: Final = (
    "complaint",
    "condition",
    "completeness",
    "links_count",
    "description",
    "declared_value",
    "agreed_price",
    "prepayment",
    "agreed_works",
    "do_not_polish",
    "place",
    "visit_kind",
)


class WithFacts(forms.Form):
    """Part of a form: the facts of a visit."""

    complaint = comment(_("Complaint"))
    condition = comment(_("Condition at intake"))
    completeness = comment(_("Completeness"))
    links_count = forms.IntegerField(label=_("Bracelet links"), required=False, min_value=0)
    description = forms.CharField(label=_("Neutral description"), required=False, max_length=300)
    declared_value = NumberField(label=_("Declared value, RUB"), required=False)
    agreed_price = NumberField(label=_("Agreed price, RUB"), required=False)
    prepayment = NumberField(label=_("Prepayment, RUB"), required=False)
    agreed_works = RowsField(
        label=_("Agreed works"),
        queryset=OperationType.objects.none(),
        required=False,
    )
    do_not_polish = forms.BooleanField(label=_("⛔ Do not polish"), required=False)
    place = forms.CharField(label=_("Place (cell)"), required=False, max_length=60)
    visit_kind = forms.ChoiceField(
        label=_("Kind of visit"), choices=Receipt.VisitKind.choices, required=False
    )

    def build_facts(self) -> None:
        types = OperationType.objects.active()
        self.fields["agreed_works"].queryset = types  # type: ignore[attr-defined]

    def facts_of(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The facts as the service takes them: rows by id."""
        facts = {name: data.get(name) for name in FACTS}
        facts["agreed_works"] = [row.pk for row in data.get("agreed_works") or ()]
        facts["visit_kind"] = facts["visit_kind"] or Receipt.VisitKind.NEW
        return facts


@receipt_verb
class ChangeDeadline(WithDeadline, ReceiptVerb):
    code = "deadline"
    shown_in = "record"
    expects = ("deadline",)
    cause = choice(DeadlineCause.objects.none(), _("Cause of the change"), required=False)
    reason = reason(_("Remark"), required=False)
    clear = forms.BooleanField(label=_("Clear the deadline"), required=False)

    def build(self) -> None:
        self.fields["cause"].queryset = DeadlineCause.objects.active()  # type: ignore[attr-defined]
        if self.target.deadline is None:
            del self.fields["clear"]
            del self.fields["cause"]
        elif self.target.deadline > clock.now():
            text = clock.show(self.target.deadline)
            self.fields["deadline"].initial = text
            self.fields["deadline_token"].initial = token(text, self.target.deadline)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("deadline") and not data.get("clear") and "deadline" not in self.errors:
            self.add_error("deadline", _("Enter the deadline."))
        return data

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_deadline(
            receipt_id=self.target.pk,
            deadline=None if data.get("clear") else data["deadline_at"],
            cause_id=data["cause"].pk if data.get("cause") else None,
            reason=data["reason"],
            **common,
        )


@receipt_verb
class Urgent(ReceiptVerb):
    code = "urgent"
    shown_in = "record"
    wanted = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def build(self) -> None:
        self.fields["wanted"].initial = not self.target.urgent

    @classmethod
    def label_for(cls, target: Any) -> Any:
        return _("Take the urgency off") if target.urgent else _("🔥 Mark as urgent")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return set_urgent(receipt_id=self.target.pk, urgent=data["wanted"], **common)


@receipt_verb
class EditFacts(WithFacts, ReceiptVerb):
    code = "facts"
    shown_in = "record"
    expects = ("version",)

    def build(self) -> None:
        self.build_facts()
        for name in FACTS:
            value = getattr(self.target, name)
            self.fields[name].initial = value.all() if name == "agreed_works" else value

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return edit_facts(receipt_id=self.target.pk, facts=self.facts_of(data), **common)


@receipt_verb
class SetCustomer(WithCustomer, ReceiptVerb):
    code = "facts"
    slug = "customer"
    label = _("Set the customer")
    shown_in = "more"
    field_names = {"name": "customer_name", "customer": "phone"}

    def build(self) -> None:
        self.build_customer()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self.customer = self.customer_of(data)
        return data

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        customer = self.customer if self.customer is not None else {}
        return attach(receipt_id=self.target.pk, customer=customer, **common)


@receipt_verb
class SetWatch(WithWatch, ReceiptVerb):
    code = "facts"
    slug = "watch"
    label = _("Set the watch")
    shown_in = "more"

    def build(self) -> None:
        self.build_watch()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self.watch = self.watch_of(data)
        return data

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        watch = self.watch if self.watch is not None else {}
        return attach(receipt_id=self.target.pk, watch=watch, **common)


@receipt_verb
class AddComment(ReceiptVerb):
    code = "comment"
    shown_in = "record"
    comment = comment(required=True)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return add_comment(receipt_id=self.target.pk, text=data["comment"], **common)


@receipt_verb
class AddPhoto(ReceiptVerb):
    code = "photo"
    shown_in = "record"
    photo = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminImageFieldWidget(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=_("JPEG, PNG or WebP, at most 10 MB"),
    )
    stage = forms.ChoiceField(
        label=_("Stage"),
        choices=[("", _("by the status")), *Photo.Stage.choices],
        required=False,
    )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        picture = re_encode(data["photo"].read())
        return add_photo(receipt_id=self.target.pk, picture=picture, stage=data["stage"], **common)


@receipt_verb
class VoidPhoto(ReceiptVerb):
    code = "void_photo"
    shown_in = "row"
    danger = True
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        row = self.target.photos.filter(pk=row_of(data)).first()
        if row is None:
            raise NotFound("photos.no_such_photo", _now("There is no such photo."), field="photo")
        return void_photo(photo_id=row.pk, reason=data["reason"], **common)


@receipt_verb
class Renumber(ReceiptVerb):
    code = "renumber"
    shown_in = "more"
    expects = ("version",)
    number = forms.CharField(label=_("Number"), max_length=60)
    reason = reason()

    def build(self) -> None:
        self.fields["number"].initial = self.target.number

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return renumber_receipt(
            receipt_id=self.target.pk, number=data["number"], reason=data["reason"], **common
        )


@receipt_verb
class VoidReceipt(ReceiptVerb):
    code = "void_receipt"
    shown_in = "more"
    danger = True
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return void_receipt(receipt_id=self.target.pk, reason=data["reason"], **common)


@receipt_verb
class RevokeLink(ReceiptVerb):
    code = "facts"
    slug = "revoke_link"
    label = _("Revoke the customer's link")
    shown_in = "more"
    danger = True
    renew = forms.BooleanField(label=_("Make a new link at once"), required=False)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return revoke_public_link(receipt_id=self.target.pk, renew=data["renew"], **common)


def undoable(receipt: Receipt, actor: Actor) -> list[Event]:
    """The events of the actor's own last command while it can still be taken back."""
    last = Event.objects.filter(stream=receipt.stream).order_by("-sequence").first()
    if last is None or (last.actor_kind, last.actor_id) != (actor.kind, actor.id):
        return []
    if clock.now() - last.recorded_at > WINDOW:
        return []
    events = list(
        Event.objects.filter(command_id=last.command_id, stream__startswith="receipt:").order_by(
            "ordinal"
        )
    )
    return events if can_undo([event.kind for event in events]) else []


@receipt_verb
class Undo(ReceiptVerb):
    """Takes back the last press of the same person (15 minutes)."""

    code = "comment"
    slug = "undo"
    label = _("↩ Undo")
    shown_in = "banner"
    undo_command = hidden_id()

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor)  # also right after handing out

    @classmethod
    def offered(cls, target: Any, actor: Actor) -> bool:
        return cls.possible(target, actor) and bool(undoable(target, actor))

    def build(self) -> None:
        self.events = undoable(self.target, self.actor)
        self.fields["undo_command"].initial = self.events[0].command_id if self.events else 0

    def intro(self) -> list[str]:
        if not self.events:
            return [_now("There is nothing to undo.")]
        return [line(event).words for event in self.events]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return undo(command_id=data["undo_command"] or 0, **common)
