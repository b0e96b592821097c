"""What a worker does for an export: the table is read again and written row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from tempfile import TemporaryFile
from typing import Final

from django.core.files import File

from integrations.data_jobs import Report, Result
from integrations.exports import api, office
from integrations.models import DataJob
from workshop.lib.export import (
    CSV,
    FOR_PEOPLE,
    FOR_PROGRAMS,
    Sheet,
    file_name,
    write_csv,
    write_xlsx,
)

READERS: Final[Mapping[str, Callable[[DataJob], tuple[Sheet, int]]]] = {
    office.DOOR: office.sheet_of,
    api.DOOR: api.sheet_of,
}


def write_export(job: DataJob, report: Report) -> Result:
    """Anew after a kill: an export writes nothing but its file."""
    door, form = job.options["door"], job.options["format"]
    sheet, total = READERS[door](job)
    report.total(total)
    target = TemporaryFile()  # noqa: SIM115  # the runner closes it
    if form == CSV:
        style = FOR_PEOPLE if door == office.DOOR else FOR_PROGRAMS
        rows = write_csv(target, sheet, report.done, style)
    else:
        rows = write_xlsx(target, sheet, report.done)
    target.seek(0)
    return Result({"rows": rows}, File(target), file_name(sheet.title, form))
