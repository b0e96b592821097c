"""Imports over the API: a file is sent as a form, checked and imported by jobs, asked after.

A program sees what it brought itself, an office user with his session everything.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import django_filters as filters
from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from history.api.verbs import RowVerb
from integrations import locks, scopes, selectors
from integrations.imports.files import MOST_BYTES
from integrations.imports.results import first_problems
from integrations.imports.subjects import SUBJECTS
from integrations.imports.template import workbook
from integrations.models import DataJob, Import
from integrations.services import imports
from workshop.lib.api.access import Access, access_of
from workshop.lib.api.fields import WholeField, YesNoField
from workshop.lib.api.formats import BinaryRenderer, FileParser
from workshop.lib.api.resources import Resource, TableList, TableRow
from workshop.lib.api.views import ApiView, expansion, private

Form = serializers.Serializer[Any]
SCOPES: Final = {"GET": scopes.DATA_MANAGE, "POST": scopes.DATA_MANAGE}
PROBLEMS: Final = 100
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SUBJECTS: Final = [(one.name, one.label) for one in SUBJECTS.values()]


class DataJobForm(Form):
    """How far a dry run or an import is."""

    state = serializers.ChoiceField(choices=DataJob.State.choices)
    total = serializers.IntegerField(help_text="rows; an all-or-nothing import goes twice")
    done = serializers.IntegerField()
    result = serializers.JSONField(help_text="rows by outcome: created, updated, unchanged, error")
    error = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class ImportForm(Form):
    """A file that was brought. Its first wrong rows: `?expand=problems`."""

    id = serializers.IntegerField()
    subject = serializers.ChoiceField(choices=_SUBJECTS)
    file_name = serializers.CharField()
    table = serializers.JSONField(help_text="format, headers, rows, encoding, delimiter")
    mapping = serializers.JSONField(help_text="column → place in the file, from 0")
    update_known = serializers.BooleanField()
    all_or_nothing = serializers.BooleanField()
    check_job = DataJobForm(allow_null=True, help_text="its latest dry run")
    run_job = DataJobForm(allow_null=True, help_text="its latest import")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="then the file is removed")


class ImportFilter(filters.FilterSet):
    subject = filters.ChoiceFilter(choices=_SUBJECTS)

    class Meta:
        model = Import
        fields: tuple[str, ...] = ()


IMPORTS: Final = Resource(
    "imports",
    ImportForm,
    Import.objects.all,
    scopes.DATA_MANAGE,
    many="Your imports, the newest first.",
    one="An import of yours.",
    filters=ImportFilter,
)


@expansion(IMPORTS.name, "problems", empty=())
def problems(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """The first wrong rows of the latest job of each: row, column, why."""
    found = {}
    for row in Import.objects.filter(pk__in=ids).select_related("check_job", "run_job"):
        job = row.job
        if job is not None:
            told = first_problems(job, PROBLEMS)
            found[row.pk] = [
                {"row": number, "column": column, "why": why} for number, column, why in told
            ]
    return found


class OwnImports(TableList):
    of: ClassVar[Resource] = IMPORTS
    resource = IMPORTS.name
    form = IMPORTS.form
    filters = IMPORTS.filters
    scopes = SCOPES

    def rows(self) -> QuerySet[Any]:
        return selectors.imports_of(self.access.actor)


class ImportRow(TableRow, OwnImports):
    about = IMPORTS.one
    scopes = {"GET": scopes.DATA_MANAGE}


# --- verbs ----------------------------------------------------------------------------------------


class Nothing(Form):
    """Nothing to say besides."""


class MappingForm(Form):
    mapping = serializers.DictField(
        child=WholeField(allow_null=True, min_value=0),
        help_text="column → place in the file, from 0",
    )
    update_known = YesNoField(required=False)
    all_or_nothing = YesNoField(required=False)


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": ["integer", "null"], "minimum": 0}}
)
class JsonText(serializers.JSONField):
    """JSON as a text of a form; the library's own reader breaks on nesting without end."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except RecursionError:
            self.fail("invalid")


class BringForm(Form):
    """`.xlsx` or `.csv` of at most 20 MB and 200 000 rows."""

    file = serializers.FileField(allow_empty_file=True)
    subject = serializers.ChoiceField(choices=_SUBJECTS)
    mapping = JsonText(
        binary=True, required=False, help_text="guessed from the headers, when left out"
    )
    update_known = serializers.BooleanField(required=False)
    all_or_nothing = serializers.BooleanField(required=False)
    then = serializers.ChoiceField(
        choices=["check", "import", "wait"], required=False, help_text="check, when left out"
    )

    def validate_mapping(self, value: Any) -> Any:
        form = MappingForm(data={"mapping": value})
        if not form.is_valid():
            raise serializers.ValidationError(form.errors["mapping"])
        return form.validated_data["mapping"]


class ImportVerb(RowVerb):
    """A foreign one does not exist."""

    scopes = {"POST": scopes.DATA_MANAGE}
    of = IMPORTS
    key = "import_id"
    body: ClassVar[type[Form]] = Nothing
    lock = locks.data_import

    def target(self) -> dict[str, Any]:
        own = selectors.imports_of(self.access.actor)
        if self.key and not own.filter(pk=self.kwargs["pk"]).exists():
            raise NotFound
        return super().target()


class TableParser(FileParser):
    largest = MOST_BYTES


class BringFile(ImportVerb):
    """Bring a file (`multipart/form-data`), and have it checked or imported."""

    key = ""
    parser_classes = (TableParser,)
    body = BringForm
    created = True
    service = imports.bring

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        file = data["file"]
        return {
            "subject": data["subject"],
            "content": file.read(MOST_BYTES + 1),
            "file_name": file.name,
            "mapped": data.get("mapping"),
            "update_known": data.get("update_known", False),
            "all_or_nothing": data.get("all_or_nothing", False),
            "then": data.get("then", "check"),
        }


class ImportList(BringFile, OwnImports):
    about = IMPORTS.many
    scopes = SCOPES


class MapColumns(ImportVerb):
    """Say which column of the file is which, and how known and wrong rows are treated."""

    body = MappingForm
    service = imports.set_mapping

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "mapped": data["mapping"],
            "update_known": data.get("update_known"),
            "all_or_nothing": data.get("all_or_nothing"),
        }


class CheckFile(ImportVerb):
    """Try every row and write nothing."""

    service = imports.start

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"dry": True}


class StartImport(ImportVerb):
    """Import the rows. The same file again changes nothing."""

    service = imports.start

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"dry": False}


class CancelImport(ImportVerb):
    """Stop the dry run or the import: of all-or-nothing nothing stays, else what was told."""

    service = imports.stop


VERBS: Final = {
    "mapping": MapColumns,
    "check": CheckFile,
    "start": StartImport,
    "cancel": CancelImport,
}


# --- files ----------------------------------------------------------------------------------------


class ImportTemplate(ApiView):
    """A workbook to fill in, with the values that are allowed."""

    scopes = {"GET": scopes.DATA_MANAGE}
    renderer_classes = (BinaryRenderer,)
    media_type = XLSX

    def get(self, request: Request, subject: str) -> Any:
        found = SUBJECTS.get(subject)
        if found is None:
            raise NotFound
        return private(_attached(workbook(found), f"{found.name}.xlsx", self.media_type))


class ImportResult(ApiView):
    """What became of each row in the latest import, or in the dry run before it: a CSV."""

    scopes = {"GET": scopes.DATA_MANAGE}
    renderer_classes = (BinaryRenderer,)
    media_type = "text/csv"

    def get(self, request: Request, pk: int) -> Any:
        row = selectors.imports_of(access_of(request).actor).filter(pk=pk).first()
        job = row.job if row is not None else None
        if job is None or not job.result_file:
            raise NotFound
        with job.result_file.open("rb") as file:
            content = file.read()
        return private(_attached(content, job.result_name, self.media_type))


def _attached(content: bytes, name: str, kind: str) -> FileResponse:
    return FileResponse(io.BytesIO(content), as_attachment=True, filename=name, content_type=kind)
