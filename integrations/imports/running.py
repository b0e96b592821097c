"""The work of an import: chunk by chunk, each with its outcome in one transaction.

A dry run walks the same way and writes nothing: rows are worked out by the bulk writer, services
are called and rolled back. All or nothing means the dry run first and then one transaction around
all chunks. After a kill the work goes on behind the last chunk that was committed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations import policies
from integrations.data_jobs import Report, Result, actor_of
from integrations.imports import files, keeping
from integrations.imports.columns import (
    CREATED,
    ERROR,
    Done,
    Importer,
    Order,
    Problem,
    RowError,
    Source,
)
from integrations.imports.keeping import Read
from integrations.imports.known import Known
from integrations.imports.reading import RowReader
from integrations.imports.results import result_file, result_name
from integrations.imports.subjects import SUBJECTS
from integrations.models import DataJob, Import
from integrations.services.data_jobs import CancelAsked
from integrations.services.imports import forget_chunks, forget_read, keep_chunk, keep_read
from receipts.services.bulk import Writer, writer
from workshop.lib import stopping
from workshop.lib.collector import resting
from workshop.lib.errors import WorkshopError

logger = logging.getLogger(__name__)

CHUNK: Final = 2_000
"""Rows of a transaction: each costs some questions and a wait for its end; on SQLite others cannot
write meanwhile."""
TRIES: Final = 3  # of a chunk in which somebody else was faster with a number

Outcomes = list[tuple[int, Done]]


def run_import(job: DataJob, report: Report) -> Result:
    """The work registered for imports."""
    return _Run(job, report).result()


class _Changed(Exception):
    """A row that was right in the check is wrong when it is written."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(number)
        self.number, self.why = number, why


class _Run:
    def __init__(self, job: DataJob, report: Report) -> None:
        self.job, self.report = job, report
        self.row = Import.objects.get(pk=job.options["import"])
        self.subject = SUBJECTS[self.row.subject]
        actor = actor_of(job)
        policies.ensure_may_import(actor)
        self.order = Order(actor, f"import:{job.pk}", update=self.row.update_known)
        self.counts: Counter[str] = Counter(job.checkpoint.get("counts", {}))
        self.mark = keeping.mark_of(self.row, job.language, self.order.known)
        self.lines = keeping.lines_of(self.row.check_job, self.mark)
        self.ahead, self.walked = keeping.Ahead([]), 0

    def result(self) -> Result:
        dry = bool(self.job.options["dry"])
        at_once = self.row.all_or_nothing and not dry
        self.report.total(self.row.rows * (2 if at_once else 1))
        try:
            # Of an all-or-nothing import this is the check, which has to find nothing wrong.
            self._walk(dry=dry or at_once)
            result = self._at_once() if at_once else self._told()
            if not result.error:
                self._keep(dry=dry)
            return result
        except CancelAsked:
            return Result(cancelled=True) if at_once else replace(self._told(), cancelled=True)

    def _at_once(self) -> Result:
        """Everything in one transaction, which also ends the job."""
        wrong = self.counts[ERROR]
        if wrong:
            text = ngettext(
                "%(count)s row is wrong: nothing was imported.",
                "%(count)s rows are wrong: nothing was imported.",
                wrong,
            )
            told = self._told(problems_only=True)
            return replace(told, counts={ERROR: wrong}, error=text % {"count": wrong})
        self.counts = Counter()
        try:
            with transaction.atomic():
                forget_chunks(self.job)
                self._walk(dry=False, at_once=True)
                result = self._told()
                self.report.finish(result)
        except _Changed as changed:
            text = _("Row %(row)s: %(why)s Nothing was imported.")
            return Result(error=text % {"row": changed.number, "why": changed.why})
        return result

    def _keep(self, *, dry: bool) -> None:
        """What was read is kept for the import, and goes with it."""
        if dry and self.lines:
            try:
                keep_read(self.job, b"\n".join(self.lines), self.mark)
            except OSError:  # a full disk: it is read again
                logger.warning("what was read is not kept", exc_info=True)
        elif not dry and self.row.check_job is not None:
            forget_read(self.row.check_job)

    def _told(self, *, problems_only: bool = False) -> Result:
        file = result_file(self.job, self.subject, problems_only=problems_only)
        return Result(dict(self.counts), file, result_name(self.row.file_name))

    # --- walking -------------------------------------------------------------------------

    def _walk(self, *, dry: bool, at_once: bool = False) -> None:
        """Every chunk together with what became of it, each in one transaction.

        ``at_once``: within a transaction around all; whatever is wrong now ends it.
        """
        order = replace(self.order, dry=dry)
        importer = self.subject.importer(order)
        self.ahead, self.walked = keeping.Ahead(self.lines), 0
        chunks = iter(self.ahead if self.lines else self._read(order.known))
        more = True
        while more:
            with resting():  # until all that a chunk has needed is freed
                more = self._chunk(next(chunks, None), importer, dry=dry, at_once=at_once)

    def _chunk(self, read: Read | None, importer: Importer, *, dry: bool, at_once: bool) -> bool:
        """The rows of one; whether there was one."""
        if read is None:
            return False
        last = 0 if at_once else int(self.job.checkpoint.get("row", 0))
        # Behind the last commit; a part of them where another version cut them otherwise.
        rows = [one for one in read if one[0].number > last]
        before = read[: len(read) - len(rows)]
        importer.pass_by([source for source, problems in before if not problems])
        self.walked += len(read)
        if not rows:
            return True
        with nullcontext() if dry else transaction.atomic():
            outcomes = self._take(importer, rows, dry=dry, strict=at_once)
            if dry:
                outcomes = [(number, _not_there_yet(one)) for number, one in outcomes]
            counts = self.counts + Counter(one.outcome for _number, one in outcomes)
            with transaction.atomic():
                keep_chunk(self.job, outcomes)
                if at_once:
                    self.report.aside(self.row.rows + self.walked)
                else:
                    self.report.done(self.walked, {"row": rows[-1][0].number, "counts": counts})
        self.counts = counts
        return True

    def _read(self, known: Known) -> Iterator[Read]:
        """The rows of the table; they are kept for whoever walks next."""
        with self.row.file.open("rb") as file:
            content = file.read()
        reader, kept = RowReader(self.subject, self.row.mapping, known), keeping.Kept()
        cells = files.rows(files.Table(**self.row.table), content)

        def chunk() -> Read:
            rows = [reader.read(number, one) for number, one in islice(cells, CHUNK)]
            if rows:
                kept.add(rows)
            return rows

        yield from iter(chunk, [])
        self.lines = kept.lines

    def _take(
        self,
        importer: Importer,
        rows: Read,
        *,
        dry: bool,
        strict: bool,
    ) -> Outcomes:
        for attempt in range(1, TRIES + 1):
            importer.look_up([source for source, problems in rows if not problems])
            try:
                with writer(dry=dry, check_keys=not strict) as bulk:
                    outcomes = []
                    for row, wrong in rows:
                        outcomes.append((row.number, self._one(importer, row, wrong, bulk)))
                        bulk.complete()
                    if strict:
                        _ensure_right(outcomes)
                    bulk.finish()
                    self.ahead.prepare()  # while the last rows are on their way
                return outcomes
            except IntegrityError:  # a number that somebody gave meanwhile: it is known now
                if attempt == TRIES:
                    raise
        raise LookupError("unreachable")

    def _one(self, importer: Importer, row: Source, wrong: list[Problem], bulk: Writer) -> Done:
        stopping.ensure_time()
        if wrong:
            return Done(ERROR, None, tuple(wrong))
        try:
            return bulk.attempt(partial(importer.take, row))
        except RowError as error:
            return Done(ERROR, None, error.problems)
        except WorkshopError as error:
            column = self.subject.fields.get(error.field, error.field)
            known = column if self.subject.column(column) else ""
            return Done(ERROR, None, (Problem(known, error.text()),))


def _not_there_yet(done: Done) -> Done:
    """What a dry run would add has no id that anybody could look up."""
    return done._replace(object_id=None) if done.outcome == CREATED else done


def _ensure_right(outcomes: Iterable[tuple[int, Done]]) -> None:
    for number, done in outcomes:
        if done.outcome == ERROR:
            raise _Changed(number, done.problems[0].why)
