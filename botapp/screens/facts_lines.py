"""Reads the facts of a receipt from free lines in any order. Pure: text in, values out.

A line may say what it is («серийный: A123», "complaint: stops"); else its form decides: a phone
with a name beside it, a deadline, a flag, a number of links, a serial, a brand, a person's name;
the rest is the complaint. A phone never ends up there: complaints go into the history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy

from botapp.screens import facts_words
from botapp.screens.deadline import parse
from receipts.phones import looks_like_phone, normalise_phone
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

_JOINED = frozenset({"complaint", "condition", "completeness"})
# What a line names → the field it belongs to.
_MONEY = {
    "agreed_price": "agreed_price",
    "prepayment": "prepayment",
    "prepaid": "prepayment",
    "declared_value": "declared_value",
}
_MANY_NAMES = 4
_MANY_WORDS = 6  # more words are a sentence, no name of a watch


def read_lines(text: str, now: datetime, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The values that the lines name, with those entered ``before``; JSON.

    One more line about the complaint, the looks, the accessories is added to what stands; a named
    one («жалоба: …») takes its place. RuleViolation for a value that cannot be.
    """
    found = dict(before or {})
    for line in filter(None, map(str.strip, text.splitlines())):
        named = _read_named(line, now)
        for field, value in (named or _in_place(_by_form(line, now), line, found)).items():
            earlier = "" if named or field not in _JOINED else found.get(field, "")
            found[field] = "\n".join(filter(None, [earlier, value])) if earlier else value
    return found


def _in_place(read: dict[str, Any], line: str, found: dict[str, Any]) -> dict[str, Any]:
    """One watch has one brand: a second line in Latin letters is its model, a name, a complaint."""
    if "brand" not in read or not found.get("brand") or _is_brand(line):
        return read
    words = line.split()
    if 1 < len(words) < _MANY_NAMES and _is_name(words) and not found.get("name"):
        return {"name": line}
    return {"complaint": line} if found.get("model") else {"model": line}


def _read_named(line: str, now: datetime) -> dict[str, Any]:
    """«серийный: A123»; empty when the line does not say what it is."""
    labelled = facts_words.LABELLED.match(line)
    field = facts_words.FIELD_OF.get(labelled[1].strip().casefold()) if labelled else None
    return _named(field, labelled[2].strip(), now) if labelled and field else {}


def _named(field: str, value: str, now: datetime) -> dict[str, Any]:
    match field:
        case "brand":
            return _watch(value)
        case "phone":
            return {"phone": normalise_phone(value)}
        case "deadline":
            return {"deadline": clock.iso(parse(value, now))}
    return {field: _amount(value) if field in _MONEY else value}


def _amount(value: str) -> str:
    """«2 тыс», «1,5к» in roubles; anything else as it stands, the service judges it."""
    found = facts_words.THOUSANDS.match(value)
    if found is None:
        return value
    try:
        thousands = Decimal(found[1].replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return value
    whole = thousands * 1000
    return f"{whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole:f}"


def _by_form(line: str, now: datetime) -> dict[str, Any]:
    if "@" in line:  # personal, and what is kept as a complaint stands in the history for ever
        raise RuleViolation(
            "bot.line_unclear",
            gettext_lazy("There is no place for an address: %(line)s"),
            field="text",
            params={"line": line},
        )
    known = _opened(line, now) or _contact(line) or _flag(line)
    if known:
        return known
    deadline = _deadline(line, now)
    if deadline is not None:
        return {"deadline": clock.iso(deadline)}
    return _watch_of(line) or _seen(line) or _words(line)


def _flag(line: str) -> dict[str, Any]:
    """Urgent, not to be polished, a number of links."""
    if facts_words.URGENT.match(line):
        return {"urgent": True}
    if facts_words.WHOLE.match(line):
        return {"do_not_polish": True}
    links = facts_words.LINKS.match(line)
    return {"links_count": links[1] or links[2]} if links else {}


def _watch_of(line: str) -> dict[str, Any]:
    """A serial, or the name of a watch."""
    if facts_words.SERIAL.match(line):
        return {"serial": line}
    words = line.split()
    written_large = not any(word[0].islower() for word in words)
    if facts_words.LATIN_NAME.match(line) and len(words) < _MANY_WORDS and not _seen(line):
        return _watch(line) if written_large or _is_brand(line) else {}
    large_behind = not any(word[0].islower() for word in words[1:])
    return _watch(line) if _is_brand(line) and large_behind else {}


def _is_brand(line: str) -> bool:
    words = line.casefold().split()
    pair = " ".join(words[:2]).replace("-", " ")
    return words[0] in facts_words.BRANDS or pair in facts_words.BRANDS_OF_TWO


def _seen(line: str) -> dict[str, Any]:
    """What was handed over with the watch, or how it looks."""
    parts = [part.strip() for part in re.split(r"[,;+]| и | and ", line) if part.strip()]
    if all(map(facts_words.ACCESSORY.match, parts)):
        return {"completeness": line}
    return {"condition": line} if facts_words.LOOKS.match(line) else {}


def _words(line: str) -> dict[str, Any]:
    """A person's name, else the complaint."""
    words = line.split()
    if words[0].casefold() in {"клиент", "customer"} and words[1:] and _is_name(words[1:]):
        return {"name": " ".join(words[1:])}
    return {"name" if 1 < len(words) < _MANY_NAMES and _is_name(words) else "complaint": line}


def _opened(line: str, now: datetime) -> dict[str, Any]:
    """«серийный A123», «срок завтра»: empty when what follows is something else."""
    match = facts_words.OPENED.match(line)
    if match is None:
        return {}
    field, value = next((k, v.strip()) for k, v in match.groupdict().items() if v)
    if field in _MONEY:
        return {_MONEY[field]: _amount(value)}
    if field != "deadline":
        return {field: value}
    deadline = _deadline(value, now)
    return {"deadline": clock.iso(deadline)} if deadline else {}


def _contact(line: str) -> dict[str, Any]:
    """A phone and who answers it; other words beside it stay a complaint."""
    found = facts_words.PHONE.search(line)
    if found is None or not looks_like_phone(found[1]):
        return {}
    beside = f"{line[: found.start()]} {line[found.end() :]}".split()
    words = [word for word in (one.strip(",;:()–-") for one in beside) if word]
    field = "name" if len(words) < _MANY_NAMES and _is_name(words) else "complaint"
    told = {field: " ".join(words)} if words else {}
    return {"phone": normalise_phone(found[1]), **told}


def _is_name(words: list[str]) -> bool:
    """Each word begins with a capital: «Петров Сергей»."""
    return all(word[0].isupper() and facts_words.WORD_OF_NAME.fullmatch(word) for word in words)


def _watch(line: str) -> dict[str, str]:
    words = line.split()
    pair = " ".join(words[:2]).casefold().replace("-", " ")
    of_two = pair in facts_words.BRANDS_OF_TWO
    brand, model = " ".join(words[: 1 + of_two]), " ".join(words[1 + of_two :])
    return {"brand": brand, "model": model} if model else {"brand": brand}


def _deadline(line: str, now: datetime) -> datetime | None:
    """The deadline; None when the line is none. One that cannot be (in the past) is refused."""
    try:
        return parse(line, now)
    except RuleViolation as error:
        if error.code == "receipts.deadline_unreadable":
            return None
        raise
