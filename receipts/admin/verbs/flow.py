"""Verbs that move a receipt through its statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from history.render import line
from receipts import selectors
from receipts.admin.verbs.base import FRESH, ReceiptVerb, masters, receipt_verb
from receipts.forms.deadline import WithDeadline, told
from receipts.forms.works import performers
from receipts.models import DeadlineCause, HoldReason, OperationType, RefusalReason, WaiverReason
from receipts.services.assignment import accept, assign, current_assignment, decline
from receipts.services.base import last_decision
from receipts.services.completing import WaiverInput, complete_and_pass
from receipts.services.flow import issue, refuse, reopen, resume, rework_order, submit
from receipts.services.postponing import postpone
from receipts.services.quality import missing_works
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput
from receipts.states import Status
from staff.office.forms import DayField, choice, comment, reason
from workshop.lib.actor import Actor


@receipt_verb
class Assign(ReceiptVerb):
    code = "assign"
    expects = FRESH
    master = choice(masters(), _("Master"))
    purpose = choice(OperationType.objects.none(), _("Purpose"), required=False)
    reason = reason(_("Reason of the change"), required=False)

    def build(self) -> None:
        self.fields["purpose"].queryset = OperationType.objects.active()  # type: ignore[attr-defined]
        now = current_assignment(self.target)
        self.fields["purpose"].initial = now.purpose_id if now else _usual_purpose()
        if now is None:
            del self.fields["reason"]

    @classmethod
    def label_for(cls, target: Any) -> Any:
        return _("👨‍🔧 Change the master") if target.master_id else cls.label

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return assign(
            receipt_id=self.target.pk,
            master_id=data["master"].pk,
            purpose_id=data["purpose"].pk if data["purpose"] else None,
            reason=data.get("reason", ""),
            **common,
        )


def _usual_purpose() -> int | None:
    return OperationType.objects.active().filter(required=True).values_list("pk", flat=True).first()


@receipt_verb
class Accept(ReceiptVerb):
    code = "accept"

    @classmethod
    def offered(cls, target: Any, actor: Actor) -> bool:
        return super().offered(target, actor) and _waits_for_answer(target)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return accept(receipt_id=self.target.pk, **common)


@receipt_verb
class Decline(ReceiptVerb):
    code = "decline"
    reason = reason()

    @classmethod
    def offered(cls, target: Any, actor: Actor) -> bool:
        return super().offered(target, actor) and _waits_for_answer(target)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return decline(receipt_id=self.target.pk, reason=data["reason"], **common)


def _waits_for_answer(receipt: Any) -> bool:
    now = current_assignment(receipt)
    return now is not None and now.accepted_at is None


@receipt_verb
class Hold(WithDeadline, ReceiptVerb):
    """Waiting offers to move the deadline in the same press; left empty, it stays."""

    code = "hold"
    expects = (*FRESH, "deadline")
    layout = (
        ("", ("reason", "expected_on", "comment")),
        (_("Move the deadline too?"), ("deadline", "cause")),
    )
    reason = choice(HoldReason.objects.none(), _("Reason"))
    expected_on = DayField(
        label=_("Expected on"), required=False, help_text=_("Empty = unknown, asks again in 7 days")
    )
    comment = comment()
    cause = choice(DeadlineCause.objects.none(), _("Cause of the change"), required=False)

    def build(self) -> None:
        self.fields["reason"].queryset = HoldReason.objects.active()  # type: ignore[attr-defined]
        field, now = self.fields["deadline"], self.target.deadline
        field.label = _("New deadline")
        if now is None:
            del self.fields["cause"]
        else:
            causes = DeadlineCause.objects.active()
            field.help_text = _("Empty = it stays: %(when)s") % {"when": told(now)}
            self.fields["cause"].queryset = causes  # type: ignore[attr-defined]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return postpone(
            receipt_id=self.target.pk,
            reason_id=data["reason"].pk,
            expected_on=data["expected_on"],
            comment=data["comment"],
            deadline=data["deadline_at"],
            cause_id=data["cause"].pk if data.get("cause") else None,
            **common,
        )


@receipt_verb
class Resume(ReceiptVerb):
    code = "resume"

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return resume(receipt_id=self.target.pk, **common)


@receipt_verb
class Submit(ReceiptVerb):
    code = "submit"

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return submit(receipt_id=self.target.pk, **common)


@receipt_verb
class Pass(ReceiptVerb):
    """Missing works are recorded or waived right here, by the same command."""

    code = "pass"
    expects = FRESH

    def build(self) -> None:
        self.missing = missing_works(self.target)
        people = performers()
        reasons = WaiverReason.objects.active().values_list("pk", "name")
        for kind in self.missing:
            guess = selectors.suggest_performer(self.target, kind)
            self.fields[f"settle_{kind.pk}"] = forms.ChoiceField(
                label=kind.name,
                choices=[
                    ("", _("Not recorded: choose")),
                    (_now("Record the work"), [(f"by:{pk}", name) for pk, name in people]),
                    (_now("Not required"), [(f"waive:{pk}", name) for pk, name in reasons]),
                ],
                initial=f"by:{guess.pk}" if guess else "",
                required=False,
            )

    def intro(self) -> list[str]:
        away = selectors.places(self.target)[1:]
        if not (away or self.missing):
            return [_now("All required works are recorded, every part is with the watch.")]
        return [
            _now("Not with the watch: %(part)s — %(who)s") % {"part": place.what, "who": place.who}
            for place in away
        ]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        works, waivers = [], []
        for kind in self.missing:
            how, _colon, pk = data.get(f"settle_{kind.pk}", "").partition(":")
            if how == "by":
                works.append(WorkInput(kind.pk, int(pk)))
            elif how == "waive":
                waivers.append(WaiverInput(kind.pk, int(pk)))
        return complete_and_pass(receipt_id=self.target.pk, works=works, waivers=waivers, **common)


@receipt_verb
class ReworkOrder(ReceiptVerb):
    code = "rework_order"
    expects = ("status",)
    master = choice(masters(), _("Master"))
    reason = reason(help_text=_("The customer's wish, forgotten work"))

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return rework_order(
            receipt_id=self.target.pk,
            master_id=data["master"].pk,
            reason=data["reason"],
            **common,
        )


@receipt_verb
class Issue(ReceiptVerb):
    code = "issue"
    expects = ("status",)
    received_by = forms.CharField(label=_("Received by"), required=False, max_length=150)
    as_taken_in = forms.BooleanField(
        label=_("Accessories and links are as taken in"), required=False
    )
    difference = comment(_("Or explain the difference"))

    @classmethod
    def label_for(cls, target: Any) -> Any:
        unrepaired = target.status == Status.REFUSED
        return _("📤 Hand out unrepaired") if unrepaired else cls.label

    def intro(self) -> list[str]:
        lines = []
        if self.target.completeness:
            lines.append(_now("Completeness: %(what)s") % {"what": self.target.completeness})
        if self.target.links_count is not None:
            lines.append(_now("Bracelet links: %(count)s") % {"count": self.target.links_count})
        return lines

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return issue(
            receipt_id=self.target.pk,
            received_by=data["received_by"],
            as_taken_in=data["as_taken_in"],
            difference=data["difference"],
            **common,
        )


@receipt_verb
class Refuse(ReceiptVerb):
    code = "refuse"
    expects = ("status",)
    danger = True
    reason = choice(RefusalReason.objects.none(), _("Reason"))
    comment = comment()

    def build(self) -> None:
        self.fields["reason"].queryset = RefusalReason.objects.active()  # type: ignore[attr-defined]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return refuse(
            receipt_id=self.target.pk,
            reason_id=data["reason"].pk,
            comment=data["comment"],
            **common,
        )


@receipt_verb
class Reopen(ReceiptVerb):
    code = "reopen"
    expects = ("status",)
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return reopen(receipt_id=self.target.pk, reason=data["reason"], **common)


@receipt_verb
class VoidDecision(ReceiptVerb):
    code = "void_decision"
    shown_in = "more"
    expects = ("status",)
    danger = True
    reason = reason()

    @classmethod
    def offered(cls, target: Any, actor: Actor) -> bool:
        return super().offered(target, actor) and last_decision(target) is not None

    def intro(self) -> list[str]:
        event = last_decision(self.target)
        if event is None:
            return []
        words = line(event)
        return [
            _now("The last decision: %(words)s (%(who)s, %(when)s)")
            % {"words": words.words, "who": words.who, "when": words.when}
        ]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return void_decision(receipt_id=self.target.pk, reason=data["reason"], **common)
