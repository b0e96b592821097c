"""Who may open doors for programs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations import scopes
from integrations.models import ApiClient, DataJob, Import
from staff import roles
from workshop.lib.actor import KIND_CLIENT, Actor
from workshop.lib.errors import NotAllowed, NotFound


def ensure_may_open_doors(actor: Actor) -> None:
    """Managers and administrators; never a program, which could then widen its own rights."""
    if actor.is_system:
        return
    if actor.kind == KIND_CLIENT or not actor.has(roles.MANAGER, roles.ADMINISTRATOR):
        raise NotAllowed()


def ensure_may_import(actor: Actor) -> None:
    """Managers, and administrators who have that access too; a program by its scope."""
    if not (actor.is_system or actor.has(roles.MANAGER)):
        raise NotAllowed()


def ensure_may_see_import(actor: Actor, row: Import) -> None:
    """A program sees what it brought itself; the office sees all. NotFound else."""
    own = (actor.kind, actor.id) == (row.asked_kind, row.asked_id)
    if actor.kind == KIND_CLIENT and not own:
        raise NotFound("imports.no_such_import", _("There is no such import."), field="import")


def may_touch_job(actor: Actor, job: DataJob) -> bool:
    """An import or export is seen and cancelled by whoever asked for it, and by the office."""
    own = (actor.kind, actor.id) == (job.asked_kind, job.asked_id)
    # A program never sees what others asked for, whatever its scopes.
    office = actor.kind != KIND_CLIENT and actor.has(roles.MANAGER, roles.ADMINISTRATOR)
    return own or office or actor.is_system


def ensure_may_touch_job(actor: Actor, job: DataJob) -> None:
    if not may_touch_job(actor, job):
        raise NotFound("data.no_such_job", _("There is no such import or export."), field="job")


def may_see_webhook(actor: Actor, owner: ApiClient | None) -> bool:
    """The office all of them, a program its own: a foreign one does not exist for it."""
    if actor.kind == KIND_CLIENT:
        return owner is not None and owner.pk == actor.id
    return actor.is_system or actor.has(roles.MANAGER, roles.ADMINISTRATOR)


def ensure_may_manage_webhooks(actor: Actor, owner: ApiClient | None) -> None:
    """Managers and administrators; a program that may also read the history it would be sent."""
    if not may_see_webhook(actor, owner):
        raise NotAllowed()
    if actor.kind == KIND_CLIENT and not (owner and may_be_told(owner)):
        raise NotAllowed()


def may_be_told(client: ApiClient) -> bool:
    """Do the scopes of a program allow that events are sent to it?"""
    return client.active and {scopes.WEBHOOKS_MANAGE, scopes.HISTORY_READ} <= set(client.scopes)
