"""The receipts: the list, the page with its verbs, new receipts, actions on several at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from receipts import report_files, selectors
from receipts.admin import exports, filters
from receipts.admin.bulk import BULK, bulk_page
from receipts.admin.search import search_receipts
from receipts.admin.verbs.facts import undoable
from receipts.admin.verbs.registration import Register
from receipts.forms import deadline as deadline_input
from receipts.models import Assignment, DetachedPart, Hold, Operation, Photo, Receipt
from receipts.states import VERBS, Status
from staff.office.pages import OfficeAdmin, actor_of
from staff.office.registry import verbs_of
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import DayRangeFilter, columns
from workshop.lib.errors import RuleViolation

TONES: Mapping[str, str] = {
    Status.RECEIVED: "info",
    Status.IN_WORK: "primary",
    Status.ON_HOLD: "plain",
    Status.QUALITY_CONTROL: "warning",
    Status.RETURNED: "danger",
    Status.READY: "success",
    Status.ISSUED: "plain",
    Status.REFUSED: "plain",
}


USUAL: Mapping[str, str] = {
    Status.RECEIVED: "assign",
    Status.IN_WORK: "submit",
    Status.ON_HOLD: "resume",
    Status.QUALITY_CONTROL: "pass",
    Status.RETURNED: "assign",
    Status.READY: "issue",
    Status.REFUSED: "issue",
}
"""What mostly comes next: the one button that stands out."""


def chip(text: Any, tone: str) -> str:
    """A coloured label; the text is escaped by the template."""
    return render_to_string("office/chip.html", {"text": text, "tone": tone})


def status_chip(receipt: Receipt) -> str:
    """The status in its colour."""
    return chip(receipt.get_status_display(), TONES[receipt.status])


@admin.register(Receipt)
class ReceiptAdmin(OfficeAdmin):
    add_verb = Register
    page_template = "office/receipt/page.html"
    list_display = (
        "number_column",
        "status_column",
        "since_column",
        "master_column",
        "where_column",
        "deadline_column",
        "watch_column",
        "works_column",
    )
    list_display_links = ("number_column",)
    list_filter = (
        filters.StatusFilter,
        filters.DueFilter,
        filters.MasterFilter,
        filters.HolderFilter,
        filters.UrgentFilter,
        filters.ReturnedFilter,
        filters.WorkFilter,
        filters.BrandFilter,
        ("deadline", DayRangeFilter),
        ("received_at", DayRangeFilter),
        filters.VoidFilter,
    )
    search_fields = ("number",)
    search_help_text = _("Number, serial, phone, brand")
    ordering = ("-id",)
    sortable_by = ("deadline_column", "since_column")
    actions = [action.slug for action in BULK]
    export_columns = exports.RECEIPTS

    def export_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return exports.with_history(rows)

    # --- the list -----------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .select_related("master", "watch")
            .prefetch_related(
                Prefetch(
                    "assignments",
                    Assignment.objects.valid().filter(ended_at=None).select_related("master"),
                    to_attr="open_assignments",
                ),
                Prefetch("holds", Hold.objects.valid().filter(ended_at=None), to_attr="open_holds"),
                Prefetch(
                    "detached_parts",
                    DetachedPart.objects.filter(until=None).select_related("holder").order_by("id"),
                    to_attr="parts_away",
                ),
                Prefetch(
                    "operations",
                    Operation.objects.valid().select_related("type").order_by("performed_at"),
                    to_attr="valid_works",
                ),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search_receipts(queryset, search_term), False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Verbs on several receipts; each opens a form, nothing happens before it is sent."""
        if "_popup" in request.GET:
            return {}
        actor = actor_of(request)
        return {
            verb.slug: (_bulk_action(verb), verb.slug, verb.label)
            for verb in BULK
            if verb.permitted(None, actor)
        }

    @columns(label=_("Number"), order="id")
    def number_column(self, row: Receipt) -> str:
        return render_to_string("office/receipt/number.html", {"row": row})

    @columns(label=_("Status"))
    def status_column(self, row: Receipt) -> str:
        return status_chip(row)

    @columns(label=_("Since"), order="status_since")
    def since_column(self, row: Receipt) -> str:
        return clock.show(row.status_since)

    @columns(label=_("Master"))
    def master_column(self, row: Receipt) -> str:
        return row.master.short_name if row.master else "—"

    @columns(label=_("Where the watch is"))
    def where_column(self, row: Any) -> str:
        assignment = row.open_assignments[0] if row.open_assignments else None
        hold = row.open_holds[0] if row.open_holds else None
        places = selectors.places_of(row, assignment, row.parts_away, hold)
        return render_to_string("office/receipt/places.html", {"places": places, "row": row})

    @columns(label=_("Deadline"), order="deadline")
    def deadline_column(self, row: Receipt) -> str:
        if row.deadline is None:
            return "—"
        return chip(clock.show(row.deadline), _deadline_tone(row))

    @columns(label=_("Watch"))
    def watch_column(self, row: Receipt) -> str:
        return str(row.watch) if row.watch else row.description or "—"

    @columns(label=_("Works"))
    def works_column(self, row: Any) -> str:
        return ", ".join(dict.fromkeys(work.type.name for work in row.valid_works)) or "—"

    def buttons(self, target: Any, actor: Actor) -> dict[str, list[dict[str, Any]]]:
        """In the order of the transition table, whichever module a verb comes from."""
        table, verbs = list(VERBS), verbs_of(self.opts.label)
        found = super().buttons(target, actor)
        for rows in found.values():
            rows.sort(key=lambda row: table.index(getattr(verbs[row["slug"]], "code", "comment")))
        return found

    # --- the page -----------------------------------------------------------------------------

    def page_context(self, request: HttpRequest, target: Receipt) -> Mapping[str, Any]:
        now = clock.now()
        return {
            "status_chip": status_chip(target),
            "places": selectors.places(target),
            "overdue": target.is_overdue(now),
            "deadline_told": deadline_input.told(target.deadline) if target.deadline else "",
            "promise_told": (
                deadline_input.told(target.first_promise) if target.first_promise else ""
            ),
            "usual": USUAL.get(target.status, ""),
            "undo_events": undoable(target, actor_of(request)),
        }

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path(
                "deadline-preview/",
                guard(self.deadline_preview),
                name="receipts_deadline_preview",
            ),
            path("bulk/<slug:slug>/", guard(self.bulk_view), name="receipts_receipt_bulk"),
            path(
                "<int:object_id>/report.<slug:form>",
                guard(self.report_view),
                name="receipts_receipt_report",
            ),
            path("photo/<int:photo_id>/", guard(self.photo_view), name="receipts_photo_file"),
            *super().get_urls(),
        ]

    def deadline_preview(self, request: HttpRequest) -> HttpResponse:
        """What a typed deadline means, with the token that makes it the one that is saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = request.GET.get("text", "").replace("\x00", "")[:200].strip()
        try:
            moment = deadline_input.read(text)
        except RuleViolation as error:
            return JsonResponse({"error": error.text()})
        return JsonResponse(
            {"told": deadline_input.told(moment), "token": deadline_input.token(text, moment)}
        )

    def report_view(self, request: HttpRequest, object_id: int, form: str) -> FileResponse:
        """All about one receipt as PDF or Excel; customers for whoever may see customers."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        receipt = self.get_object(request, str(object_id))
        if receipt is None or form not in report_files.FORMS:
            raise Http404
        shows = request.user.has_perm(exports.SEES_CUSTOMERS)
        return report_files.report_answer(receipt, form, with_customer=shows)

    def photo_view(self, request: HttpRequest, photo_id: int) -> HttpResponse | FileResponse:
        """The file of a photo; nobody reaches it without the permission to see receipts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        photo = Photo.objects.valid().filter(pk=photo_id, state=Photo.State.READY).first()
        if photo is None or not photo.file or not photo.file.storage.exists(photo.file.name):
            raise Http404
        response = FileResponse(photo.file.open("rb"), content_type="image/jpeg")
        response["Cache-Control"] = "private, max-age=3600"
        return response

    def bulk_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The form of a verb on several receipts, and what came of each."""
        verb = next((verb for verb in BULK if verb.slug == slug), None)
        if verb is None or request.method != "POST":
            raise Http404
        if not verb.permitted(None, actor_of(request)):
            raise PermissionDenied
        return bulk_page(self, request, verb, request.POST.getlist("ids"))


def _bulk_action(verb: Any) -> Any:
    def action(page: ReceiptAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        ids = [str(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
        if not ids:
            messages.warning(request, _now("Choose receipts first."))
        return bulk_page(page, request, verb, ids, is_new=True)

    action.__name__ = verb.slug
    return action


def _deadline_tone(row: Receipt) -> str:
    if row.is_overdue(clock.now()):
        return "danger"
    if row.deadline and clock.local(row.deadline).date() == clock.today():
        return "warning"
    return "plain"
