"""A list of the API as a job: the same view, filters and scopes, read again by a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from integrations import scopes
from integrations.actors import client_actor
from integrations.models import ApiClient, DataJob
from staff.actors import user_actor
from workshop.lib.actor import API, KIND_CLIENT, KIND_USER, Channel
from workshop.lib.api.access import Access
from workshop.lib.api.files import sheet_of_view
from workshop.lib.api.permissions import ensure_scope, scopes_of
from workshop.lib.api.views import ListView, RowView
from workshop.lib.errors import NotAllowed, NotFound
from workshop.lib.export import Sheet

DOOR = "api"
BASE = "/api/v1/"


def view_of(name: str, query: Mapping[str, str], access: Access) -> ListView:
    """The view behind ``/api/v1/<name>/`` as this access would ask it. Raises NotFound
    ``exports.no_such_list`` on the field ``list``, NotAllowed, and what its filters raise."""
    try:
        match = resolve(f"{BASE}{name}/")
    except Resolver404:
        match = None
    made: Any = getattr(match.func, "cls", None) if match else None
    if match is None or match.kwargs or not _is_list(made):
        raise NotFound("exports.no_such_list", _("There is no such list."), field="list")
    view: ListView = made(**match.func.initkwargs)  # type: ignore[attr-defined]
    ensure_scope(access, scopes_of(view)["GET"])
    asked = QueryDict(mutable=True)
    asked.update(query)
    request = HttpRequest()
    request.method, request.GET = "GET", asked  # type: ignore[assignment]
    view.request = Request(request)
    view.request.auth = access
    view.args, view.kwargs = (), {}
    return view


def _is_list(made: Any) -> bool:
    return isinstance(made, type) and issubclass(made, ListView) and not issubclass(made, RowView)


def sheet_of(job: DataJob) -> tuple[Sheet, int]:
    """The table and how many rows it has."""
    view = view_of(job.subject, job.options.get("query", {}), _access_of(job))
    sheet, rows = sheet_of_view(view)
    return sheet, rows.order_by().count()


def _access_of(job: DataJob) -> Access:
    """What whoever asked may see now."""
    channel = Channel(API, correlation_id=f"data-job:{job.pk}")
    asked = job.asked_id or 0
    if job.asked_kind == KIND_CLIENT:
        client = ApiClient.objects.filter(pk=asked, active=True).first()
        if client is not None:
            held = frozenset(client.scopes)
            return Access(client_actor(client, channel), held, f"api:client:{client.pk}")
    if job.asked_kind == KIND_USER:
        user = get_user_model().objects.filter(pk=asked, is_active=True).first()
        if user is not None:
            actor = user_actor(user, channel)
            return Access(actor, scopes.of_roles(actor.roles), f"api:user:{user.pk}")
    raise NotAllowed
