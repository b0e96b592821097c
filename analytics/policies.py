"""Who may read numbers about people."""

from __future__ import annotations

from staff import roles
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed


def ensure_may_compare_people(actor: Actor) -> None:
    """Managers and owners: everybody else sees himself against an anonymous average."""
    if not (actor.is_system or actor.has(roles.MANAGER, roles.OWNER)):
        raise NotAllowed()
