"""Who may open doors for programs."""

from __future__ import annotations

from staff import roles
from workshop.lib.actor import KIND_CLIENT, Actor
from workshop.lib.errors import NotAllowed


def ensure_may_open_doors(actor: Actor) -> None:
    """Managers and administrators; never a program, which could then widen its own rights."""
    if actor.is_system:
        return
    if actor.kind == KIND_CLIENT or not actor.has(roles.MANAGER, roles.ADMINISTRATOR):
        raise NotAllowed()
