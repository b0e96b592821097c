"""Who acts and through which door: plain frozen values that travel through every service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BOT: Final = "bot"
ADMIN: Final = "admin"
API: Final = "api"
SYSTEM: Final = "system"

KIND_EMPLOYEE: Final = "employee"
KIND_USER: Final = "user"
KIND_CLIENT: Final = "client"
KIND_SYSTEM: Final = "system"
KIND_STRANGER: Final = "stranger"


@dataclass(frozen=True)
class Channel:
    """A door. ``silent`` events (import, legacy, demo) notify nobody."""

    name: str
    correlation_id: str = ""
    silent: bool = False


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The authenticated one who acts; roles are resolved when the actor is built (staff)."""

    kind: str
    id: int | None
    label: str
    channel: Channel
    roles: frozenset[str] = field(default_factory=frozenset)
    employee_id: int | None = None
    telegram_id: int | None = None
    username: str = ""

    def has(self, *roles: str) -> bool:
        """True when the actor holds at least one of ``roles``."""
        return not self.roles.isdisjoint(roles)

    @property
    def is_system(self) -> bool:
        return self.kind == KIND_SYSTEM


def system_actor(name: str, *, silent: bool = False, correlation_id: str = "") -> Actor:
    """The program itself: a job, an import, a migration step."""
    channel = Channel(SYSTEM, correlation_id=correlation_id, silent=silent)
    return Actor(kind=KIND_SYSTEM, id=None, label=name, channel=channel)
