"""The new receipt: only the number is required; customer and watch are found again or new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from receipts import selectors
from receipts.admin.verbs.facts import WithFacts
from receipts.forms.deadline import WithDeadline
from receipts.forms.visit import WATCH_ORDER, WithCustomer, WithWatch
from receipts.models import Receipt
from receipts.services.intake import take_in
from staff.office.forms import OfficeVerb
from staff.roles import INSPECTOR, MANAGER
from workshop.lib.errors import RuleViolation


class Register(WithDeadline, WithCustomer, WithWatch, WithFacts, OfficeVerb):
    """Everything is one command: the receipt, a new customer, a new watch, the facts."""

    slug = "register"
    label = _("📥 New receipt")
    button = _("Create the receipt")
    template = "office/verb.html"
    roles = frozenset({INSPECTOR, MANAGER})
    field_names = {"name": "customer_name", "customer": "phone"}
    layout = (
        ("", ("number", "number_sure", "deadline", "urgent", "place")),
        (_("Customer"), ("phone", "customer_choice", "customer_name")),
        (_("Watch"), WATCH_ORDER),
        (
            _("Condition"),
            ("complaint", "condition", "completeness", "links_count", "description"),
        ),
        (
            _("Agreement"),
            (
                "agreed_works",
                "do_not_polish",
                "declared_value",
                "agreed_price",
                "prepayment",
                "visit_kind",
            ),
        ),
    )
    number = forms.CharField(label=_("Receipt number"), max_length=60)
    urgent = forms.BooleanField(label=_("🔥 Urgent job"), required=False)

    def build(self) -> None:
        self.fields["number"].widget.attrs["autofocus"] = True
        self.build_customer()
        self.build_watch()
        self.build_facts()
        self.similar = _similar(self.data.get(self.add_prefix("number"), ""))
        if self.similar:
            listed = ", ".join(f"№{row.number}" for row in self.similar)
            self.fields["number_sure"] = forms.BooleanField(
                label=_("Similar open receipts: %(numbers)s. This is another one.")
                % {"numbers": listed},
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.similar and not data.get("number_sure"):
            self.add_error("number_sure", _now("Check the number, or tick this."))
        self.customer = self.customer_of(data)
        self.watch = self.watch_of(data)
        return data

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        facts = {name: value for name, value in self.facts_of(data).items() if value}
        if isinstance(self.watch, int) and facts.get("visit_kind") != Receipt.VisitKind.NEW:
            facts["repeats"] = _last_visit(self.watch)
        return take_in(
            number=data["number"],
            customer=self.customer,
            watch=self.watch,
            facts=facts,
            deadline=data["deadline_at"],
            urgent=data["urgent"],
            **common,
        )


def _similar(number: str) -> list[Receipt]:
    try:
        return selectors.similar_open(number) if number else []
    except RuleViolation:  # the service says what is wrong with it
        return []


def _last_visit(watch_id: int) -> int | None:
    rows = Receipt.objects.valid().filter(watch_id=watch_id).order_by("-id")
    return rows.values_list("pk", flat=True).first()
