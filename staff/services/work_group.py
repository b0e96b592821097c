"""The work group: linked, unlinked, and followed when Telegram gives it another number."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import IntegrityError, transaction

from history.commands import CommandRef, Outcome, Run, verb
from history.selectors import already
from staff import locks, policies
from staff.events import WorkGroupLinked, WorkGroupMoved, WorkGroupUnlinked
from staff.models import WorkGroup
from workshop.lib.actor import Actor
from workshop.lib.text import clean_text


@verb("settings.link_work_group", "staff.WorkGroup")
def link_work_group(
    *,
    chat_id: int,
    title: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WorkGroup]:
    """From now on this group gets a card for each assignment, instead of the one before.

    Inspectors and managers. The same group again is "already done". Raises NotAllowed.
    """
    run = Run.of(actor, command, at)
    policies.ensure_can_set_up(actor)
    group = _locked()
    if group.chat_id == chat_id:
        return Outcome(group, already=already(WorkGroup.STREAM, WorkGroupLinked.kind))
    old_title = group.title
    group.chat_id = chat_id
    group.title = " ".join(clean_text(title, field="title", limit=1000).split())[:255]
    group.linked_at = run.at
    group.save(update_fields=["chat_id", "title", "linked_at"])
    payload = WorkGroupLinked(chat_id=chat_id, old_title=old_title, title=group.title)
    run.record(WorkGroup.STREAM, payload)
    return Outcome(group)


@verb("settings.unlink_work_group", "staff.WorkGroup")
def unlink_work_group(
    *,
    chat_id: int,
    removed: bool = False,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WorkGroup]:
    """No more cards; ``removed``: the bot was taken out of the group. Another group stays linked.

    Inspectors and managers. Raises NotAllowed.
    """
    run = Run.of(actor, command, at)
    policies.ensure_can_set_up(actor)
    group = _locked()
    if group.chat_id is None or group.chat_id != chat_id:
        return Outcome(group, already=already(WorkGroup.STREAM, WorkGroupUnlinked.kind))
    cause = "removed" if removed else "asked"
    payload = WorkGroupUnlinked(chat_id=chat_id, title=group.title, cause=cause)
    group.chat_id, group.title, group.linked_at = None, "", None
    group.save(update_fields=["chat_id", "title", "linked_at"])
    run.record(WorkGroup.STREAM, payload)
    return Outcome(group)


@verb("settings.move_work_group", "staff.WorkGroup")
def move_work_group(
    *,
    old_chat_id: int,
    new_chat_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WorkGroup]:
    """Telegram has given the group another number. A group that is not linked changes nothing.

    Raises NotAllowed.
    """
    run = Run.of(actor, command, at)
    policies.ensure_can_set_up(actor)
    group = _locked()
    if group.chat_id != old_chat_id or new_chat_id == old_chat_id:
        return Outcome(group)
    group.chat_id = new_chat_id
    group.save(update_fields=["chat_id"])
    payload = WorkGroupMoved(title=group.title, old=old_chat_id, new=new_chat_id)
    run.record(WorkGroup.STREAM, payload)
    return Outcome(group)


def _locked() -> WorkGroup:
    """The one row, made on first use. Two makers at once get the same."""
    row = locks.work_group()
    if row is None:
        with suppress(IntegrityError), transaction.atomic():
            WorkGroup.objects.create(pk=1)
        row = locks.work_group()
    if row is None:
        raise LookupError("the row of the work group has just been made")
    return row
