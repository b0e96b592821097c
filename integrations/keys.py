"""The form of an API key and the proof that somebody holds it. Pure: no database.

A key reads ``rpsg_<prefix>.<secret><check>``: a mark by which scanners know a key that got into
a repository or a chat, eight characters to find its row by, thirty-two of secret (about 190 bits),
six of a checksum that tells a mistyped key from a wrong one without the database. Keys that were
issued before there was a mark count without it.
Only an HMAC of the secret is stored. Its pepper is a setting and not in the database, so that a
stolen dump holds nothing that opens a door.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from typing import Final

from django.conf import settings

ALPHABET: Final = string.ascii_letters + string.digits
MARK: Final = "rpsg_"
PREFIX_LENGTH: Final = 8
SECRET_LENGTH: Final = 32
CHECK_LENGTH: Final = 6
_FORM: Final = re.compile(
    rf"(?:{MARK})?([A-Za-z0-9]{{{PREFIX_LENGTH}}})\.([A-Za-z0-9]{{{SECRET_LENGTH}}})"
    rf"([A-Za-z0-9]{{{CHECK_LENGTH}}})"
)
LONGEST: Final = len(MARK) + PREFIX_LENGTH + 1 + SECRET_LENGTH + CHECK_LENGTH


@dataclass(frozen=True)
class Key:
    """A key as its holder has it."""

    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"{MARK}{self.prefix}.{self.secret}{_check(self.prefix, self.secret)}"

    def __repr__(self) -> str:
        return f"<Key {self.prefix}.…>"


def new_key() -> Key:
    return Key(_random(PREFIX_LENGTH), _random(SECRET_LENGTH))


def parse(text: str) -> Key | None:
    """The key in ``text``; None for anything of another form or with a wrong checksum."""
    found = _FORM.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    prefix, secret, check = found.groups()
    if not hmac.compare_digest(check, _check(prefix, secret)):
        return None
    return Key(prefix, secret)


def digest(secret: str) -> str:
    """What is stored of a secret, made with the present pepper."""
    return _digest(secret, peppers()[0])


def matches(secret: str, stored: str) -> bool:
    """Does the stored digest belong to the secret, under the present pepper or a former one?

    Every pepper is tried whatever the first one says: the time tells nothing.
    """
    found = False
    for pepper in peppers():
        found |= hmac.compare_digest(_digest(secret, pepper), stored)
    return found


def is_current(secret: str, stored: str) -> bool:
    """Was the digest made with the present pepper?"""
    return hmac.compare_digest(digest(secret), stored)


def peppers() -> list[str]:
    """The present pepper, then the former ones that still count."""
    own = settings.API_KEY_PEPPER
    if own:
        return [own, *settings.API_KEY_PEPPER_FALLBACKS]
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _digest(secret: str, pepper: str) -> str:
    return hmac.new(b"api-key:" + pepper.encode(), secret.encode(), hashlib.sha256).hexdigest()


def _check(prefix: str, secret: str) -> str:
    number = zlib.crc32(f"{prefix}.{secret}".encode())
    digits = []
    for _position in range(CHECK_LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[rest])
    return "".join(digits)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
