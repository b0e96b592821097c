"""Kinds of events and answers of receivers in words, for people who did not write a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history import registry
from integrations.webhooks.kinds import EVERYTHING, offered

GROUPS: Final[dict[str, str | Promise]] = {
    "receipt": _("Receipts"),
    "batch": _("Polishing batches"),
    "limits": _("Stays that were too long"),
    "reminders": _("Reminders"),
    "customer": _("Customers"),
    "subscription": _("Subscriptions of customers"),
    "watch": _("Watches"),
    "employee": _("Employees"),
    "access": _("Access"),
    "catalogue": _("Catalogues"),
    "settings": _("Settings of the workshop"),
    "workshop": _("Evening summary"),
    "job": _("Jobs"),
    "data": _("Import and export"),
    "import": _("Import"),
    "client": _("API clients"),
    "bot": _("Telegram"),
    "notices": _("Sending queue"),
    "legacy": _("Earlier platform"),
}
_ERRORS: Final[dict[str, str | Promise]] = {
    "timeout": _("no answer in time"),
    "refused_address": _("the address leads into an internal network"),
    "dns": _("the name of the server is not known"),
    "connect": _("no connection"),
    "tls": _("the certificate does not fit the name"),
    "redirect": _("the address redirects elsewhere"),
    "protocol": _("what answered is no web server"),
    "secret": _("the secret cannot be read any more: replace it"),
    "internal": _("an error of our own"),
}


def groups() -> list[tuple[str, str]]:
    """Patterns of whole groups with their words, "everything" first."""
    found = {kind.partition(".")[0] for kind in offered()}
    known = [group for group in GROUPS if group in found] + sorted(found - set(GROUPS))
    return [(EVERYTHING, _now("Everything")), *((f"{one}.*", _group(one)) for one in known)]


def singles() -> list[tuple[str, str]]:
    """Every kind with its words, group by group."""
    order = {pattern: place for place, (pattern, _label) in enumerate(groups())}
    kinds = sorted(offered(), key=lambda kind: (order[f"{kind.partition('.')[0]}.*"], kind))
    return [(kind, f"{kind_words(kind)} ({kind})") for kind in kinds]


def kind_words(kind: str) -> str:
    """What an event of this kind says; a kind that is gone stays a code."""
    known = registry.kinds().get(kind)
    return str(known.label) if known else kind


def patterns_words(patterns: Sequence[str], most: int | None = None) -> str:
    """What a webhook asks for; the first ``most`` of it where room is short."""
    labels = dict(groups())
    told = [labels.get(one) or kind_words(one) for one in patterns[:most]]
    return ", ".join(told + ["…"] * (len(told) < len(patterns)))


def answer_words(status: int | None, error: str) -> str:
    """What a receiver answered, or why nothing came: "200", "302, the address redirects …"."""
    told = str(_ERRORS.get(error, error))
    return ", ".join(part for part in (str(status or ""), told) if part) or "–"


def _group(name: str) -> str:
    return str(GROUPS.get(name, f"{name}.*"))
