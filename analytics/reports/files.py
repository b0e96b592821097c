"""Documents as files."""

from __future__ import annotations

from typing import IO, Final

from workshop.lib import export
from workshop.lib.documents import Document, write_pdf, write_workbook

PDF: Final = "pdf"
XLSX: Final = export.XLSX
FORMS: Final = {XLSX: export.TYPES[XLSX], PDF: "application/pdf"}
"""What a file can be, with its content type."""


def write(target: IO[bytes], document: Document, form: str) -> None:
    """``form`` is one of :data:`FORMS`; in the active language."""
    if form == PDF:
        write_pdf(target, document)
    else:
        write_workbook(target, document)
