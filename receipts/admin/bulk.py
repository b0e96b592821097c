"""Verbs on several receipts: one form, one transaction and one answer per receipt."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.forms.forms import DeclarativeFieldsMetaclass
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import CommandKey, Outcome
from history.render import line
from receipts import policies
from receipts.admin.verbs.base import masters
from receipts.models import OperationType, Receipt
from receipts.services.assignment import assign
from receipts.services.facts import set_urgent
from staff.office.forms import OfficeVerb, choice, is_id, new_key
from staff.office.pages import actor_of, warning_text
from workshop.lib.actor import Actor
from workshop.lib.errors import WorkshopError

MOST: Final = 500
"""Receipts at once."""


@dataclass(frozen=True)
class Row:
    """What came of one receipt."""

    receipt: Receipt
    ok: bool
    words: str


class AbstractForm(DeclarativeFieldsMetaclass, ABCMeta):
    """A form with a method that every verb has to bring."""


class BulkVerb(OfficeVerb, metaclass=AbstractForm):
    """A verb that is called once per receipt, each with a command key of its own."""

    code: ClassVar[str] = ""
    template = "office/bulk.html"

    @classmethod
    def permitted(cls, target: Any, actor: Actor) -> bool:
        return policies.may(actor, cls.code)

    def prepare(self, data: Mapping[str, Any], **common: Any) -> Any:
        """Something made once for all of them (a batch); its result reaches :meth:`call_one`."""
        return None

    @abstractmethod
    def call_one(
        self, receipt: Receipt, data: Mapping[str, Any], prepared: Any, **common: Any
    ) -> Outcome[Any]:
        """Call the service for one receipt."""

    def run(self, receipts: Sequence[Receipt]) -> list[Row] | None:
        """Every receipt with its own result; None when the form itself has errors."""
        if not self.is_valid():
            return None
        if not receipts:
            self.add_error(None, _("Choose receipts first."))
            return None
        key = f"{self.slug}:{self.cleaned_data['command_key'] or new_key()}"
        client = f"admin:{self.actor.id}"
        try:
            whole = CommandKey(client, key)
            prepared = self.prepare(self.cleaned_data, actor=self.actor, command=whole)
        except WorkshopError as error:
            self.refuse(error)
            return None
        rows = []
        for receipt in receipts:
            command = CommandKey(client, f"{key}:{receipt.pk}")
            try:
                told = self.call_one(
                    receipt, self.cleaned_data, prepared, actor=self.actor, command=command
                )
                rows.append(Row(receipt, True, words_of(told)))
            except WorkshopError as error:
                rows.append(Row(receipt, False, error.text()))
        return rows


def words_of(outcome: Outcome[Any]) -> str:
    """What happened to one receipt, with its warnings."""
    if outcome.already is not None:
        words = [_now("Already done: %(who)s") % {"who": outcome.already.who}]
    else:
        events = outcome.command.events.order_by("ordinal") if outcome.command else ()
        words = [line(event).words for event in events] or [_now("Nothing has changed.")]
    return " · ".join([*words, *(warning_text(code) for code in outcome.warnings)])


class AssignSelected(BulkVerb):
    code, slug = "assign", "assign_selected"
    label = _("👨‍🔧 Hand to a master")
    master = choice(masters(), _("Master"))
    purpose = choice(OperationType.objects.none(), _("Purpose"), required=False)

    def build(self) -> None:
        self.fields["purpose"].queryset = OperationType.objects.active()  # type: ignore[attr-defined]

    def call_one(
        self, receipt: Receipt, data: Mapping[str, Any], prepared: Any, **common: Any
    ) -> Outcome[Any]:
        return assign(
            receipt_id=receipt.pk,
            master_id=data["master"].pk,
            purpose_id=data["purpose"].pk if data["purpose"] else None,
            **common,
        )


class UrgentOn(BulkVerb):
    code, slug = "urgent", "urgent_on"
    label = _("🔥 Mark as urgent")
    wanted: ClassVar[bool] = True

    def call_one(
        self, receipt: Receipt, data: Mapping[str, Any], prepared: Any, **common: Any
    ) -> Outcome[Any]:
        return set_urgent(receipt_id=receipt.pk, urgent=self.wanted, **common)


class UrgentOff(UrgentOn):
    slug = "urgent_off"
    label = _("Take the urgency off")
    wanted = False


# Polishing adds "send to polishing" when it loads.
BULK: Final[list[type[BulkVerb]]] = [AssignSelected, UrgentOn, UrgentOff]


def bulk_page(
    page: Any,
    request: HttpRequest,
    verb: type[BulkVerb],
    ids: Sequence[str],
    *,
    is_new: bool = False,
) -> HttpResponse:
    """The form with the chosen receipts, or the results."""
    known = [int(pk) for pk in ids if is_id(pk)][:MOST]
    receipts = list(Receipt.objects.filter(pk__in=known).order_by("id"))
    form = verb(*(() if is_new else (request.POST,)), actor=actor_of(request))
    rows = None if is_new else form.run(receipts)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": verb.label,
        "form": form,
        "receipts": receipts,
        "rows": rows,
        "failed": sum(not row.ok for row in rows or ()),
        "action": page.url("bulk", verb.slug),
        "back": page.url("changelist"),
    }
    request.current_app = page.admin_site.name
    return TemplateResponse(request, form.template, context)
