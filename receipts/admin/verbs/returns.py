"""The return from quality control, and who is responsible, as an inspector records it (law 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from receipts import selectors
from receipts.admin.verbs.base import FRESH, ReceiptVerb, masters, receipt_verb, row_of
from receipts.forms.works import WithWorks, kinds_of_work, performers
from receipts.models import Operation, Receipt, ReturnCase, ReturnItem, ReturnReason
from receipts.services.returns import (
    ItemInput,
    change_assembler,
    change_responsible,
    return_watch,
)
from staff.models import Employee
from staff.office.forms import choice, comment, reason
from workshop.lib import clock
from workshop.lib.errors import NotFound

Who = ReturnItem.Responsibility


def answers(first: tuple[str, str], candidates: tuple[Employee, ...] = ()) -> list[Any]:
    """The choices of "who is responsible": candidates first, then everybody, not ours, later."""
    near = [(f"person:{row.pk}", row.short_name) for row in candidates]
    known = {value for value, _label in near}
    others = [(f"person:{pk}", name) for pk, name in performers()]
    people = [*near, *(offer for offer in others if offer[0] not in known)]
    causes = [(f"not_ours:{code}", label) for code, label in ReturnItem.Cause.choices]
    return [
        first,
        (_now("Person"), people),
        (_now("Not our fault"), [*causes, ("not_ours:", _now("another cause"))]),
        (str(Who.UNDECIDED), _now("Decide later")),
    ]


def read_answer(reason_id: int, text: str, operation_id: int | None) -> ItemInput:
    """``person:7``, ``not_ours:part``, ``undecided``."""
    kind, _colon, value = text.partition(":")
    if kind == Who.PERSON:
        return ItemInput(reason_id, Who.PERSON, int(value), operation_id)
    if kind == Who.NOT_OURS:
        return ItemInput(reason_id, Who.NOT_OURS, cause=value)
    return ItemInput(reason_id, Who.UNDECIDED)


def works_hit(receipt: Receipt) -> list[tuple[str, str]]:
    """The works a return may point at."""
    rows = Operation.objects.valid().filter(receipt=receipt).select_related("type", "employee")
    shown = [(str(row.pk), f"{row} · {clock.show(row.performed_at)}") for row in rows]
    return [("", _now("the latest affected work of this person")), *shown]


@receipt_verb
class Return(WithWorks, ReceiptVerb):
    code = "return"
    expects = FRESH
    template = "office/return.html"
    field_names = {"responsible": "", "operation": ""}
    assembler = choice(Employee.objects.none(), _("The whole watch: assembler"), required=False)
    comment = comment()
    hand_to = choice(masters(), _("Where the watch goes"), required=False)

    def build(self) -> None:
        now = clock.now()
        people = Employee.objects.active().order_by("full_name")
        self.fields["assembler"].queryset = people  # type: ignore[attr-defined]
        self.fields["assembler"].empty_label = _("nobody")  # type: ignore[attr-defined]
        self.fields["assembler"].initial = selectors.suggest_assembler(self.target, now)
        self.fields["hand_to"].empty_label = _("Stays at QC")  # type: ignore[attr-defined]
        self.reasons = list(ReturnReason.objects.active().select_related("affects"))
        self.suggestions = {
            row.pk: selectors.suggest_responsible(self.target, row, now) for row in self.reasons
        }
        works = works_hit(self.target)
        for row in self.reasons:
            self._add_reason(row, works)
        self.build_works(self.target, kinds_of_work(), when=False)

    def _add_reason(self, row: ReturnReason, works: list[tuple[str, str]]) -> None:
        said = self.suggestions[row.pk]
        near = said.ask or ((said.responsible,) if said.responsible else ())
        self.fields[f"reason_{row.pk}"] = forms.BooleanField(label=row.name, required=False)
        self.fields[f"who_{row.pk}"] = forms.ChoiceField(
            label=_("%(reason)s: who is responsible?") % {"reason": row.name},
            choices=answers(("", _now("Who is responsible?")), near),
            required=False,
            initial=f"person:{said.responsible.pk}" if said.responsible else "",
        )
        self.fields[f"hit_{row.pk}"] = forms.ChoiceField(
            label=_("%(reason)s: the work hit") % {"reason": row.name},
            choices=works,
            required=False,
            initial="",
        )

    def reason_lines(self) -> list[dict[str, Any]]:
        """The lines for the template."""
        return [
            {
                "tick": self[f"reason_{row.pk}"],
                "who": self[f"who_{row.pk}"],
                "hit": self[f"hit_{row.pk}"],
                "affects": row.affects,
                "work_missing": self.suggestions[row.pk].work_missing,
                "ask": row.rule == ReturnReason.Rule.ASK,
            }
            for row in self.reasons
        ]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self.items: list[ItemInput] = []
        for row in self.reasons:
            if not data.get(f"reason_{row.pk}"):
                continue
            who = data.get(f"who_{row.pk}") or ""
            if not who:
                self.add_error(
                    f"who_{row.pk}", _("Choose a person, “not our fault” or “decide later”.")
                )
                continue
            hit = data.get(f"hit_{row.pk}") or ""
            self.items.append(read_answer(row.pk, who, int(hit) if hit else None))
        self.works = self.works_of(data)
        return data

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return return_watch(
            receipt_id=self.target.pk,
            items=self.items,
            assembler_id=data["assembler"].pk if data["assembler"] else None,
            comment=data["comment"],
            works=self.works,
            hand_to_id=data["hand_to"].pk if data["hand_to"] else None,
            **common,
        )


@receipt_verb
class ChangeResponsible(ReceiptVerb):
    code = "change_responsible"
    shown_in = "row"
    field_names = {"responsible": "who", "operation": "hit", "responsibility": "who"}
    who = forms.ChoiceField(label=_("Who is responsible?"))
    hit = forms.ChoiceField(label=_("The work hit"), required=False)
    reason = reason()

    def build(self) -> None:
        item = (
            ReturnItem.objects.select_related("responsible")
            .filter(pk=self.row_id or 0, return_case__receipt=self.target)
            .first()
        )
        if item is None:
            raise NotFound("receipts.no_such_item", _("There is no such return."))
        self.item = item
        near = (item.responsible,) if item.responsible else ()
        self.fields["who"].choices = answers(("", "—"), near)  # type: ignore[attr-defined]
        self.fields["who"].initial = _answer_of(item)
        self.fields["hit"].choices = works_hit(self.target)  # type: ignore[attr-defined]
        self.fields["hit"].initial = str(item.operation_id or "")

    def intro(self) -> list[str]:
        return [_now("Reason: %(reason)s") % {"reason": self.item.reason_name}]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        said = read_answer(
            self.item.reason_id, data["who"], int(data["hit"]) if data["hit"] else None
        )
        return change_responsible(
            receipt_id=self.target.pk,
            item_id=self.item.pk,
            responsibility=said.responsibility,
            responsible_id=said.responsible_id,
            operation_id=said.operation_id,
            cause=said.cause,
            reason=data["reason"],
            **common,
        )


def _answer_of(item: ReturnItem) -> str:
    if item.responsibility == Who.PERSON:
        return f"person:{item.responsible_id}"
    return f"not_ours:{item.cause}" if item.responsibility == Who.NOT_OURS else Who.UNDECIDED


@receipt_verb
class ChangeAssembler(ReceiptVerb):
    code = "change_responsible"
    slug = "change_assembler"
    label = _("Change the assembler of record")
    shown_in = "row"
    assembler = choice(Employee.objects.none(), _("The whole watch: assembler"), required=False)
    reason = reason()

    def build(self) -> None:
        people = Employee.objects.active().order_by("full_name")
        self.fields["assembler"].queryset = people  # type: ignore[attr-defined]
        self.fields["assembler"].empty_label = _("nobody")  # type: ignore[attr-defined]
        case = ReturnCase.objects.filter(pk=self.row_id or 0, receipt=self.target).first()
        self.fields["assembler"].initial = case.assembler_id if case else None

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_assembler(
            receipt_id=self.target.pk,
            return_id=row_of(data),
            assembler_id=data["assembler"].pk if data["assembler"] else None,
            reason=data["reason"],
            **common,
        )
