"""The office: forms with one wrong value, lists and pages with wrong questions."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.http import HttpResponseBase
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from receipts.models import Receipt
from staff.office.registry import verbs_of
from tests.faults.office import office_person
from tests.fuzz.judge import Fault
from tests.fuzz.values import LONG, NUL, odd
from tests.office.forms import initial

KEPT: Final = 6  # receipts whose forms are tried
NUMBERS: Final = ("x", "1e400", "NaN", "∞", "9" * 50, "1;2", "0x1", NUL, "--1")
DAYS: Final = ("31.02.2026", "x", "0000-00-00", "99999-01-01", "2026-13-01T25:61", NUL, "9" * 40)
CHOICES: Final = ("no such choice", "-1", "9" * 30, NUL, "1.5", "\u0661\u0662\u0663\u0664\u0665")
# Questions that lists understand, besides their filters.
ASKED: Final = ("q", "p", "o", "all", "e", "_popup", "_to_field", "_facets", "_format")


class FormDoor:
    """A manager who is signed in; forms as the page gave them, with one value replaced."""

    name = "forms"

    def __init__(self, cast: Any) -> None:
        self._http: Client = office_person(cast.anna, "fuzz").client
        self._http.raise_request_exception = False
        self._http.defaults["HTTP_ACCEPT_LANGUAGE"] = "ru"
        self._forms: dict[str, tuple[Any, Mapping[str, Any]]] = {}
        self._addresses = list(_addresses())
        self._lists = list(_lists())

    def send(self, draw: random.Random) -> Iterator[Fault]:
        yield from draw.choice((self._form, self._form, self._list))(draw)

    # --- forms ----------------------------------------------------------------------------------

    def _form(self, draw: random.Random) -> Iterator[Fault]:
        address = draw.choice(self._addresses)
        form, values = self._read(address)
        if form is None:
            return
        names = [name for name in form.fields if name not in {"command_key"}]
        name = draw.choice(names)
        wrong = _wrong(form.fields[name], draw)
        if wrong is None:
            return
        answer: Any = self._http.post(address, {**values, name: wrong})
        told = f"{address} {name}={str(wrong)[:80]!r}"
        yield from _judged(answer, told)
        if answer.status_code == 200:
            shown = answer.context["form"] if answer.context else None
            errors = shown.errors if shown is not None else {}
            if not errors:
                yield Fault("untold", f"{told}: no error is shown")
            for text in (str(one) for found in errors.values() for one in found):
                if not re.search("[а-яё]", text, re.IGNORECASE):
                    yield Fault("english", f"{told}: {text}")

    def _read(self, address: str) -> tuple[Any, Mapping[str, Any]]:
        """The form of a page and what a browser would send of it; kept: nothing may change it."""
        if address not in self._forms:
            page: Any = self._http.get(address)
            form = page.context.get("form") if page.status_code == 200 and page.context else None
            usable = isinstance(form, forms.BaseForm)
            self._forms[address] = (form, initial(form)) if usable else (None, {})
        return self._forms[address]

    # --- lists ----------------------------------------------------------------------------------

    def _list(self, draw: random.Random) -> Iterator[Fault]:
        address, names = draw.choice(self._lists)
        name = draw.choice((*names, *ASKED, "no_such", odd(draw)[:30]))
        value = draw.choice((NUL, LONG[:2000], "-1", "9" * 30, "x", *(odd(draw)[:1500],) * 4))
        answer = self._http.get(address, {name: value})
        yield from _judged(answer, f"{address}?{name[:40]!r}={value[:80]!r}")


def _judged(answer: HttpResponseBase, told: str) -> Iterator[Fault]:
    """Whether a page is refused, shows its errors or leads elsewhere: it never breaks."""
    if answer.status_code >= 500:
        yield Fault("server_errors", f"{answer.status_code} {told}")


def _wrong(field: forms.Field, draw: random.Random) -> Any:
    """A value that the field refuses, whatever else the form holds; None where any goes."""
    if isinstance(field, forms.FileField):
        return "no file"
    if isinstance(field, forms.BooleanField):
        return None
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        return [draw.choice(CHOICES)]
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return draw.choice(CHOICES)
    if isinstance(field, forms.DateField | forms.DateTimeField):
        return draw.choice(DAYS)
    if isinstance(field, forms.IntegerField | forms.DecimalField):
        return draw.choice(NUMBERS)
    return draw.choice((NUL, LONG))


def _addresses() -> Iterator[str]:
    """Every verb of some receipts, and of one row of each other model; every form that adds."""
    step = max(1, Receipt.objects.count() // KEPT)
    for receipt in Receipt.objects.order_by("pk")[::step]:
        for slug in verbs_of("receipts.Receipt"):
            yield reverse("admin:receipts_receipt_verb", args=[receipt.pk, slug])
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        if label == "receipts_receipt":
            continue
        row = model._base_manager.order_by("pk").first()
        if row is not None:
            for slug in verbs_of(model._meta.label):
                yield reverse(f"admin:{label}_verb", args=[row.pk, slug])
            if label != "auth_user":
                yield from _page(f"admin:{label}_change", row.pk)
        yield from _page(f"admin:{label}_add")


def _page(name: str, *args: Any) -> Iterator[str]:
    try:
        yield reverse(name, args=args)
    except NoReverseMatch:
        return


def _lists() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every list with the names of its filters; the pages of numbers with theirs."""
    for model, page in admin.site._registry.items():
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        names = []
        for one in page.list_filter:
            field = one[0] if isinstance(one, tuple | list) else one
            name = field if isinstance(field, str) else getattr(field, "parameter_name", "x")
            names += [f"{name}", f"{name}__exact", f"{name}__gte", f"{name}_from", f"{name}_to"]
        yield reverse(f"admin:{label}_changelist"), tuple(names)
    asked = ("period", "from", "to", "employee", "type", "brand", "metal", "page", "month", "at")
    for name in sorted(map(str, get_resolver().reverse_dict)):
        if name.startswith("numbers-"):
            for address in _page(name):
                yield address, asked
    yield reverse("admin:index"), asked
