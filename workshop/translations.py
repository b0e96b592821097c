"""Compiles the catalogues with Babel, so that no system package is needed. Run as a program.

Catalogues are compiled when a .po file is newer than its .mo; fragments wait for `make messages`.
"""

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[1] / "locale"


def compile_catalogues(locale: Path = LOCALE) -> list[Path]:
    """Writes the .mo files that are missing or older than their source; returns those written."""
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parents[1].name, domain=source.stem)
        # Renamed into place: another process may be reading the old one.
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".mo.new")
        with os.fdopen(handle, "wb") as file:
            write_mo(file, catalogue)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
        written.append(target)
    return written


if __name__ == "__main__":
    for path in compile_catalogues():
        print(f"compiled {path.relative_to(LOCALE.parent)}")
