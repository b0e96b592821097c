"""Passing a watch with a required work that nobody has recorded: record or waive it right here."""

from __future__ import annotations

from django.utils.translation import gettext as _

from botapp.dialogs import Answer, Button, Context, Go, Return, Screen, Stay, View, b, fmt, lines
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.people import Candidate, PersonPicker, everybody, load_employee, performers
from botapp.screens.pickers import load_receipt
from botapp.screens.protocol import doubt_lines
from botapp.screens.quality import Queue, passed
from botapp.screens.results import AboutReceipt, expected, finished, shown
from receipts import selectors
from receipts.models import OperationType, Receipt, WaiverReason
from receipts.services.quality import missing_works, pass_check
from receipts.services.works import WorkInput, record_work, waive_work
from receipts.states import VERBS
from staff import roles
from staff.models import Employee
from workshop.lib.errors import RuleViolation

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)
WAIVED = "waived:"


class MissingWork(AboutReceipt, Screen):
    """For each missing work: who did it, or why it is not needed; then the watch passes."""

    id = "quality.missing"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        rows: list[Row] = []
        told = []
        for kind in missing_works(receipt):
            told.append(fmt("• %(kind)s: %(answer)s", kind=kind, answer=b(self._words(ctx, kind))))
            rows.extend(self._rows(ctx, receipt, kind))
        text = lines(
            fmt(_("%(number)s: not recorded yet"), number=b(words.number(receipt))),
            *told,
            *doubt_lines(receipt, ctx.now),
            _("Record it, or mark it as not required."),
        )
        return View(text, [*rows, [Button(VERBS["pass"].label, "pass", shown(receipt))]])

    def _rows(self, ctx: Context, receipt: Receipt, kind: OperationType) -> list[Row]:
        probable = selectors.suggest_performer(receipt, kind)
        suggestion = _("%(work)s: %(name)s") % {"work": kind, "name": probable}
        return [
            [
                *([Button(suggestion, "did", f"{kind.pk}={probable.pk}")] if probable else []),
                Button(_("%(work)s: someone else") % {"work": kind}, "who", kind.pk),
            ],
            [Button(_("%(work)s: not required") % {"work": kind}, "waive", kind.pk)],
        ]

    def _words(self, ctx: Context, kind: OperationType) -> str:
        answer = str(ctx.data.get(str(kind.pk), ""))
        if answer.startswith(WAIVED):
            reason = WaiverReason.objects.filter(pk=answer.removeprefix(WAIVED)).first()
            return _("not required: %(reason)s") % {"reason": reason or "–"}
        return load_employee(int(answer)).short_name if answer else _("who did it?")

    def do_did(self, ctx: Context, value: str) -> Answer:
        kind, _sign, person = value.partition("=")
        ctx.data[kind] = person
        return Stay()

    def do_who(self, ctx: Context, value: str) -> Answer:
        return Go(WhoDidIt, receipt_id=ctx.params["receipt_id"], type_id=int(value))

    def do_waive(self, ctx: Context, value: str) -> Answer:
        return Go(WhyNot, receipt_id=ctx.params["receipt_id"], type_id=int(value))

    def do_pass(self, ctx: Context, value: str) -> Answer:
        """All in one step: either everything is recorded and the watch passes, or nothing."""
        receipt = load_receipt(ctx.params["receipt_id"])
        answers = {kind.pk: str(ctx.data.get(str(kind.pk), "")) for kind in missing_works(receipt)}
        if not all(answers.values()):
            raise RuleViolation("bot.work_open", _("Say for each work who did it, or waive it."))
        works = [
            WorkInput(kind, int(answer))
            for kind, answer in answers.items()
            if not answer.startswith(WAIVED)
        ]
        if works:
            key = ctx.command_for("works")
            record_work(receipt_id=receipt.pk, works=works, actor=ctx.actor, command=key)
        for kind, answer in answers.items():
            if answer.startswith(WAIVED):
                waive_work(
                    receipt_id=receipt.pk,
                    type_id=kind,
                    reason_id=int(answer.removeprefix(WAIVED)),
                    actor=ctx.actor,
                    command=ctx.command_for(f"waive{kind}"),
                )
        outcome = pass_check(
            receipt_id=receipt.pk,
            expected=expected(value),
            actor=ctx.actor,
            command=ctx.command_for("pass"),
        )
        return finished(outcome, passed(receipt), Queue.id)


class WhoDidIt(AboutReceipt, PersonPicker):
    """Who did the work that was forgotten."""

    id = "quality.who_did"
    roles = INSPECTORS

    def title(self, ctx: Context) -> str:
        kind = OperationType.objects.get(pk=ctx.params["type_id"])
        return _("%(work)s: who did it?") % {"work": kind}

    def candidates(self, ctx: Context) -> list[Candidate]:
        return performers(OperationType.objects.get(pk=ctx.params["type_id"])) or everybody()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Return(**{str(ctx.params["type_id"]): str(employee.pk)})


class WhyNot(AboutReceipt, Screen):
    """Why a required work is not needed on this watch."""

    id = "quality.waive"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        kind = OperationType.objects.get(pk=ctx.params["type_id"])
        rows = [[Button(row.name, "why", row.pk)] for row in WaiverReason.objects.active()]
        return View(fmt(_("%(work)s: why is it not required?"), work=b(kind)), rows)

    def do_why(self, ctx: Context, value: str) -> Answer:
        return Return(**{str(ctx.params["type_id"]): f"{WAIVED}{value}"})
