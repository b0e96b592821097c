"""Managers and owners hear of a backup that failed: nobody looks for one that is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import fmt, lines
from botapp.notice_texts import reachable
from botapp.notices import Addressed, Notice, on_event, template
from history.backups.events import BackupFailed
from history.models import Event
from history.registry import load
from staff import roles, selectors
from staff.models import Employee
from staff.notice_kinds import NoticeKind


@on_event(BackupFailed.kind)
def of_a_failed_backup(event: Event) -> Iterator[Addressed]:
    people = selectors.active_with_role(roles.MANAGER, roles.OWNER)
    for person in reachable(people, event):
        yield Addressed(person, "backup_failed", {"event_id": event.pk})


@template("backup_failed", kind=NoticeKind.BACKUP_FAILED)
def backup_failed(params: Mapping[str, Any], employee: Employee | None) -> Notice:
    event = Event.objects.get(pk=params["event_id"])
    advice = _("It is tried again by itself. In the office under “Jobs” it can be started at once.")
    return Notice(lines(fmt("⚠ %(what)s", what=load(event).words()), advice))
