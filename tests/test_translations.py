"""The interface speaks Russian completely: every text of the code has a finished translation."""

import re
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from django.utils import translation
from django.utils.translation.trans_real import translation as django_catalogue

from workshop import catalogues
from workshop.catalogues import Text
from workshop.translations import compile_catalogues, is_translated, read_catalogue, sources

PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def test_every_text_has_a_translation() -> None:
    lacking = catalogues.missing(catalogues.our_texts(), read_catalogue())
    lines = "\n".join(f"{text.place} {text.text!r}" for text in lacking)
    assert not lacking, f"without translation (add them to locale/fragments):\n{lines}"


def test_the_theme_is_translated_too() -> None:
    """By Django's own catalogue or by ours; the theme brings none."""
    compile_catalogues()
    known = django_catalogue("ru")._catalog  # type: ignore[attr-defined]

    def has(text: Text) -> bool:
        name = f"{text.context}\x04{text.text}" if text.context else text.text
        return name in known or any((name, number) in known for number in range(3))

    lacking = [text for text in catalogues.theme_texts() if not has(text)]
    assert [text.text for text in lacking] == []


def test_placeholders_survive_the_translation() -> None:
    wrong = []
    for message in read_catalogue():
        if not message.id or not is_translated(message):
            continue
        identifiers = message.id if isinstance(message.id, tuple | list) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        wanted = {name for text in identifiers for name in PLACEHOLDERS.findall(text)}
        for string in strings:
            found = set(PLACEHOLDERS.findall(string))
            # A plural form may leave the figure out («один день»), never invent a name.
            if found - wanted or (len(strings) == 1 and found != wanted):
                wrong.append((identifiers[0], string))
    assert wrong == []


def test_no_source_says_two_things_for_one_text() -> None:
    """Two fragments with different translations of one text would make the order decide."""
    from babel.messages.pofile import read_po

    seen: dict[tuple[str, str | None], tuple[str, object]] = {}
    clashes = []
    for path in sources(catalogues.LOCALE, "ru"):
        with path.open("rb") as file:
            for message in read_po(file, locale="ru"):
                if not message.id or not is_translated(message):
                    continue
                text = message.id if isinstance(message.id, str) else message.id[0]
                key = (text, message.context)
                other = seen.setdefault(key, (path.name, message.string))
                if other[1] != message.string:
                    clashes.append(f"{text!r}: {other[0]} and {path.name}")
    assert clashes == []


def test_the_catalogue_compiles_once_and_again_when_it_changed(tmp_path: Path) -> None:
    folder = tmp_path / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / "fragments").mkdir()
    (folder / "django.po").write_text(
        'msgid "Save"\nmsgstr "Сохранить"\n\nmsgid "New"\nmsgstr ""\n'
    )
    (tmp_path / "fragments" / "a.po").write_text(
        'msgid "New"\nmsgstr "Новый"\n\nmsgid "Save"\nmsgstr "Другое"\n'
    )
    target = compile_catalogues(tmp_path)
    assert target is not None
    with target.open("rb") as file:
        compiled = {message.id: message.string for message in read_mo(file) if message.id}
    assert compiled == {"Save": "Сохранить", "New": "Новый"}
    assert compile_catalogues(tmp_path) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('_("Save")', [Text("Save")]),
        ('x = pgettext_lazy("verb", "Open")', [Text("Open", "", "verb")]),
        ('translation.ngettext("%(n)s day", "%(n)s days", n)', [Text("%(n)s day", "%(n)s days")]),
        ("_(name)", []),
        ('gettext("a" "b")', [Text("ab")]),
    ],
)
def test_texts_are_found_in_python(source: str, expected: list[Text]) -> None:
    assert list(catalogues.texts_of_python(source, "a.py")) == expected


def test_texts_are_found_in_templates() -> None:
    page = (
        '{% load i18n %}<b>{% translate "Hello" %}</b>{% trans "Open" context "verb" %}'
        "{% blocktranslate count n=x %}one{% plural %}{{ n }} many{% endblocktranslate %}"
        "{% blocktranslate trimmed %}\n  don't {{ who }}\n{% endblocktranslate %}"
    )
    found = list(catalogues.texts_of_template(page, "a.html"))
    assert found == [
        Text("Hello"),
        Text("Open", "", "verb"),
        Text("one", "%(n)s many"),
        Text("don't %(who)s"),
    ]


def test_russian_is_what_a_visitor_gets() -> None:
    with translation.override("ru"):
        assert translation.gettext("Type to search") == "Введите для поиска"
