"""Kinds of notices: who gets them by his access, and which of them nobody can switch off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff import roles
from staff.models import Employee


class NoticeKind(models.TextChoices):
    """What the workshop tells people by itself. The values are stored: never rename one."""

    ASSIGNMENT = "assignment", _("A watch is handed to me")
    POLISHING = "polishing", _("Parts are sent to me for polishing")
    RETURNED = "returned", _("Returns from QC that name me")
    QUALITY = "quality", _("Quality outside its limits")
    DEADLINE_REMINDER = "deadline_reminder", _("Reminders of deadlines")
    OVERDUE = "overdue", _("Overdue receipts")
    DEADLINE_CHANGED = "deadline_changed", _("Changes of deadlines")
    NOT_ACCEPTED = "not_accepted", _("The master has not accepted")
    NOT_COLLECTED = "not_collected", _("Ready, not collected")
    OVER_LIMIT = "over_limit", _("Over the service limit")
    EVENING_SUMMARY = "evening_summary", _("Evening summary")
    INCIDENT = "incident", _("Incidents")
    ALERT = "alert", _("Alerts")
    REPORT = "report", _("Scheduled reports")
    BACKUP_FAILED = "backup_failed", _("Backup failed")


_INSPECTION: Final = frozenset({roles.INSPECTOR})
_LEADING: Final = frozenset({roles.INSPECTOR, roles.MANAGER})
_WORKING: Final = frozenset({roles.MASTER, roles.POLISHER, roles.INSPECTOR})
_OFFICE: Final = frozenset({roles.MANAGER, roles.OWNER})

# Whom a kind can reach at all: only these are offered a switch for it.
RECIPIENTS: Final[Mapping[NoticeKind, frozenset[str]]] = {
    NoticeKind.ASSIGNMENT: frozenset({roles.MASTER}),
    NoticeKind.POLISHING: frozenset({roles.POLISHER}),
    NoticeKind.RETURNED: _WORKING,
    NoticeKind.QUALITY: _WORKING | {roles.MANAGER},
    NoticeKind.DEADLINE_REMINDER: _INSPECTION,
    NoticeKind.OVERDUE: _LEADING,
    NoticeKind.DEADLINE_CHANGED: _INSPECTION,
    NoticeKind.NOT_ACCEPTED: _LEADING,
    NoticeKind.NOT_COLLECTED: _LEADING,
    NoticeKind.OVER_LIMIT: _LEADING,
    NoticeKind.EVENING_SUMMARY: _LEADING | _OFFICE,
    NoticeKind.INCIDENT: _OFFICE,
    NoticeKind.ALERT: _OFFICE,
    NoticeKind.REPORT: _OFFICE,
    NoticeKind.BACKUP_FAILED: _OFFICE,
}

# Who cannot switch it off: the workshop relies on his being told. Everything else can be muted.
COMPULSORY: Final[Mapping[NoticeKind, frozenset[str]]] = {
    NoticeKind.DEADLINE_REMINDER: _INSPECTION,
    NoticeKind.OVERDUE: _INSPECTION,
}


def kinds_for(employee: Employee) -> list[NoticeKind]:
    """The kinds that can reach this person, in the order they are listed."""
    return [kind for kind in NoticeKind if RECIPIENTS[kind] & employee.roles]


def is_compulsory(employee: Employee, kind: NoticeKind) -> bool:
    """Whether this person gets the kind whatever he has switched off."""
    return bool(COMPULSORY.get(kind, frozenset()) & employee.roles)


def wants(employee: Employee, kind: NoticeKind) -> bool:
    """Whether the person is to be told: compulsory for his access now, or not switched off."""
    return is_compulsory(employee, kind) or kind.value not in employee.muted_notices


def names(values: list[str]) -> str:
    """Stored values in words, in the order of the list; a value of another version as it is."""
    known = [str(kind.label) for kind in NoticeKind if kind.value in values]
    unknown = [value for value in values if value not in NoticeKind.values]
    return ", ".join([*known, *unknown]) or "–"
