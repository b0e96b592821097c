"""Imports in the office: upload, columns, dry run, import, what became of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from integrations.imports.columns import ERROR, OUTCOMES
from integrations.imports.files import MOST_BYTES
from integrations.imports.results import LABELS, outcomes, title
from integrations.imports.subjects import SUBJECTS
from integrations.imports.template import workbook
from integrations.models import DataJob, Import
from integrations.services.imports import counts_of, set_mapping, start, stop, upload
from staff import roles
from staff.office.forms import OfficeVerb
from staff.office.pages import OfficeAdmin, actor_of
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import columns
from workshop.lib.errors import WorkshopError

IMPORT: Final = "integrations.Import"
MAY: Final = frozenset({roles.MANAGER})
SHOWN: Final = 100  # rows with an error on the page; all of them stand in the result
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES: Final = {"done": "success", "failed": "danger", "running": "info", "waiting": "info"}


class Upload(OfficeVerb):
    """The file and what to do with it; its columns are guessed."""

    slug = "upload"
    label = _("Import a file")
    button = _("Upload")
    template = "office/imports/upload.html"
    roles = MAY

    subject = forms.ChoiceField(
        label=_("What is in the file"),
        choices=lambda: [(one.name, one.label) for one in SUBJECTS.values()],
    )
    file = forms.FileField(
        label=_("File (.xlsx or .csv)"),
        help_text=_("Up to 20 MB and 200 000 rows. Column names stand in the first row."),
    )
    update_known = forms.BooleanField(
        label=_("Correct what is there already"),
        required=False,
        help_text=_("Otherwise rows that are known are left as they are."),
    )
    all_or_nothing = forms.BooleanField(
        label=_("All or nothing"),
        required=False,
        help_text=_("One wrong row, and nothing is imported. Otherwise the right rows are."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:  # before it is read into memory
            raise forms.ValidationError(
                _("The file is larger than %(most)s MB."),
                params={"most": MOST_BYTES // 1024 // 1024},
            )
        return file

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return upload(
            subject=data["subject"],
            content=data["file"].read(),
            file_name=data["file"].name,
            update_known=data["update_known"],
            all_or_nothing=data["all_or_nothing"],
            **common,
        )


class ImportVerb(OfficeVerb):
    """A verb on an import that is not running."""

    roles = MAY

    @classmethod
    def possible(cls, target: Import, actor: Actor) -> bool:
        job = target.job
        idle = job is None or job.is_finished
        return cls.permitted(target, actor) and idle and bool(target.file)

    def refuse(self, error: WorkshopError) -> None:
        """A column that is not chosen is chosen on another page: lead there."""
        if error.code != "imports.mapping" or error.field in self.fields:
            super().refuse(error)
            return
        address = reverse("admin:integrations_import_verb", args=[self.target.pk, Columns.slug])
        link = format_html('<a class="office-link" href="{}">{}</a>', address, Columns.label)
        self.add_error(None, format_html("{} {}", error.text(), link))


@office_verb(IMPORT)
class Check(ImportVerb):
    slug = "check"
    label = _("🔍 Check without importing")

    def intro(self) -> list[str]:
        return [_now("Every row is tried, nothing is written.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return start(import_id=self.target.pk, dry=True, **common)


@office_verb(IMPORT)
class Start(ImportVerb):
    slug = "start"
    label = _("📥 Import")

    def intro(self) -> list[str]:
        told = [_now("Rows: %(rows)s.") % {"rows": self.target.rows}]
        if self.target.check_job is None:
            told.append(_now("The rows were not checked yet."))
        if self.target.all_or_nothing:
            told.append(
                _now("One wrong row, and nothing is imported. Otherwise the right rows are.")
            )
        else:
            told.append(_now("The right rows are imported, the wrong ones are told."))
        return told

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return start(import_id=self.target.pk, dry=False, **common)


@office_verb(IMPORT)
class Columns(ImportVerb):
    slug = "columns"
    label = _("Columns and choices")
    button = _("Save")

    def build(self) -> None:
        headers = self.target.table["headers"]
        places = [("", "—"), *((str(n), header or f"№{n + 1}") for n, header in enumerate(headers))]
        for column in SUBJECTS[self.target.subject].columns:
            self.fields[column.name] = _choice(column, places, self.target.mapping)
        for name in ("update_known", "all_or_nothing"):
            field: Any = Import._meta.get_field(name)
            self.fields[name] = forms.BooleanField(
                label=capfirst(field.verbose_name),
                help_text=field.help_text,
                required=False,
                initial=getattr(self.target, name),
            )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        names = [column.name for column in SUBJECTS[self.target.subject].columns]
        return set_mapping(
            import_id=self.target.pk,
            mapped={name: int(data[name]) for name in names if data[name] != ""},
            update_known=data["update_known"],
            all_or_nothing=data["all_or_nothing"],
            **common,
        )


def _choice(column: Any, places: list[tuple[str, str]], mapping: Mapping[str, int]) -> Any:
    return forms.ChoiceField(
        label=column.label,
        choices=places,
        required=False,  # what is lacking is told by the service, in its words
        initial=str(mapping.get(column.name, "")),
        help_text=column.about,
    )


@office_verb(IMPORT)
class CancelImport(OfficeVerb):
    slug = "cancel"
    label = _("✖ Cancel the import")
    danger = True
    roles = MAY

    @classmethod
    def possible(cls, target: Import, actor: Actor) -> bool:
        job = target.job
        waits = job is not None and not job.is_finished and job.cancel_asked_at is None
        return cls.permitted(target, actor) and waits

    def intro(self) -> list[str]:
        if self.target.all_or_nothing:
            return [_now("Nothing of it will be imported.")]
        return [_now("What is imported already stays and is told row by row.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return stop(import_id=self.target.pk, **common)


@admin.register(Import)
class ImportAdmin(OfficeAdmin):
    add_verb = Upload
    page_template = "office/imports/page.html"
    list_display = ("name_column", "subject_column", "rows_column", "state_column", "asked_label",
                    "created_at")  # fmt: skip
    list_select_related = ("check_job", "run_job")
    ordering = ("-id",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("template/<slug:subject>/", view(self.template_view), name="import_template"),
            path(
                "<int:object_id>/result/<slug:way>/", view(self.result_view), name="import_result"
            ),
            *super().get_urls(),
        ]

    def template_view(self, request: HttpRequest, subject: str) -> HttpResponse:
        """A workbook to fill in."""
        found = SUBJECTS.get(subject)
        if found is None:
            raise Http404
        if not actor_of(request).has(*MAY):
            raise PermissionDenied
        response = HttpResponse(workbook(found), content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="{found.name}.xlsx"'
        return response

    def result_view(self, request: HttpRequest, object_id: int, way: str) -> FileResponse:
        """What became of each row, of the dry run (``check``) or of the import (``run``)."""
        if not actor_of(request).has(*MAY):
            raise PermissionDenied
        row = Import.objects.select_related("check_job", "run_job").filter(pk=object_id).first()
        job = {"check": row.check_job, "run": row.run_job}.get(way) if row else None
        if job is None or not job.result_file:
            raise Http404
        return FileResponse(
            job.result_file.open("rb"), as_attachment=True, filename=job.result_name
        )

    def page_context(self, request: HttpRequest, target: Any) -> Mapping[str, Any]:
        job = target.job
        asked = {
            "what": SUBJECTS[target.subject].label,
            "file": target.file_name,
            "when": clock.show(target.created_at),
            "who": target.asked_label,
        }
        return {
            "title": _now("Import: %(what)s, %(file)s, %(when)s, %(who)s") % asked,
            "is_busy": job is not None and not job.is_finished,
        }

    def verb_form(self, request: HttpRequest, form: OfficeVerb, target: Any) -> HttpResponse:
        response = super().verb_form(request, form, target)
        if isinstance(form, Upload):
            response.context_data["subjects"] = list(SUBJECTS.values())  # type: ignore[attr-defined]
        return response

    @columns(label=_("File"))
    def name_column(self, row: Import) -> str:
        return row.file_name

    @columns(label=_("What is in it"))
    def subject_column(self, row: Import) -> str:
        return str(SUBJECTS[row.subject].label)

    @columns(label=_("Rows"))
    def rows_column(self, row: Import) -> int:
        return row.rows

    @columns(label=_("State"))
    def state_column(self, row: Import) -> SafeString:
        return _chip(row.job)


def _chip(job: DataJob | None) -> SafeString:
    if job is None:
        context = {"tone": "neutral", "text": _now("uploaded")}
    else:
        what = _now("dry run") if job.options.get("dry") else _now("import")
        state = job.get_state_display()
        if job.state == DataJob.State.RUNNING:
            state = f"{state} {job.percent} %"
        tone = TONES.get(job.state, "neutral")
        if job.state == DataJob.State.DONE and counts_of(job).get(ERROR):
            tone = "warning"  # it went to its end, and not as one might think
        context = {"tone": tone, "text": f"{what}: {state}"}
    return SafeString(render_to_string("office/chip.html", context))


@page_section(IMPORT, "office/imports/state.html", order=10)
def state(target: Import, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    job = target.job
    waits = job is not None and not job.is_finished
    return {
        "title": _now("State"),
        "chip": _chip(job),
        "job": job,
        "waits": waits,
        "cancelling": waits and job is not None and job.cancel_asked_at is not None,
        "results": [
            (way, label, one)
            for way, label, one in (
                ("run", _now("Result of the import"), target.run_job),
                ("check", _now("Result of the dry run"), target.check_job),
            )
            if one is not None and one.result_file and actor.has(*MAY)
        ],
        "counts": _counts(job),
    }


def _counts(job: DataJob | None) -> list[tuple[str, int]]:
    counted = counts_of(job)
    return [(str(LABELS[name]), counted[name]) for name in OUTCOMES if counted.get(name)]


@page_section(IMPORT, "office/imports/problems.html", order=20)
def problems(target: Import, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    """The first wrong rows of its latest job."""
    job = target.job
    if job is None:
        return None
    subject = SUBJECTS[target.subject]
    found = list(islice(outcomes(job, problems_only=True), SHOWN + 1))
    if not found:
        return None
    return {
        "title": _now("Wrong rows"),
        "rows": [
            (number, title(subject, column), why)
            for number, _outcome, _id, wrong in found[:SHOWN]
            for column, why in wrong
        ],
        "more": len(found) > SHOWN,
    }


@page_section(IMPORT, "office/object/facts.html", order=30)
def import_facts(target: Import, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    yes, no = _now("yes"), _now("no")
    return {
        "title": _now("File"),
        "facts": [
            (_now("What is in it"), SUBJECTS[target.subject].label),
            (_now("Rows"), target.rows),
            (_now("Format"), target.table.get("encoding") or target.table["format"]),
            (_now("correct what is there already"), yes if target.update_known else no),
            (_now("all or nothing"), yes if target.all_or_nothing else no),
            (_now("Who"), target.asked_label),
            (_now("created at"), target.created_at),
            (_now("files are kept until"), target.expires_at),
        ],
    }


@page_section(IMPORT, "office/object/facts.html", order=40)
def import_columns(target: Import, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    """Which column is which; what is not used is said too."""
    subject, headers = SUBJECTS[target.subject], target.table["headers"]
    used = [
        (column.label, headers[target.mapping[column.name]])
        for column in subject.columns
        if column.name in target.mapping
    ]
    lacking = [
        (column.label, _now("not chosen: without it nothing can be imported"))
        for column in subject.columns
        if column.required and column.name not in target.mapping
    ]
    taken = set(target.mapping.values())
    unused = [header for place, header in enumerate(headers) if place not in taken and header]
    rest = [(_now("Not imported"), ", ".join(unused))] if unused else []
    return {"title": _now("Columns of the file"), "facts": lacking + used + rest}
