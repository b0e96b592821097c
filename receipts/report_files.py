"""The report of a receipt as a file to download."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Final

from django.http import FileResponse

from receipts.models import Receipt
from receipts.report import receipt_report
from workshop.lib import export
from workshop.lib.documents import write_pdf, write_workbook

TYPES: Final = {"pdf": "application/pdf", "xlsx": export.TYPES[export.XLSX]}
FORMS: Final = frozenset(TYPES)
_WRITERS: Final = {"pdf": write_pdf, "xlsx": write_workbook}


def report_answer(receipt: Receipt, form: str, *, with_customer: bool) -> FileResponse:
    """``form`` is one of :data:`FORMS`; in the active language."""
    document = receipt_report(receipt, with_customer=with_customer)
    target = TemporaryFile()  # noqa: SIM115  # closed with the answer
    _WRITERS[form](target, document)
    target.seek(0)
    name = export.file_name(document.title, form)
    answer = FileResponse(target, as_attachment=True, filename=name, content_type=TYPES[form])
    answer["Cache-Control"] = "private, no-store"
    return answer
