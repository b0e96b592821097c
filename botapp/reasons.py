"""Why a notice was not sent: what is stored with its row, and the words for the office."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

LEFT: Final = "the recipient has left"
NO_ACCOUNT: Final = "no account"
NOBODY: Final = "nobody is named"
MUTED: Final = "muted"
OUT_OF_DATE: Final = "out of date"
WAIT: Final = "the messenger asks to wait"
REFUSED: Final = "refused: "
UNREACHABLE: Final = "unreachable: "
BLOCKED: Final = "blocked"

# Nothing went wrong: nobody need look at these or send them again.
SETTLED: Final = frozenset({LEFT, MUTED, OUT_OF_DATE})

_CLASS_NAME = re.compile(r"[A-Z]\w+")


def words(reason: str) -> str:
    """A stored reason for people; empty for none."""
    if not reason:
        return ""
    if reason.startswith(REFUSED):
        return _("Telegram does not accept the message: an error of the program")
    if reason.startswith(UNREACHABLE):
        return unreachable_words(reason.removeprefix(UNREACHABLE))
    texts = {
        LEFT: _("the person was deactivated"),
        NO_ACCOUNT: _("no Telegram account is linked"),
        NOBODY: _("no recipient is named"),
        MUTED: _("switched off in the person's settings"),
        OUT_OF_DATE: _("out of date: nothing to tell any more"),
        WAIT: _("Telegram asks to wait"),
        "TimedOut": _("Telegram did not answer in time"),
        "NetworkError": _("no connection to Telegram"),
    }
    if reason in texts:
        return texts[reason]
    if _CLASS_NAME.fullmatch(reason):
        return _("an error of the program: %(name)s") % {"name": reason}
    return reason


def unreachable_words(reason: str) -> str:
    """Why a person cannot be reached."""
    text = reason.lower()
    if "blocked" in text or "kicked" in text:
        return _("the bot is blocked by the person")
    if "deactivated" in text:
        return _("the Telegram account was deleted")
    if "initiate" in text or "not found" in text or "peer_id" in text:
        return _("the bot was never opened from this account")
    return _("Telegram refuses this chat")
