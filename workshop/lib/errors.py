"""The one taxonomy of refusals. Only services raise them; each door translates them once.

Every error has a stable dotted ``code``, a lazy ``message`` (English msgid with ``%(name)s``
placeholders) and the ``field`` it belongs to, so that a form can show it where it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Message = str | Promise


class WorkshopError(Exception):
    """Base of all refusals; ``status`` is the HTTP status that the API answers."""

    status: ClassVar[int] = 400

    def __init__(
        self,
        code: str,
        message: Message,
        *,
        field: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field
        self.params = dict(params or {})

    def text(self) -> str:
        """The message in the language that is active now."""
        return str(self.message) % self.params if self.params else str(self.message)

    def __str__(self) -> str:
        return self.text()


class RuleViolation(WorkshopError):
    """A rule of the workshop forbids it (422)."""

    status = 422


class IllegalTransition(WorkshopError):
    """The present status does not allow it (409); ``allowed`` lists the verbs that are possible."""

    status = 409

    def __init__(
        self,
        code: str,
        message: Message,
        *,
        allowed: Sequence[str] = (),
        field: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, field=field, params=params)
        self.allowed = tuple(allowed)


class Duplicate(WorkshopError):
    """Such a thing exists already (409); ``existing_id`` names it."""

    status = 409

    def __init__(
        self,
        code: str,
        message: Message,
        *,
        existing_id: int | None = None,
        field: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, field=field, params=params)
        self.existing_id = existing_id


class StaleState(WorkshopError):
    """Somebody changed it since it was shown (409); the text says who and what."""

    status = 409


class NotAllowed(WorkshopError):
    """The person may not do this (403)."""

    status = 403

    def __init__(
        self,
        code: str = "access.not_allowed",
        message: Message = _("You may not do this."),
        *,
        field: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, field=field, params=params)


class NotFound(WorkshopError):
    """There is no such thing (404)."""

    status = 404
