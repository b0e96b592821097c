"""The people of a return: who is responsible, the assembler of record, who gets the watch."""

from __future__ import annotations

from django.utils.translation import gettext as _

from botapp.dialogs import Answer, Back, Button, Context, Move, Return, Screen, Stay, View, b, fmt
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.people import (
    Candidate,
    PersonPicker,
    everybody,
    masters,
    performers,
    person_rows,
)
from botapp.screens.pickers import load_receipt
from botapp.screens.results import AboutReceipt
from botapp.screens.return_draft import NOBODY, NOT_OURS, UNDECIDED
from receipts.models import OperationType, ReturnItem, ReturnReason
from staff import roles
from staff.models import Employee

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class WhoIsIt(AboutReceipt, Screen):
    """For one reason: a person, not our fault (with the cause), or decide later."""

    id = "return.who"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        reason = ReturnReason.objects.select_related("affects").get(pk=ctx.params["reason_id"])
        if ctx.data.get("step") == NOT_OURS:
            causes = [[Button(label, "cause", key)] for key, label in ReturnItem.Cause.choices]
            return View(
                fmt(_("%(reason)s: what is the cause?"), reason=b(reason)), causes, skip=True
            )
        people = self._people(ctx, reason)
        other: list[Row] = []
        if ctx.data.get("step") != "all":
            other = [[Button(_("Someone else"), "step", "all")]]
        rows = [
            *person_rows(ctx, people),
            *other,
            [Button(_("Not our fault"), "step", NOT_OURS), Button(_("Decide later"), "later")],
        ]
        number = words.number(load_receipt(ctx.params["receipt_id"]))
        return View(
            fmt(_("%(number)s, %(reason)s: responsible?"), number=number, reason=b(reason)), rows
        )

    def _people(self, ctx: Context, reason: ReturnReason) -> list[Candidate]:
        """Who worked on this watch, then who can do the affected work; or everybody."""
        if ctx.data.get("step") == "all":
            return everybody()
        able = performers(reason.affects)
        receipt = load_receipt(ctx.params["receipt_id"])
        hands = set(receipt.operations.valid().values_list("employee_id", flat=True))
        hands |= set(receipt.assignments.values_list("master_id", flat=True))
        known = {one.employee.pk for one in able}
        others = [one for one in everybody() if one.employee.pk in hands - known]
        return sorted([*able, *others], key=lambda one: one.employee.pk not in hands)

    def on_back(self, ctx: Context) -> Move:
        return Stay() if ctx.data.pop("step", "") else Back()

    def on_skip(self, ctx: Context) -> Answer:
        return self._answer(ctx, NOT_OURS)

    def do_step(self, ctx: Context, value: str) -> Answer:
        ctx.data["step"] = value
        return Stay()

    def do_person(self, ctx: Context, value: str) -> Answer:
        return self._answer(ctx, value)

    def do_cause(self, ctx: Context, value: str) -> Answer:
        return self._answer(ctx, f"{NOT_OURS}:{value}")

    def do_later(self, ctx: Context, value: str) -> Answer:
        return self._answer(ctx, UNDECIDED)

    def _answer(self, ctx: Context, answer: str) -> Return:
        return Return(**{f"who:{ctx.params['reason_id']}": answer})


class PickAssembler(AboutReceipt, PersonPicker):
    """The assembler of record of the whole watch; "nobody" is an answer too."""

    id = "return.assembler"
    roles = INSPECTORS

    def title(self, ctx: Context) -> str:
        return _("Whole watch: who is the assembler of record?")

    def candidates(self, ctx: Context) -> list[Candidate]:
        rows = OperationType.objects.active().filter(answers_for_whole_watch=True)
        found = {one.employee.pk: one for kind in rows for one in performers(kind)}
        return list(found.values()) or everybody()

    def view(self, ctx: Context) -> View:
        usual = super().view(ctx)
        return View(usual.text, [*usual.rows, [Button(_("Nobody"), "nobody")]])

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Return(assembler=employee.pk)

    def do_nobody(self, ctx: Context, value: str) -> Answer:
        return Return(assembler=NOBODY)


class PickNextMaster(AboutReceipt, PersonPicker):
    """Another master gets the returned watch."""

    id = "return.master"
    roles = INSPECTORS

    def title(self, ctx: Context) -> str:
        return _("Which master gets the watch?")

    def candidates(self, ctx: Context) -> list[Candidate]:
        return masters()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Return(hand_to=employee.pk)
