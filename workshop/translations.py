"""Compiles the Russian catalogue with Babel, so that no system package is needed. A program too.

The catalogue is locale/ru/LC_MESSAGES/django.po; fragments beside it (locale/fragments/*.po) hold
translations that `make messages` has not merged yet, and count as if they were in it.
"""

import os
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[1] / "locale"
LANGUAGE = "ru"


def sources(locale: Path, language: str) -> list[Path]:
    main = locale / language / "LC_MESSAGES" / "django.po"
    return [path for path in [main, *sorted((locale / "fragments").glob("*.po"))] if path.exists()]


def read_catalogue(locale: Path = LOCALE, language: str = LANGUAGE) -> Catalog:
    """The catalogue together with the fragments that wait beside it; a fragment fills gaps only."""
    whole = Catalog(locale=language, domain="django", charset="utf-8", fuzzy=False)
    for path in sources(locale, language):
        with path.open("rb") as file:
            part = read_po(file, locale=language)
        for message in part:
            present = whole.get(message.id, message.context) if message.id else None
            if message.id and not (present and is_translated(present)):
                flags = set(message.flags)
                whole.delete(message.id, message.context)
                whole.add(message.id, message.string, context=message.context, flags=flags)
    return whole


def is_translated(message: Message) -> bool:
    if message.fuzzy or not message.string:
        return False
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings)


def compile_catalogues(locale: Path = LOCALE, language: str = LANGUAGE) -> Path | None:
    """Writes the .mo file when it is missing or older than a source; returns it when written."""
    target = locale / language / "LC_MESSAGES" / "django.mo"
    newest = max((path.stat().st_mtime_ns for path in sources(locale, language)), default=0)
    if not newest or (target.exists() and target.stat().st_mtime_ns >= newest):
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    # Renamed into place: another process may be reading the old one.
    handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".mo.new")
    with os.fdopen(handle, "wb") as file:
        write_mo(file, read_catalogue(locale, language))
    Path(temporary).chmod(0o644)
    Path(temporary).replace(target)
    return target


if __name__ == "__main__":
    if written := compile_catalogues():
        print(f"compiled {written.relative_to(LOCALE.parent)}")
