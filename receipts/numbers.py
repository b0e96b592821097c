"""Receipt numbers as people type them: how one is shown, and when two are the same.

``№ 00–12а`` is shown as ``00-12а`` and compared by a key that forgets case, spaces and the
alphabet of look-alike letters. Pure functions: no models, no database.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from workshop.lib.errors import RuleViolation

MAX_LENGTH = 32
"""Characters, for the shown form and for the key."""

# As nearly every number is written: nothing to look up letter by letter, no doubled blanks.
_PLAIN = re.compile(r"(?:[0-9A-Za-zА-Яа-яЁё/._-]| (?! ))*")
_SEPARATORS = frozenset("-/._ ")
_MINUS_SIGN = "\u2212"  # typed as a dash, yet a mathematical symbol for Unicode
_SIGN_IN_FRONT = re.compile(r"\A[\s№#]+")
_SIGN_AFTER_GAP = re.compile(r"(?:^|(?<=[\s,;]))[№#][\s№#]*")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
# Lower case suffices: the key is folded first.
_LOOK_ALIKES = str.maketrans("авекмнорстух", "abekmhopctyx", " ")
_WITHOUT_SEPARATORS = str.maketrans("", "", "".join(_SEPARATORS))

_EN_KEYS, _RU_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`", "йцукенгшщзхъфывапролджэячсмитьбюё"
_KEYBOARD = str.maketrans(_EN_KEYS + _RU_KEYS, _RU_KEYS + _EN_KEYS)
_SAID = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "ch", "ш": "sh",
    "щ": "sch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
_WRITTEN = {latin: letter for letter, latin in reversed(_SAID.items()) if len(latin) == 1}


@dataclass(frozen=True, slots=True)
class Number:
    """A cleaned number: ``display`` for people, ``key`` for uniqueness."""

    display: str
    key: str


@lru_cache(maxsize=8192)  # an import asks for each of its rows twice
def normalise_number(raw: str) -> Number:
    """The number in ``raw``, cleaned.

    Raises RuleViolation on the field ``number``: ``receipts.number_required`` when nothing is
    left, ``receipts.number_too_long`` above :data:`MAX_LENGTH` characters,
    ``receipts.number_invalid`` for anything but letters, digits and ``- / . _`` and spaces
    (control characters, markup, emoji) or when neither a letter nor a digit is there.
    """
    display = _clean(raw)
    if not display:
        raise RuleViolation(
            "receipts.number_required", _("Enter the receipt number."), field="number"
        )
    key = _fold(display)
    # Folding may lengthen a letter (ß becomes ss), and the key has a column of its own.
    if max(len(display), len(key)) > MAX_LENGTH:
        raise RuleViolation(
            "receipts.number_too_long",
            _("The number is too long: at most %(limit)s characters."),
            field="number",
            params={"limit": MAX_LENGTH},
        )
    if not _is_acceptable(display):
        raise RuleViolation(
            "receipts.number_invalid",
            _("A number may contain only letters, digits, spaces and the signs - / . _"),
            field="number",
        )
    return Number(display=display, key=key)


def similar_key(key: str) -> str:
    """What two *similar* numbers have in common: 00123 and 123, 12-3 and 123.

    ``key`` is :attr:`Number.key`. Equal similar keys are a hint for a person, never identity.
    """
    without_zeros = _LEADING_ZEROS.sub("", key)
    return without_zeros.translate(_WITHOUT_SEPARATORS)


def other_spellings(text: str) -> tuple[str, ...]:
    """What else may have been meant: the other keyboard, the same sounds in the other alphabet.

    «Jvtuf» is «Омега» typed on the wrong keyboard, and that is said «Omega»; «D-1361» is meant for
    «Д-1361». Hints for a person, never identity.
    """
    lowered = text.casefold()
    typed = lowered.translate(_KEYBOARD)
    meant = (typed, *map(_in_the_other_alphabet, (lowered, typed)))
    return tuple(dict.fromkeys(one for one in meant if one != lowered))


def _in_the_other_alphabet(text: str) -> str:
    if any(char in _SAID for char in text):
        return "".join(_SAID.get(char, char) for char in text)
    return "".join(_WRITTEN.get(char, char) for char in text)


def split_numbers(text: str) -> list[str]:
    """The numbers of one message, in their order, each once (compared by key).

    Commas, semicolons and line breaks always separate; spaces do when every word has a digit,
    so ``101 102`` is two numbers and ``A 12`` one. Nothing is refused here: a piece that is no
    number is handed on as typed, for :func:`normalise_number` to name the fault.
    """
    found: dict[str, str] = {}
    for chunk in re.split(r"[,;\n\r\t]", _SIGN_AFTER_GAP.sub("\n", text)):
        words = chunk.split()
        pieces = words if all(map(_has_digit, words)) else [chunk.strip()]
        for piece in pieces:
            number = _read(piece)
            found.setdefault(number.key, number.display)
    return list(found.values())


def _read(piece: str) -> Number:
    try:
        return normalise_number(piece)
    except RuleViolation:
        return Number(display=piece, key=piece)


def _clean(raw: str) -> str:
    text = _SIGN_IN_FRONT.sub("", unicodedata.normalize("NFC", raw)).rstrip()
    if _PLAIN.fullmatch(text):
        return text
    return re.sub(" +", " ", "".join(map(_plain, text)))


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Pd" or char == _MINUS_SIGN:
        return "-"
    return " " if category == "Zs" else char


def _fold(display: str) -> str:
    return display.casefold().translate(_LOOK_ALIKES)


def _is_acceptable(display: str) -> bool:
    if _PLAIN.fullmatch(display):
        return any(map(str.isalnum, display))
    kinds = [unicodedata.category(char) for char in display]
    named = [kind[0] == "L" or kind == "Nd" for kind in kinds]
    return any(named) and all(
        good or char in _SEPARATORS for good, char in zip(named, display, strict=True)
    )


def _has_digit(word: str) -> bool:
    return any(map(str.isdecimal, word))


@lru_cache(maxsize=8192)  # of the rows of an import each asks several times
def fold_serial(serial: str) -> str:
    """The key under which serial and movement numbers are compared: as receipt numbers, and
    spaces, points, dashes and slashes dropped. Empty stays empty; at most 60 characters."""
    if not serial:
        return ""
    return _fold(_clean(serial)).translate(_WITHOUT_SEPARATORS)[:60]
