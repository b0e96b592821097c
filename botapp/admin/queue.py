"""The sending queue: what waits, what failed and why, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from botapp import reasons
from botapp.admin import queue_filters as filters
from botapp.admin.queue_words import (
    TONES,
    about,
    chip,
    next_try,
    receipt_numbers,
    state_chip,
    to_whom,
    tried,
    why,
)
from botapp.models import OutgoingMessage
from botapp.services.notices import MAY, MOST, STOPPED, retry_notices
from history.commands import Outcome
from history.render import line
from staff.office.forms import OfficeVerb, is_id
from staff.office.pages import OfficeAdmin, actor_of, tell
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import EXACT_TO, DayRangeFilter, columns
from workshop.lib.asked_list import AskedList

QUEUE: Final = "botapp.OutgoingMessage"


# --- verbs ----------------------------------------------------------------------------------------


@office_verb(QUEUE)
class Retry(OfficeVerb):
    """One notice."""

    slug = "retry"
    label = _("↻ Send again")
    roles = MAY

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return (
            cls.permitted(target, actor)
            and OutgoingMessage.objects.filter(STOPPED, pk=target.pk).exists()
        )

    def intro(self) -> list[str]:
        told = [f"{about(self.target)} → {to_whom(self.target)}"]
        return [*told, why(self.target)] if self.target.last_error else told

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return retry_notices(notice_ids=[self.target.pk], **common)


class RetrySeveral(OfficeVerb):
    """Those that were shown: the list may be another one by now."""

    slug = "retry_several"
    label = _("↻ Send again")
    roles = MAY
    ids = forms.CharField(widget=forms.HiddenInput, required=False, max_length=MOST * 20)

    def clean(self) -> dict[str, Any]:
        """What is no list of ids was not made by this page: nothing of it is sent."""
        given = self._given()
        if len(given) > MOST or not all(map(is_id, given)):
            raise forms.ValidationError(
                _("This list of notices is damaged: please open the page again.")
            )
        return super().clean() or {}

    def _given(self) -> list[str]:
        text = str(self["ids"].value() or "")
        return text.split(",") if text else []

    def chosen(self) -> list[int]:
        """Ids that were shown."""
        return [int(pk) for pk in self._given() if is_id(pk)]

    def intro(self) -> list[str]:
        count = len(self.chosen())
        told = [_now("Notices to be sent again: %(count)s") % {"count": number_format(count)}]
        if count >= MOST:
            told.append(_now("These are the first ones; the others can be sent afterwards."))
        told.append(_now("What is out of date by now is not sent."))
        return told

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return retry_notices(notice_ids=self.chosen(), **common)


# --- the list -------------------------------------------------------------------------------------


class QueueList(AskedList):
    """The receipts of a page in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        cast(QueueAdmin, self.model_admin).complete(rows)
        self.result_list = rows


@dataclass(frozen=True)
class Figure:
    """A count of the first lines: exact up to a bound."""

    label: Any
    count: str
    url: str
    tone: str


def figures(url: str) -> list[Figure]:
    """How many rows are in each state that somebody may have to look at."""
    found = []
    for state in (OutgoingMessage.WAITING, OutgoingMessage.FAILED, OutgoingMessage.DEAD):
        settled = reasons.SETTLED if state == OutgoingMessage.DEAD else ()
        rows = OutgoingMessage.objects.filter(state=state).exclude(last_error__in=settled)
        number = rows[: EXACT_TO + 1].count()
        count = number_format(min(number, EXACT_TO), force_grouping=True)
        tone = TONES[state] if number else ""
        label = dict(OutgoingMessage.STATES)[state]
        more = "+" if number > EXACT_TO else ""
        found.append(Figure(label, f"{count}{more}", f"{url}?state={state}", tone))
    return found


@admin.register(OutgoingMessage)
class QueueAdmin(OfficeAdmin):
    page_template = "office/object.html"
    list_before_template = "office/telegram/queue.html"
    list_display = (
        "state_column",
        "recipient_column",
        "about_column",
        "receipt_column",
        "due_column",
        "tried_column",
        "next_column",
        "why_column",
    )
    list_display_links = ("state_column",)
    list_filter = (
        filters.StateFilter,
        filters.KindFilter,
        ("due_at", DayRangeFilter),
        filters.PersonFilter,
    )
    list_select_related = ("employee", "event")
    search_fields = ("employee__full_name",)
    search_help_text = _("Name of the person")
    sortable_by: ClassVar[tuple[str, ...]] = ()  # by id the newest are found without sorting all
    ordering = ("-pk",)
    actions = ("retry_selected",)
    show_history = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AskedList]:
        return QueueList

    def complete(self, rows: Any) -> None:
        numbers = receipt_numbers(rows)
        for row in rows:
            row.receipt = numbers.get(row.event.stream)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if self._may(request) else {}

    def _may(self, request: HttpRequest) -> bool:
        return RetrySeveral.permitted(None, actor_of(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        more = {
            "figures": figures(self.url("changelist")),
            "may_retry": self._may(request),
            "retry_url": f"{self.url('retry')}?{request.GET.urlencode()}",
        }
        return super().changelist_view(request, {**more, **(extra_context or {})})

    # --- columns ------------------------------------------------------------------------------

    @columns(label=_("State"))
    def state_column(self, row: OutgoingMessage) -> str:
        chips = [state_chip(row)]
        if row.possible_duplicate:
            chips.append(chip(_now("possibly twice"), "warning"))
        return render_to_string("office/telegram/chips.html", {"chips": chips})

    @columns(label=_("To whom"))
    def recipient_column(self, row: OutgoingMessage) -> str:
        return to_whom(row)

    @columns(label=_("Of what"))
    def about_column(self, row: OutgoingMessage) -> str:
        return about(row)

    @columns(label=_("Receipt"))
    def receipt_column(self, row: Any) -> str:
        return render_to_string("office/telegram/receipt.html", {"receipt": row.receipt})

    @columns(label=_("Was due"))
    def due_column(self, row: OutgoingMessage) -> str:
        return clock.show(row.planned_at or row.due_at)

    @columns(label=_("Tried"))
    def tried_column(self, row: OutgoingMessage) -> str:
        return tried(row)

    @columns(label=_("Next try"))
    def next_column(self, row: OutgoingMessage) -> str:
        return next_try(row)

    @columns(label=_("Why"))
    def why_column(self, row: OutgoingMessage) -> str:
        return why(row) or "—"

    # --- sending again ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "retry/",
            self.admin_site.admin_view(self.retry_view),
            name="botapp_outgoingmessage_retry",
        )
        return [own, *super().get_urls()]

    @admin.action(description=_("↻ Send again"))
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """The form with those that were ticked; nothing happens before it is sent."""
        return self._ask(request, queryset)

    def retry_view(self, request: HttpRequest) -> HttpResponse:
        """All of the filter, or the answer to the form."""
        if not (self.has_view_permission(request) and self._may(request)):
            raise PermissionDenied
        if request.method != "POST":
            rows = self.get_changelist_instance(request).get_queryset(request)
            return self._ask(request, rows)
        form = RetrySeveral(request.POST, actor=actor_of(request))
        outcome = form.submit()
        if outcome is None:
            return self.verb_form(request, form, None)
        tell(request, outcome)
        return HttpResponseRedirect(self.url("changelist"))

    def _ask(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
        stopped = rows.filter(STOPPED).order_by("pk")
        ids = ",".join(str(pk) for pk in stopped.values_list("pk", flat=True)[:MOST])
        form = RetrySeveral(actor=actor_of(request), initial={"ids": ids})
        return self.verb_form(request, form, None)


@page_section(QUEUE, "office/object/facts.html", order=10)
def notice(target: OutgoingMessage, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = [
        (_now("State"), state_chip(target)),
        (_now("To whom"), to_whom(target)),
        (_now("Of what"), about(target)),
        (_now("Was due"), target.planned_at or target.due_at),
        (_now("Tried"), tried(target)),
        (_now("Next try"), next_try(target)),
        (_now("Sent"), target.sent_at),
        (_now("Why"), why(target)),
        (_now("Possibly sent twice"), target.possible_duplicate),
    ]
    facts = [(label, value) for label, value in rows if value not in (None, "")]
    return {"title": _now("Notice"), "facts": facts}


@page_section(QUEUE, "office/telegram/event.html", order=20)
def event(target: OutgoingMessage, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    receipt = receipt_numbers([target]).get(target.event.stream)
    return {"title": _now("Event"), "line": line(target.event), "receipt": receipt}
