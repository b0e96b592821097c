"""Works on a form: a line per kind of work with who did it and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from receipts import selectors
from receipts.models import OperationType, Receipt
from receipts.services.works import WorkInput
from staff.models import Employee
from staff.office.forms import MomentField


def performers() -> list[tuple[str, str]]:
    """Active people for a choice, those who work on watches first."""
    rows = Employee.objects.active()
    workers = rows.with_role("master", "polisher")
    others = rows.exclude(pk__in=workers.values("pk"))
    return [(str(row.pk), row.short_name) for row in [*workers, *others]]


def kinds_of_work() -> list[OperationType]:
    """Active kinds that are recorded by hand; polishing is recorded by taking back."""
    return list(OperationType.objects.active().filter(recorded_by_polishing=False))


class WithWorks(forms.Form):
    """Part of a form: ``work_<id>`` ticks a kind, ``by_<id>`` names who did it."""

    work_kinds: list[OperationType]

    def build_works(self, receipt: Receipt, kinds: Iterable[OperationType], *, when: bool) -> None:
        """Add the lines; ``when`` also asks for the moment (empty = now)."""
        self.work_kinds, self.asks_when = list(kinds), when
        people = [("", "—"), *performers()]
        for kind in self.work_kinds:
            guess = selectors.suggest_performer(receipt, kind)
            self.fields[f"work_{kind.pk}"] = forms.BooleanField(
                label=kind.name, required=False, widget=forms.CheckboxInput
            )
            self.fields[f"by_{kind.pk}"] = forms.ChoiceField(
                label=_("%(work)s: who did it") % {"work": kind.name},
                choices=people,
                required=False,
                initial=str(guess.pk) if guess else "",
            )
            if when:
                self.fields[f"at_{kind.pk}"] = MomentField(
                    label=_("%(work)s: when (empty = now)") % {"work": kind.name}, required=False
                )

    def work_lines(self) -> list[dict[str, Any]]:
        """The lines for the template."""
        return [
            {
                "tick": self[f"work_{kind.pk}"],
                "who": self[f"by_{kind.pk}"],
                "at": self[f"at_{kind.pk}"] if self.asks_when else None,
            }
            for kind in self.work_kinds
        ]

    def works_of(self, data: dict[str, Any]) -> list[WorkInput]:
        """The ticked works; a line without a person gets its error."""
        found = []
        for kind in self.work_kinds:
            if not data.get(f"work_{kind.pk}"):
                continue
            person = data.get(f"by_{kind.pk}")
            if not person:
                self.add_error(f"by_{kind.pk}", _("Who did this work?"))
                continue
            found.append(
                WorkInput(
                    kind.pk,
                    int(person),
                    data.get(f"at_{kind.pk}"),
                    str(data.get("comment") or ""),
                )
            )
        return found
