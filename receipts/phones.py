"""Phone numbers of customers: one canonical form, a guess for the search box, a mask."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from django.utils.translation import gettext_lazy as _

from workshop.lib.errors import RuleViolation

_LONGEST = 40
# The library also digs numbers out of sentences and spells letters as digits; people who typed
# either made a mistake that should be shown to them.
_PHONE_LIKE = re.compile(r"\+?[0-9() ./-]+")
# Russian mobile numbers as nearly all are written; asking the library takes fifty times as long.
_USUAL = re.compile(r"\+7 ?\(?9(?!30)[0-9]{2}\)? ?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}", re.ASCII)

_MARKS = str.maketrans("", "", " ()-")


def normalise_phone(raw: str, region: str = "RU") -> str:
    """``raw`` in E.164 (``+79161234567``), read as dialled within ``region`` unless it has a +.

    Raises RuleViolation ``receipts.phone_invalid`` on the field ``phone`` when it is no complete
    number that can exist in its country.
    """
    if _USUAL.fullmatch(raw):
        return raw.translate(_MARKS)
    number = _parsed(_plain(raw), region) if len(raw) <= _LONGEST else None
    if number is None:
        raise RuleViolation(
            "receipts.phone_invalid",
            _("This is not a complete phone number. Example: %(example)s"),
            field="phone",
            params={"example": _example(region)},
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def looks_like_phone(text: str, region: str = "RU") -> bool:
    """True when ``text`` as a whole can be dialled: then the search looks for customers too."""
    try:
        normalise_phone(text, region)
    except RuleViolation:
        return False
    return True


def mask_phone(phone: str) -> str:
    """Only the last two digits, ``•••67``; an empty string for no phone."""
    digits = [char for char in phone if char.isdecimal()]
    return "•••" + "".join(digits[-2:]) if digits else ""


def _plain(raw: str) -> str:
    text = unicodedata.normalize("NFKC", raw).strip()
    return re.sub(r"[\u2010-\u2015\u2212]", "-", text)


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    if not _PHONE_LIKE.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _example(region: str) -> str:
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, international) if number else "+7 912 345-67-89"
