"""Long lists as files: asked for, watched, fetched, cancelled."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.http import FileResponse
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from history.api.verbs import VerbView, changed_meanwhile, expected_tags
from history.commands import Outcome
from integrations import locks, scopes
from integrations.exports import api
from integrations.models import DataJob
from integrations.policies import may_touch_job
from integrations.services import data_jobs
from workshop.lib.api import files
from workshop.lib.api import rows as plain
from workshop.lib.api.access import Access, access_of
from workshop.lib.api.fields import TextField
from workshop.lib.api.formats import BinaryRenderer
from workshop.lib.api.views import ApiView, ListView, RowView, private, tag_of
from workshop.lib.errors import RuleViolation
from workshop.lib.export import TYPES, XLSX

logger = logging.getLogger(__name__)
NEEDED: Final = {"GET": scopes.DATA_MANAGE, "POST": scopes.DATA_MANAGE}


class ExportForm(serializers.Serializer[Any]):
    """An export on its way. Its file, once `done`: `/exports/{id}/file/`."""

    id = serializers.IntegerField()
    list = serializers.CharField(source="subject")
    state = serializers.ChoiceField(choices=DataJob.State.choices)
    done = serializers.IntegerField(help_text="rows")
    total = serializers.IntegerField(help_text="rows, as counted when it began")
    error = serializers.CharField()
    file_name = serializers.CharField(source="result_name")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="the file is kept until")


class AskForm(serializers.Serializer[Any]):
    """`list` is an address of a list (`receipts`, `operations`), `query` its filters."""

    example: ClassVar = {"list": "receipts", "query": {"status": "in_work"}}

    list = TextField(required=True, max_length=60)
    query = serializers.DictField(child=TextField(max_length=200), required=False)
    format = serializers.ChoiceField(choices=(*TYPES,), default=XLSX)


def exports_of(access: Access) -> QuerySet[DataJob]:
    """A program sees its own; a manager of the office all."""
    rows = DataJob.objects.filter(kind=DataJob.Kind.EXPORT)
    probe = DataJob(asked_kind="", asked_id=None)
    if may_touch_job(access.actor, probe):
        return rows
    return rows.filter(asked_kind=access.actor.kind, asked_id=access.actor.id)


class ReadExports(ListView):
    """Exports, the newest first."""

    resource = "exports"
    form = ExportForm
    scopes: ClassVar = NEEDED

    def rows(self) -> QuerySet[Any]:
        return exports_of(self.access)


class ExportVerb(VerbView):
    """Answers with the export as its list shows it."""

    scopes: ClassVar = NEEDED
    result = ExportForm

    def represent(self, outcome: Outcome[Any]) -> Any:
        return _row(outcome.object.pk)

    def etag(self, outcome: Outcome[Any]) -> str:
        return tag_of(_row(outcome.object.pk))


def _row(pk: int) -> dict[str, Any]:
    return plain.read(DataJob.objects.filter(pk=pk), plain.shape_of(ExportForm))[0]


class Exports(ExportVerb, ReadExports):
    """Ask for a list as a file, however long it is."""

    about = ReadExports.__doc__
    scopes: ClassVar = NEEDED

    body = AskForm
    created = True

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        name, query = data["list"].strip("/"), data.get("query", {})
        view = api.view_of(name, query, access_of(self.request))
        # What is wrong is refused now, not by the worker.
        files.refuse_pages(view)
        try:
            files.sheet_of_view(view)
        except ValidationError as error:
            raise _of_that_list(error) from error
        options = {"door": api.DOOR, "query": query, "format": data["format"]}
        return data_jobs.ask(kind=DataJob.Kind.EXPORT, subject=name, options=options, **common)


def _of_that_list(error: ValidationError) -> RuleViolation:
    """Right in shape: what a list can be asked is not told by the form of this request."""
    told: Mapping[str, Any] = error.get_full_details()  # type: ignore[assignment]  # of filters
    found = [f"{name}: {wrong[0]['message']}" for name, wrong in told.items()]
    return RuleViolation("exports.query", " ".join(found), field="query")


class OneExport(RowView, ReadExports):
    """An export."""


class CancelExport(ExportVerb):
    """Stop an export."""

    body = serializers.Serializer

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        pk = self.kwargs["pk"]
        if not exports_of(access_of(self.request)).filter(pk=pk).exists():
            raise NotFound
        expected = expected_tags(self.request)
        if expected is not None:
            common["precondition"] = partial(_ensure_fresh, pk, expected)
        return data_jobs.cancel(job_id=pk, **common)


def _ensure_fresh(pk: int, expected: frozenset[str]) -> None:
    locks.data_job(pk)
    if tag_of(_row(pk)) not in expected:
        raise changed_meanwhile()


class ExportFile(ApiView):
    """The file; 404 until it is done and after it was removed."""

    scopes: ClassVar = {"GET": scopes.DATA_MANAGE}
    renderer_classes = (BinaryRenderer,)
    media_type = "application/octet-stream"

    def get(self, request: Request, pk: int) -> Any:
        return private(file_of(exports_of(access_of(request)).filter(pk=pk).first()))


def file_of(job: DataJob | None) -> FileResponse:
    """The result of an export as a download; NotFound without one."""
    if job is None or job.state != DataJob.State.DONE or not job.result_file:
        raise NotFound
    try:
        found = job.result_file.open("rb")
    except OSError as error:  # a disk that was restored without its files
        told = {"job_id": job.pk, "error": type(error).__name__}
        logger.warning("an export has no file", extra=told)
        raise NotFound from error
    form = job.result_name.rpartition(".")[2]
    return FileResponse(
        found,
        as_attachment=True,
        filename=job.result_name,
        content_type=TYPES.get(form, "application/octet-stream"),
    )
