"""Customer and watch on a form: found again or new, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from receipts.models import Customer, Metal, Watch
from receipts.phones import normalise_phone
from receipts.services.intake import Found
from receipts.services.watches import same_serial
from staff.office.forms import NumberField, OfficeVerb, choice
from workshop.lib.errors import RuleViolation

NEW: Final = "new"
WATCH_FIELDS: Final = (
    "brand",
    "model",
    "reference",
    "serial",
    "movement_number",
    "calibre",
    "metal",
    "water_resistance_bar",
)
WATCH_ORDER: Final = (*WATCH_FIELDS[:4], "watch_choice", *WATCH_FIELDS[4:])
_SHOWN: Final = 5


def customers_with(phone: str) -> list[Customer]:
    """Present customers with this phone in any format."""
    try:
        number = normalise_phone(phone)
    except RuleViolation:
        return []
    rows = Customer.objects.filter(phone=number, merged_into=None, erased_at=None)
    return list(rows.order_by("-id")[:_SHOWN])


class WithCustomer(OfficeVerb):
    """Part of a form: a phone that is known asks whose it is."""

    phone = forms.CharField(
        label=_("Customer's phone"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    customer_name = forms.CharField(label=_("Customer's name"), required=False, max_length=150)

    def build_customer(self) -> None:
        """Add the question whose phone it is, when the typed one is known."""
        found = customers_with(self.data.get(self.add_prefix("phone"), ""))
        made = self.made_by_this_press(Customer) if found else ()
        self.known_customers = [row for row in found if row.pk not in made]
        if not self.known_customers:
            return
        offers = [(str(row.pk), self._told(row)) for row in self.known_customers]
        self.fields["customer_choice"] = forms.ChoiceField(
            label=_("This phone is known. Whose watch is it?"),
            choices=[*offers, (NEW, _("Another person with the same phone"))],
            widget=forms.RadioSelect,
            required=False,
        )

    def _told(self, row: Customer) -> str:
        numbers = row.receipts.order_by("-id").values_list("number", flat=True)[:_SHOWN]
        listed = ", ".join(f"№{number}" for number in numbers)
        return f"{row} · {listed}" if listed else str(row)

    def customer_of(self, data: Mapping[str, Any]) -> Found:
        """A known row, values of a new one, or None; asks on the form when it is not clear."""
        name, phone = data.get("customer_name", ""), data.get("phone", "")
        if not (name or phone):
            return None
        chosen = data.get("customer_choice", "")
        known = self.known_customers
        if chosen and chosen != NEW:
            return int(chosen)
        if known and not chosen:
            same = [row for row in known if not name or row.name.casefold() == name.casefold()]
            if len(known) == 1 and same:
                return int(known[0].pk)
            self.add_error(
                "customer_choice", _now("Choose one of the people with this phone, or a new one.")
            )
            return None
        return {"name": name, "phone": phone}


class WithWatch(OfficeVerb):
    """Part of a form: a serial number that comes again is offered with its earlier receipts."""

    brand = forms.CharField(label=_("Brand"), required=False, max_length=80)
    model = forms.CharField(label=_("Model"), required=False, max_length=120)
    reference = forms.CharField(label=_("Reference"), required=False, max_length=60)
    serial = forms.CharField(label=_("Serial number"), required=False, max_length=60)
    movement_number = forms.CharField(label=_("Movement number"), required=False, max_length=60)
    calibre = forms.CharField(label=_("Calibre"), required=False, max_length=60)
    metal = choice(Metal.objects.none(), _("Case metal"), required=False)
    water_resistance_bar = NumberField(label=_("Water resistance, bar"), required=False)

    def build_watch(self) -> None:
        """Catalogue rows, and the question whether it is the watch that was here before."""
        self.fields["metal"].queryset = Metal.objects.active()  # type: ignore[attr-defined]
        found: list[Watch] = []
        for name in ("serial", "movement_number"):
            found += same_serial(self.data.get(self.add_prefix(name), "") or "")
        made = self.made_by_this_press(Watch) if found else ()
        self.known_watches = [row for row in dict.fromkeys(found) if row.pk not in made]
        if not self.known_watches:
            return
        offers = [(str(row.pk), self._described(row)) for row in self.known_watches]
        self.fields["watch_choice"] = forms.ChoiceField(
            label=_("A watch with this number was here before"),
            choices=[*offers, (NEW, _("Another watch with the same number"))],
            widget=forms.RadioSelect,
            required=False,
        )

    def _described(self, row: Watch) -> str:
        visits = row.receipts.filter(voided_at=None).order_by("-id")[:_SHOWN]
        listed = ", ".join(
            f"№{visit.number} ({visit.received_at:%d.%m.%Y}, {visit.get_status_display()})"
            for visit in visits
        )
        return f"{row} · {listed}" if listed else str(row)

    def watch_of(self, data: Mapping[str, Any]) -> Found:
        """A known row, values of a new one, or None; asks on the form when it is not clear."""
        values = {name: data.get(name) for name in WATCH_FIELDS}
        values["metal"] = values["metal"].pk if values["metal"] else None
        if not any(values.values()):
            return None
        chosen = data.get("watch_choice", "")
        if chosen and chosen != NEW:
            return int(chosen)
        if self.known_watches and not chosen:
            self.add_error("watch_choice", _now("Is it the same watch? Choose."))
            return None
        return {name: value for name, value in values.items() if value not in (None, "")}
