"""Collects the interface's texts and keeps the Russian catalogue complete: `make messages`.

Works without gettext's programs: Python is read as a syntax tree, templates through Django's own
translator for xgettext. New texts are added empty, translations wait in locale/fragments, and the
program fails while one of our texts has no translation.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import unfold
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from django.utils.translation.template import templatize

from workshop.translations import LANGUAGE, LOCALE, is_translated, read_catalogue

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "workshop", "history", "staff", "receipts", "polishing", "analytics", "integrations", "botapp",
    "templates",
)  # fmt: skip
UNCHANGING = datetime(2026, 1, 1, tzinfo=UTC)
# Companions of other libraries that are not installed here.
UNUSED_EXTRAS = tuple(
    f"unfold/contrib/{name}/"
    for name in ("constance", "guardian", "hijack", "import_export", "location_field",
                 "simple_history")
)  # fmt: skip
# Function name -> positions of (context, text, plural) among its arguments.
FUNCTIONS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "_now": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "lazy": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}


@dataclass(frozen=True)
class Text:
    """One text of the interface. `context` and `plural` are empty when there is none."""

    text: str
    plural: str = ""
    context: str = ""
    place: str = field(default="", compare=False)

    @property
    def identifier(self) -> str | tuple[str, str]:
        return (self.text, self.plural) if self.plural else self.text


def texts_of_python(source: str, place: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in FUNCTIONS:
            continue
        values = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
        context, text, plural = (
            values[at] if at is not None and at < len(values) else "" for at in FUNCTIONS[name]
        )
        if isinstance(text, str) and text and isinstance(plural, str) and isinstance(context, str):
            yield Text(text, plural, context, f"{place}:{node.lineno}")


_ARGUMENTS = re.compile(
    r"((?:n|p|np)?gettext)\(((?:\s*,?\s*u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))+)"
)


def texts_of_template(source: str, place: str) -> Iterator[Text]:
    """Templates become calls of gettext with blanks and X where the rest of the page was."""
    for found in _ARGUMENTS.finditer(templatize(source)):
        yield from texts_of_python(f"{found[1]}({found[2].strip()})", place)


def texts_of_folder(folder: Path, root: Path = ROOT) -> Iterator[Text]:
    for path in sorted(folder.rglob("*")):
        if "tests" in path.parts or path.suffix not in {".py", ".html", ".txt"}:
            continue
        place = path.relative_to(root).as_posix()
        source = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            yield from texts_of_python(source, place)
        else:
            yield from texts_of_template(source, place)


def our_texts() -> list[Text]:
    """Every text of the product, each once, in a fixed order."""
    found = [text for package in PACKAGES for text in texts_of_folder(ROOT / package)]
    return _unique(found)


def theme_texts() -> list[Text]:
    """The office theme comes without translations; Django's own catalogue knows some of them."""
    folder = Path(unfold.__file__).parent
    texts = texts_of_folder(folder, folder.parent)
    return _unique(text for text in texts if not text.place.startswith(UNUSED_EXTRAS))


def _unique(texts: Iterable[Text]) -> list[Text]:
    first: dict[tuple[str, str], Text] = {}
    for text in texts:
        key = (text.context, text.text)
        if key not in first or (text.plural and not first[key].plural):
            first[key] = text
    return sorted(first.values(), key=lambda text: (text.text, text.context))


def missing(texts: Iterable[Text], catalogue: Catalog) -> list[Text]:
    def has(text: Text) -> bool:
        message = catalogue.get(text.identifier, text.context or None)
        return message is not None and is_translated(message)

    return [text for text in texts if not has(text)]


def complete(locale: Path = LOCALE, language: str = LANGUAGE) -> Catalog:
    """The catalogue as it should be written: the texts in use, translated as far as is known."""
    known = read_catalogue(locale, language)
    ours, theirs = our_texts(), theme_texts()
    untranslated_theme = set(missing(theirs, known))
    result = Catalog(
        locale=language,
        domain="django",
        header_comment="# The interface in Russian: written by `make messages`.",
        project="Repassage",
        version="1",
        copyright_holder="Repassage",
        msgid_bugs_address="-",
        # Fixed, so that nothing changes where no text did.
        creation_date=UNCHANGING,
        revision_date=UNCHANGING,
        last_translator="-",
        language_team="-",
        charset="utf-8",
        fuzzy=False,
    )
    for text in _unique([*ours, *(text for text in theirs if text not in untranslated_theme)]):
        present = known.get(text.identifier, text.context or None)
        string = present.string if present and is_translated(present) else None
        flags = {"python-format"} if re.search(r"%\(\w+\)[sd]|%[sd]", text.text) else set()
        result.add(text.identifier, string, context=text.context or None, flags=flags)
    return result


def main() -> int:
    catalogue = complete()
    target = LOCALE / LANGUAGE / "LC_MESSAGES" / "django.po"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, omit_header=False)
    lacking = missing(our_texts(), catalogue)
    for text in lacking:
        print(f"{text.place}: no translation of {text.text!r}")
    print(f"{len(catalogue)} texts, {len(lacking)} without translation")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
