"""A list of the office as a job: the same page, filters and permissions, read again by a worker."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.models import DataJob
from integrations.services import data_jobs
from staff.office.pages import actor_of
from workshop.lib.actor import KIND_USER
from workshop.lib.errors import NotAllowed, NotFound, WorkshopError
from workshop.lib.export import Sheet
from workshop.lib.listing import listed, listed_sheet

DOOR = "office"


def ask(page: Any, request: HttpRequest, form: str) -> HttpResponse:
    """Queue it and show where it can be watched and fetched (``EXPORT_LATER``)."""
    options = {"door": DOOR, "query": request.GET.urlencode(), "format": form}
    subject = page.model._meta.label_lower
    try:
        job = data_jobs.ask(
            kind=DataJob.Kind.EXPORT, subject=subject, options=options, actor=actor_of(request)
        ).object
    except WorkshopError as error:
        messages.error(request, error.text())
        back = reverse(f"admin:{subject.replace('.', '_')}_changelist")
        return HttpResponseRedirect(back)
    messages.info(request, _("The list is long: it is being written. This page shows how far."))
    return HttpResponseRedirect(reverse("admin:integrations_exportjob_change", args=[job.pk]))


def sheet_of(job: DataJob) -> tuple[Sheet, int]:
    """The table and how many rows it has. NotAllowed when the person may not see it any more."""
    page = _page_of(job.subject)
    request = _request_of(job)
    if not page.has_view_permission(request):
        raise NotAllowed
    return listed_sheet(page, request), listed(page, request).order_by().count()


def _page_of(label: str) -> Any:
    try:
        return admin.site._registry[apps.get_model(label)]
    except LookupError as error:
        raise NotFound("exports.no_such_list", gettext_lazy("There is no such list.")) from error


def _request_of(job: DataJob) -> HttpRequest:
    """As the person sent it, with the rights that he has now."""
    user = None
    if job.asked_kind == KIND_USER:
        user = get_user_model().objects.filter(pk=job.asked_id or 0, is_active=True).first()
    if user is None or not user.is_staff:
        raise NotAllowed
    request = HttpRequest()
    request.method = "GET"
    request.path = reverse(f"admin:{job.subject.replace('.', '_')}_changelist")
    request.GET = QueryDict(str(job.options.get("query", "")))
    request.user = user
    return request
