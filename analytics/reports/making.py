"""Making the reports that wait: their files in every language that is read, then the row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.db import InterfaceError, OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from analytics.models import Form, Report
from analytics.reports.content import content, figures
from analytics.reports.files import PDF, XLSX
from analytics.reports.paper import write_paper
from analytics.reports.question import Question
from analytics.reports.sheets import write_report
from analytics.services import report_making
from analytics.services.report_making import LostClaim, Made
from analytics.services.report_sending import recipients_of
from workshop.lib import clock
from workshop.lib.masking import describe

MOST: Final = 20  # reports of one run; the next one is a minute away
GIVEN_UP: Final = "its process was killed again and again"

WRITERS: Final[dict[str, Callable[[IO[bytes], Question], None]]] = {
    XLSX: write_report,
    PDF: write_paper,
}

logger = logging.getLogger(__name__)


def make_waiting(*, at: datetime) -> int:
    """Make what waits, one after the other; how many were made."""
    made = 0
    for _turn in range(MOST):
        row = report_making.claim(at=at)
        if row is None:
            break
        made += make(row)
    return made


def make(row: Report) -> bool:
    """One claimed report to its end; whether it is ready."""
    told: dict[str, Any] = {"report_id": row.pk, "token": row.token, "actor": report_making.maker()}
    try:
        if row.attempts > len(report_making.BACKOFF) + 1:
            report_making.fail(error=GIVEN_UP, **told)
            return False
        asked = Question(row.period, clock.now())
        files = list(_written(row, asked))
        report_making.finish(files=files, summary=figures(content(asked)), **told)
    except LostClaim:
        logger.warning("a report had lost its claim", extra={"report_id": row.pk})
        return False
    except (InterfaceError, OperationalError):
        raise  # the database: the lease ends, and the next run takes it
    except Exception as error:  # any bug of a report: told, recorded, tried again
        logger.exception("a report could not be made", extra={"report_id": row.pk})
        report_making.fail(error=describe(error).split("\n")[0][:200], **told)
        return False
    return True


def _written(row: Report, asked: Question) -> Iterator[Made]:
    spoken = {one.employee.language for one in recipients_of(row)} or {row.language}
    for language in sorted(spoken):
        for form in Form(row.form).files:
            yield _file(row, asked, language, form)


def _file(row: Report, asked: Question, language: str, form: str) -> Made:
    with TemporaryFile() as target, translation.override(language):
        WRITERS[form](target, asked)
        size = target.seek(0, SEEK_END)
        target.seek(0)
        kept = report_making.store(row, language, form, target)
        return Made(language, form, kept, f"{_('Report')} {row.days}.{form}", size)
