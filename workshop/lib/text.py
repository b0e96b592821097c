"""Cleaning of what people type: control characters out, length bounded, nothing lost silently."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from workshop.lib.errors import RuleViolation

COMMENT_LENGTH = 2000
REASON_LENGTH = 500
# Unicode's categories Cc and Cs, but for line break and tabulator.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_text(value: str | None, *, field: str, limit: int = COMMENT_LENGTH) -> str:
    """Trimmed text without control characters (line breaks stay).

    Raises RuleViolation ``text.control_characters`` for NUL and friends (a database may refuse
    them) and ``text.too_long`` above ``limit`` characters, both naming ``field``.
    """
    if not value:
        return ""
    text = value.strip()
    if not text.isprintable():  # a line break, a rare blank, a control character
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _CONTROLS.search(text):
            raise RuleViolation(
                "text.control_characters",
                _("The text contains characters that cannot be stored."),
                field=field,
            )
    if len(text) > limit:
        raise RuleViolation(
            "text.too_long",
            _("The text is too long: %(length)s of at most %(limit)s characters."),
            field=field,
            params={"length": len(text), "limit": limit},
        )
    return text


def require_text(value: str | None, *, field: str, limit: int = COMMENT_LENGTH) -> str:
    """Like :func:`clean_text`, and refuses emptiness with ``text.required``."""
    text = clean_text(value, field=field, limit=limit)
    if not text:
        raise RuleViolation("text.required", _("Please fill in this field."), field=field)
    return text


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters, an ellipsis instead of the rest."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"
