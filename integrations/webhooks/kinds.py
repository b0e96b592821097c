"""Which kinds of events an endpoint is told of: by name, by a group (``receipt.*``), or all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext_lazy as _

from history import registry
from workshop.lib.errors import RuleViolation

EVERYTHING: Final = "*"
OWN: Final = ("webhook.", "quality.")
"""What happens to the webhooks themselves is told to no receiver, but for the test message; a
person's quality is told to him and the manager alone."""

MOST: Final = 100


def offered() -> list[str]:
    """Every kind that can be sent, by name."""
    return sorted(kind for kind in registry.kinds() if not kind.startswith(OWN))


def matches(patterns: Iterable[str], kind: str) -> bool:
    """Is a receiver with these patterns told of the kind?"""
    if kind.startswith(OWN):
        return False
    return any(_fits(pattern, kind) for pattern in patterns)


def checked(patterns: Iterable[str]) -> list[str]:
    """Each once, in order; RuleViolation for one that nothing fits, for none, for too many."""
    found = list(dict.fromkeys(pattern.strip() for pattern in patterns if pattern.strip()))
    if not found:
        raise RuleViolation(
            "integrations.kinds_missing", _("Choose at least one kind of events."), field="kinds"
        )
    if len(found) > MOST:
        raise RuleViolation(
            "integrations.too_many_kinds",
            _("At most %(most)s kinds; a group such as receipt.* counts as one."),
            field="kinds",
            params={"most": MOST},
        )
    known = offered()
    for pattern in found:
        if not any(_fits(pattern, kind) for kind in known):
            raise RuleViolation(
                "integrations.unknown_kind",
                _("There is no kind of events %(name)s."),
                field="kinds",
                params={"name": pattern[:60]},
            )
    return found


def _fits(pattern: str, kind: str) -> bool:
    if pattern == EVERYTHING:
        return True
    if pattern.endswith(".*"):
        return kind.startswith(pattern[:-1])
    return pattern == kind
