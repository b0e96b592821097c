"""Exports of the office: how far each is, its file, cancelling it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from history.commands import Outcome
from integrations.api.exports import file_of
from integrations.models import ExportJob
from integrations.policies import may_touch_job
from integrations.services import data_jobs
from staff.office.forms import OfficeVerb
from staff.office.pages import OfficeAdmin, actor_of
from staff.office.registry import office_verb, page_section
from staff.roles import ALL
from workshop.lib.actor import Actor
from workshop.lib.admin import columns
from workshop.lib.api.views import private

EXPORT = "integrations.ExportJob"
State = ExportJob.State


@office_verb(EXPORT)
class CancelExport(OfficeVerb):
    """Whoever asked for it, and the office."""

    slug = "cancel"
    label = _("Cancel the export")
    roles = frozenset(ALL)
    danger = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return may_touch_job(actor, target) and not target.is_finished

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return data_jobs.cancel(job_id=self.target.pk, **common)


@admin.register(ExportJob)
class ExportJobAdmin(OfficeAdmin):
    page_template = "office/export.html"
    list_display = ("list_column", "state", "progress_column", "asked_label", "created_at")
    list_filter = (("state", ChoicesDropdownFilter),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Managers and administrators see all, everybody else his own."""
        rows, actor = super().get_queryset(request), actor_of(request)
        if may_touch_job(actor, ExportJob(asked_kind="", asked_id=None)):
            return rows
        return rows.filter(asked_kind=actor.kind, asked_id=actor.id)

    @columns(label=_("List"))
    def list_column(self, row: ExportJob) -> str:
        return row.list_name

    @columns(label=_("Written"))
    def progress_column(self, row: ExportJob) -> str:
        return f"{row.percent} %"

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view(self.file_view)
        own = path("<int:object_id>/file/", guarded, name="integrations_exportjob_file")
        return [own, *super().get_urls()]

    def file_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """The file, for whoever may see the export."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return private(file_of(self.get_queryset(request).filter(pk=object_id).first()))
        except NotFound as error:
            raise Http404 from error

    def page_context(self, request: HttpRequest, target: Any) -> Mapping[str, Any]:
        return {
            "file_url": self.url("file", target.pk) if target.result_file else "",
            "waits": not target.is_finished,
        }


@page_section(EXPORT, "office/object/facts.html", order=10)
def facts(target: ExportJob, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    names = ["state", "asked_label", "created_at", "ended_at", "error"]
    if target.result_file:
        names.append("expires_at")
    found = []
    for name in names:
        field = target._meta.get_field(name)
        value = getattr(target, f"get_{name}_display", lambda n=name: getattr(target, n))()
        if value not in (None, ""):
            found.append((str(field.verbose_name), value))  # type: ignore[union-attr]
    return {"title": _("Export"), "facts": found}
