"""Who may do what with receipts. Policies read only the actor's roles (and whose watch it is)."""

from __future__ import annotations

from django.conf import settings

from receipts.models import Receipt
from receipts.states import VERBS
from staff import roles
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed

MANAGERS_ONLY = frozenset({"void_receipt"})
MASTER_OR_MANAGER = frozenset({"accept", "decline"})


def may(actor: Actor, verb: str, receipt: Receipt | None = None) -> bool:
    """True when the roles of the actor allow ``verb`` (the status is another question)."""
    if actor.is_system or actor.has(roles.MANAGER):
        return True
    if verb in MANAGERS_ONLY:
        return False
    if actor.has(roles.INSPECTOR) and verb not in MASTER_OR_MANAGER:
        return True
    return VERBS[verb].own_master and _is_own_watch(actor, receipt)


def _is_own_watch(actor: Actor, receipt: Receipt | None) -> bool:
    return bool(
        settings.WORKSHOP_SELF_SERVICE
        and actor.has(roles.MASTER)
        and receipt is not None
        and receipt.master_id is not None
        and receipt.master_id == actor.employee_id
    )


def ensure_may(actor: Actor, verb: str, receipt: Receipt | None = None) -> None:
    """Raise NotAllowed ``access.not_allowed`` unless :func:`may`."""
    if not may(actor, verb, receipt):
        raise NotAllowed()


def ensure_may_undo(actor: Actor) -> None:
    """Whoever could press can take his own press back, masters with self-service included."""
    if settings.WORKSHOP_SELF_SERVICE and actor.has(roles.MASTER):
        return
    ensure_inspector(actor)


def ensure_inspector(actor: Actor) -> None:
    """Inspectors and managers: everything that is entered about receipts."""
    if not (actor.is_system or actor.has(roles.INSPECTOR, roles.MANAGER)):
        raise NotAllowed()


def ensure_manager(actor: Actor) -> None:
    """Managers alone: catalogues, settings, erasing a customer's data."""
    if not (actor.is_system or actor.has(roles.MANAGER)):
        raise NotAllowed()


def ensure_reader(actor: Actor) -> None:
    """Anybody of the staff who may look at all receipts."""
    if not (actor.is_system or actor.has(roles.INSPECTOR, roles.MANAGER, roles.OWNER)):
        raise NotAllowed()
