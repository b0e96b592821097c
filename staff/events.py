"""Events of people and access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from staff import roles


def role_names(names: list[str]) -> str:
    """Roles in words."""
    return ", ".join(str(roles.LABELS[name]) for name in names if name in roles.LABELS) or "–"


@event_kind("employee.added", lazy("Employee added"))
@dataclass(frozen=True)
class EmployeeAdded(Payload):
    name: str
    roles: list[str]

    def words(self) -> str:
        return _("Employee added: %(name)s (%(roles)s)") % {
            "name": self.name,
            "roles": role_names(self.roles),
        }


@event_kind("employee.renamed", lazy("Employee renamed"))
@dataclass(frozen=True)
class EmployeeRenamed(Payload):
    old: str
    new: str

    def words(self) -> str:
        return _("Name: %(old)s → %(new)s") % {"old": self.old, "new": self.new}


@event_kind("employee.roles_changed", lazy("Access changed"))
@dataclass(frozen=True)
class RolesChanged(Payload):
    name: str
    old: list[str]
    new: list[str]

    def words(self) -> str:
        return _("Access of %(name)s: %(old)s → %(new)s") % {
            "name": self.name,
            "old": role_names(self.old),
            "new": role_names(self.new),
        }


@event_kind("employee.skills_changed", lazy("Skills changed"))
@dataclass(frozen=True)
class SkillsChanged(Payload):
    name: str
    old: list[str]
    new: list[str]

    def words(self) -> str:
        return _("Skills of %(name)s: %(old)s → %(new)s") % {
            "name": self.name,
            "old": ", ".join(self.old) or "–",
            "new": ", ".join(self.new) or "–",
        }


@event_kind("employee.activity_changed", lazy("Employee switched on or off"))
@dataclass(frozen=True)
class ActivityChanged(Payload):
    name: str
    active: bool

    def words(self) -> str:
        text = _("Activated: %(name)s") if self.active else _("Deactivated: %(name)s")
        return text % {"name": self.name}


@event_kind("employee.absence_changed", lazy("Absence"))
@dataclass(frozen=True)
class AbsenceChanged(Payload):
    name: str
    absent_from: str | None
    absent_until: str | None

    def words(self) -> str:
        if not self.absent_until:
            return _("Present again: %(name)s") % {"name": self.name}
        return _("%(name)s: absent from %(start)s until %(end)s") % {
            "name": self.name,
            "start": _shown(self.absent_from),
            "end": _shown(self.absent_until),
        }


def _shown(day: str | None) -> str:
    return ".".join(reversed(day.split("-"))) if day else "–"


@event_kind("employee.telegram_bound", lazy("Telegram account bound"))
@dataclass(frozen=True)
class TelegramBound(Payload):
    name: str
    telegram_id: int | None
    username: str = ""

    def words(self) -> str:
        if self.telegram_id is None:
            return _("Telegram account unbound: %(name)s") % {"name": self.name}
        return _("Telegram account bound: %(name)s") % {"name": self.name}


@event_kind("employee.settings_changed", lazy("Personal settings changed"))
@dataclass(frozen=True)
class EmployeeSettingsChanged(Payload):
    field: str
    old: str
    new: str

    def words(self) -> str:
        return _("%(field)s: %(old)s → %(new)s") % {
            "field": self.field,
            "old": self.old or "–",
            "new": self.new or "–",
        }


@event_kind("access.invited", lazy("Invite link issued"))
@dataclass(frozen=True)
class Invited(Payload):
    employee_id: int
    name: str

    def words(self) -> str:
        return _("Invite link issued: %(name)s") % {"name": self.name}


@event_kind("access.refused", lazy("Access refused"))
@dataclass(frozen=True)
class AccessRefused(Payload):
    SECONDS: ClassVar[int] = 3600
    telegram_id: int
    count: int

    def words(self) -> str:
        return _("Access refused: Telegram id %(id)s, times: %(count)s") % {
            "id": self.telegram_id,
            "count": self.count,
        }


@event_kind("access.user_changed", lazy("Office account changed"))
@dataclass(frozen=True)
class UserChanged(Payload):
    user_id: int
    username: str
    changes: dict[str, list[str]]

    def words(self) -> str:
        parts = [
            f"{name}: {old or '–'} → {new or '–'}" for name, (old, new) in self.changes.items()
        ]
        return _("Office account %(username)s: %(changes)s") % {
            "username": self.username,
            "changes": "; ".join(parts),
        }


@event_kind("access.signed_in", lazy("Signed in"))
@dataclass(frozen=True)
class SignedIn(Payload):
    username: str

    def words(self) -> str:
        return _("Signed in: %(username)s") % {"username": self.username}


@event_kind("access.sign_in_refused", lazy("Sign-in refused"))
@dataclass(frozen=True)
class SignInRefused(Payload):
    username: str

    def words(self) -> str:
        return _("Sign-in refused: %(username)s") % {"username": self.username}
