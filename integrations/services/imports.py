"""Imports: a file comes in, its columns are matched, it is checked and written by jobs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from integrations import locks, policies
from integrations.events import ImportMapped, ImportUploaded
from integrations.imports import files, mapping
from integrations.imports.columns import ERROR, Done
from integrations.imports.subjects import SUBJECTS
from integrations.models import DataJob, Import, ImportChunk
from integrations.services.data_jobs import KEPT, ask, cancel, store
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import clip

MOST_AT_ONCE_ON_SQLITE: Final = 5_000
"""Rows of an all-or-nothing import: one transaction, and meanwhile nobody else writes there."""


@verb("import.upload", "integrations.Import")
def upload(
    *,
    subject: str,
    content: bytes,
    file_name: str = "",
    update_known: bool = False,
    all_or_nothing: bool = False,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Import]:
    """Take a file in: looked at, bounded, its columns guessed. Nothing of it is written yet.

    Raises NotAllowed, NotFound ``imports.no_such_subject``, RuleViolation ``imports.*`` on the
    field ``file``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_import(actor)
    kind = SUBJECTS.get(subject)
    if kind is None:
        raise NotFound(
            "imports.no_such_subject", _("Nothing of this kind can be imported."), field="subject"
        )
    table, kept = files.inspect(content)
    row = Import(
        subject=kind.name,
        file_name=clip(_plain_name(file_name) or kind.name, 150),
        sha256=hashlib.sha256(content).hexdigest(),
        table=table.as_json(),
        mapping=mapping.guess(kind, table.headers),
        update_known=update_known,
        all_or_nothing=all_or_nothing,
        asked_kind=actor.kind,
        asked_id=actor.id,
        asked_label=actor.label[:150],
        created_at=run.at,
        expires_at=run.at + KEPT,
    )
    row.file.name = store(ContentFile(kept))
    row.save(force_insert=True)
    run.record(row.stream, ImportUploaded(import_id=row.pk, subject=row.subject, rows=row.rows))
    return Outcome(row)


@verb("import.map", "integrations.Import")
def set_mapping(
    *,
    import_id: int,
    mapped: Mapping[str, int | None],
    update_known: bool | None = None,
    all_or_nothing: bool | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Import]:
    """Say which column is which, and how known and wrong rows are treated.

    Raises RuleViolation ``imports.mapping`` on the column, ``imports.busy``.
    """
    run = Run.of(actor, command, at)
    row = _open(import_id, actor)
    _ensure_idle(row)
    subject = SUBJECTS[row.subject]
    row.mapping = mapping.checked(subject, mapped, len(row.table["headers"]))
    mapping.ensure_complete(subject, row.mapping)
    if update_known is not None:
        row.update_known = update_known
    if all_or_nothing is not None:
        row.all_or_nothing = all_or_nothing
    row.check_job = None  # what it said was about another mapping
    row.save(update_fields=["mapping", "update_known", "all_or_nothing", "check_job"])
    columns = sorted(row.mapping)
    run.record(row.stream, ImportMapped(import_id=row.pk, subject=row.subject, columns=columns))
    return Outcome(row)


@verb("import.start", "integrations.Import")
def start(
    *,
    import_id: int,
    dry: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Import]:
    """Queue the dry run, or the import itself. Rows that are known already do no harm: the same
    import twice changes nothing.

    Raises RuleViolation ``imports.mapping``, ``imports.busy``, ``imports.file_gone``,
    ``imports.too_long_at_once``, and what ``ask`` raises.
    """
    run = Run.of(actor, command, at)
    row = _open(import_id, actor)
    _ensure_idle(row)
    if not row.file:
        raise RuleViolation(
            "imports.file_gone",
            _("The file was removed after a week. Upload it again."),
            field="file",
        )
    mapping.ensure_complete(SUBJECTS[row.subject], row.mapping)
    _ensure_bearable(row, dry=dry)
    job = ask(
        kind=DataJob.Kind.IMPORT,
        subject=row.subject,
        options={"import": row.pk, "dry": dry},
        file_name=row.file_name,
        total=row.rows,
        actor=actor,
        command=run.command,
        at=run.at,
    ).object
    row.expires_at = run.at + KEPT
    if dry:
        row.check_job = job
    else:
        row.run_job = job
    row.save(update_fields=["check_job", "run_job", "expires_at"])
    return Outcome(row)


@verb("import.bring", "integrations.Import")
def bring(
    *,
    subject: str,
    content: bytes,
    file_name: str = "",
    mapped: Mapping[str, int | None] | None = None,
    update_known: bool = False,
    all_or_nothing: bool = False,
    then: str = "check",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Import]:
    """Upload, map and start in one press: ``then`` is check, import, or wait for a person.

    Raises as :func:`upload`, :func:`set_mapping` and :func:`start`.
    """
    run = Run.of(actor, command, at)
    common: dict[str, Any] = {"actor": actor, "command": run.command, "at": run.at}
    row = upload(
        subject=subject,
        content=content,
        file_name=file_name,
        update_known=update_known,
        all_or_nothing=all_or_nothing,
        **common,
    ).object
    if mapped is not None:
        row = set_mapping(import_id=row.pk, mapped=mapped, **common).object
    if then in {"check", "import"}:
        row = start(import_id=row.pk, dry=then == "check", **common).object
    return Outcome(row)


@verb("import.stop", "integrations.Import")
def stop(
    *,
    import_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Import]:
    """Cancel its dry run or import, whichever is on its way; one that ended stays as it is."""
    run = Run.of(actor, command, at)
    row = _open(import_id, actor)
    job = row.job
    if job is None:
        return Outcome(row)
    outcome = cancel(job_id=job.pk, actor=actor, command=run.command, at=run.at)
    return Outcome(row, already=outcome.already)


def keep_chunk(job: DataJob, rows: Sequence[tuple[int, Done]]) -> None:
    """What became of the rows of a chunk, in the transaction that wrote them."""
    ImportChunk.objects.create(
        job=job,
        first_row=rows[0][0],
        problems=sum(done.outcome == ERROR for _number, done in rows),
        rows=[
            [
                number,
                done.outcome,
                done.object_id,
                [[problem.column, problem.why] for problem in done.problems],
            ]
            for number, done in rows
        ],
    )


def forget_chunks(job: DataJob) -> None:
    """What a check told is replaced by what is written."""
    ImportChunk.objects.filter(job=job).delete()


def keep_read(job: DataJob, content: bytes, mark: str) -> None:
    """What a dry run has understood of the table, as the file of its job."""
    kept = {"mark": mark, "sha256": hashlib.sha256(content).hexdigest()}
    name, checkpoint = store(ContentFile(content)), {**job.checkpoint, "kept": kept}
    held = DataJob.objects.filter(pk=job.pk, token=job.token)
    if not held.update(file=name, checkpoint=checkpoint):  # another worker has taken over
        default_storage.delete(name)


def forget_read(job: DataJob) -> None:
    """The import is done: what the dry run has kept for it goes."""
    if job.file.name:
        default_storage.delete(job.file.name)
        DataJob.objects.filter(pk=job.pk).update(file="")


def forget_files(*, at: datetime, most: int = 200) -> int:
    """Remove files whose time is over, and what was told of their rows; how many imports."""
    forgotten = list(Import.objects.filter(expires_at__lt=at).exclude(file="")[:most])
    for row in forgotten:
        default_storage.delete(str(row.file.name))
        jobs = DataJob.objects.filter(kind=DataJob.Kind.IMPORT, options__import=row.pk)
        ImportChunk.objects.filter(job__in=jobs).delete()
        Import.objects.filter(pk=row.pk).update(file="")
    return len(forgotten)


def _open(import_id: int, actor: Actor) -> Import:
    row = locks.data_import(import_id)
    policies.ensure_may_import(actor)
    policies.ensure_may_see_import(actor, row)
    return row


def _ensure_idle(row: Import) -> None:
    job = row.job
    if job is not None and not job.is_finished:
        raise RuleViolation("imports.busy", _("It is running: wait for its end, or cancel it."))


def _ensure_bearable(row: Import, *, dry: bool) -> None:
    at_once = row.all_or_nothing and not dry
    if at_once and connection.vendor == "sqlite" and row.rows > MOST_AT_ONCE_ON_SQLITE:
        raise RuleViolation(
            "imports.too_long_at_once",
            _(
                "All or nothing is possible up to %(most)s rows here: nobody could work meanwhile."
                " Import the right rows, or split the file."
            ),
            field="all_or_nothing",
            params={"most": MOST_AT_ONCE_ON_SQLITE},
        )


def _plain_name(name: str) -> str:
    """Without folders and control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in last if char.isprintable()).strip()


def counts_of(job: DataJob | None) -> dict[str, Any]:
    """What a job counted, so far or in the end."""
    if job is None:
        return {}
    return dict(job.result or job.checkpoint.get("counts", {}))
