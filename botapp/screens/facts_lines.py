"""Reads the facts of a receipt from free lines in any order. Pure: text in, values out.

A line may say what it is («серийный: A123», "complaint: stops"); else its form decides: a phone
with a name beside it, a deadline, a flag, a number of links, a serial, a brand, a person's name;
the rest is the complaint. A phone never ends up there: complaints go into the history.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from botapp.screens.deadline import parse
from receipts.phones import looks_like_phone, normalise_phone
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

FIELDS: Final = (
    "brand",
    "model",
    "serial",
    "name",
    "phone",
    "complaint",
    "condition",
    "completeness",
    "links_count",
    "deadline",
    "urgent",
    "do_not_polish",
)
# What people write, in both languages; no texts of the interface.
_NAMES: Final = {
    "brand": ("марка", "бренд", "часы", "brand", "watch"),
    "model": ("модель", "model"),
    "serial": ("серийный", "серийный номер", "серия", "serial", "serial number", "sn", "s/n"),
    "name": ("клиент", "имя", "фио", "customer", "name"),
    "phone": ("телефон", "тел", "phone", "tel"),
    "complaint": ("жалоба", "неисправность", "complaint", "fault"),
    "condition": ("внешний вид", "состояние", "condition"),
    "completeness": ("комплект", "комплектность", "accessories"),
    "links_count": ("звенья", "звеньев", "links"),
    "deadline": ("срок", "deadline"),
}
_FIELD_OF: Final = {name: field for field, names in _NAMES.items() for name in names}
_LABELLED = re.compile(r"\A([^:]{2,20}):\s*(.+)\Z")
# The same without a colon, where what follows proves it.
_OPENED = re.compile(
    r"\A(?P<serial>серийный(?: номер)?|с/н|s/?n|serial(?: number)?)\s+(?P<a>\S*\d\S*)\Z"
    r"|\A(?P<deadline>срок|до|к|deadline|by|until)\s+(?P<b>.+)\Z"
    r"|\A(?P<completeness>комплект(?:ность)?)\s+(?P<c>.+)\Z",
    re.I,
)
_PHONE = re.compile(r"(?:\b(?:тел(?:ефон)?|phone|tel)\b[.:]?\s*)?(\+?\d[\d() .-]{8,18}\d)", re.I)
_LINKS = re.compile(r"\A(?:(?:звень[яе]в?|звен[оа]|links?)\s+(\d{1,3})|(\d{1,3})\s+"
                    r"(?:звень[яе]в?|звен[оа]|links?))\Z", re.I)  # fmt: skip
_URGENT = re.compile(r"\A(?:🔥\s*)?(?:срочно|срочная|срочный|urgent)!?\Z|\A🔥\Z", re.I)
_WHOLE = re.compile(
    r"\A(?:⛔\s*)?(?:не полировать|без полировки|do not polish|no polish\w*)\Z", re.I
)
_SERIAL = re.compile(r"\A(?=(?:.*\d){4})[\w./-]{4,60}\Z")
_LATIN_NAME = re.compile(r"\A(?=.*[A-Za-z]{2})[^А-Яа-яЁё]{2,120}\Z")
_WORD_OF_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’-])*")
_OUR_BRANDS: Final = frozenset(
    [
        "ракета",
        "полёт",
        "полет",
        "восток",
        "слава",
        "луч",
        "чайка",
        "заря",
        "победа",
        "молния",
        "мактайм",
        "буран",
        "спутник",
    ]
)
_MANY_NAMES = 4
_MANY_WORDS = 6  # more words are a sentence, no name of a watch


def read_lines(text: str, now: datetime) -> dict[str, Any]:
    """The values that the lines name; JSON. RuleViolation for a value that cannot be."""
    found: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        for field, value in _read(line, now).items():
            repeated = field == "complaint" and field in found
            found[field] = f"{found[field]}\n{value}" if repeated else value
    return found


def _read(line: str, now: datetime) -> dict[str, Any]:
    labelled = _LABELLED.match(line)
    field = _FIELD_OF.get(labelled[1].strip().casefold()) if labelled else None
    if labelled and field:
        return _named(field, labelled[2].strip(), now)
    return _by_form(line, now)


def _named(field: str, value: str, now: datetime) -> dict[str, Any]:
    match field:
        case "brand":
            return _watch(value)
        case "phone":
            return {"phone": normalise_phone(value)}
        case "deadline":
            return {"deadline": clock.iso(parse(value, now))}
    return {field: value}


def _by_form(line: str, now: datetime) -> dict[str, Any]:
    links = _LINKS.match(line)
    contact = _opened(line, now) or _contact(line)
    if contact:
        return contact
    if _URGENT.match(line):
        return {"urgent": True}
    if _WHOLE.match(line):
        return {"do_not_polish": True}
    if links:
        return {"links_count": links[1] or links[2]}
    deadline = _deadline(line, now)
    if deadline is not None:
        return {"deadline": clock.iso(deadline)}
    if _SERIAL.match(line):
        return {"serial": line}
    words = line.split()
    if _LATIN_NAME.match(line) and len(words) < _MANY_WORDS:
        return _watch(line)
    if words[0].casefold() in _OUR_BRANDS and all(not word[0].islower() for word in words):
        return _watch(line)
    named = 1 < len(words) < _MANY_NAMES and _is_name(words)
    return {"name": line} if named else {"complaint": line}


def _opened(line: str, now: datetime) -> dict[str, Any]:
    """«серийный A123», «срок завтра»: empty when what follows is something else."""
    found = _OPENED.match(line)
    if found is None:
        return {}
    if found["deadline"]:
        deadline = _deadline(found["b"], now)
        return {"deadline": clock.iso(deadline)} if deadline else {}
    return {"serial": found["a"]} if found["serial"] else {"completeness": found["c"]}


def _contact(line: str) -> dict[str, Any]:
    """A phone and who answers it; other words beside it stay a complaint."""
    found = _PHONE.search(line)
    if found is None or not looks_like_phone(found[1]):
        return {}
    beside = f"{line[: found.start()]} {line[found.end() :]}".split()
    words = [word for word in (one.strip(",;:()–-") for one in beside) if word]
    field = "name" if len(words) < _MANY_NAMES and _is_name(words) else "complaint"
    told = {field: " ".join(words)} if words else {}
    return {"phone": normalise_phone(found[1]), **told}


def _is_name(words: list[str]) -> bool:
    """Each word begins with a capital: «Петров Сергей»."""
    return all(word[0].isupper() and _WORD_OF_NAME.fullmatch(word) for word in words)


def _watch(line: str) -> dict[str, str]:
    brand, _space, model = line.partition(" ")
    return {"brand": brand, "model": model.strip()} if model.strip() else {"brand": brand}


def _deadline(line: str, now: datetime) -> datetime | None:
    """The deadline; None when the line is none. One that cannot be (in the past) is refused."""
    try:
        return parse(line, now)
    except RuleViolation as error:
        if error.code == "receipts.deadline_unreadable":
            return None
        raise
