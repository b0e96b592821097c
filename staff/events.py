"""Events of people and access."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from staff import notice_kinds, roles


def role_names(names: list[str]) -> str:
    """Roles in words."""
    return ", ".join(str(roles.LABELS[name]) for name in names if name in roles.LABELS) or "–"


@event_kind("employee.added", lazy("Employee added"))
@frozen(slots=False)
class EmployeeAdded(Payload):
    name: str
    roles: list[str]

    def words(self) -> str:
        return _("Employee added: %(name)s (%(roles)s)") % {
            "name": self.name,
            "roles": role_names(self.roles),
        }


@event_kind("employee.carried_over", lazy("Carried over from the earlier platform"))
@frozen(slots=False)
class EmployeeCarriedOver(Payload):
    """Access and skills were guessed of the old role and works: somebody has to look at them."""

    name: str
    legacy_id: int
    legacy_role: str
    roles: list[str]
    skills: list[str]

    def words(self) -> str:
        return _("From the earlier platform, please review: %(name)s (%(roles)s; %(skills)s)") % {
            "name": self.name,
            "roles": role_names(self.roles),
            "skills": ", ".join(self.skills) or "–",
        }


@event_kind("employee.access_confirmed", lazy("Access and skills confirmed"))
@frozen(slots=False)
class AccessConfirmed(Payload):
    """Somebody has looked at what was guessed and left it as it is."""

    name: str

    def words(self) -> str:
        return _("Access and skills confirmed: %(name)s") % {"name": self.name}


@event_kind("employee.renamed", lazy("Employee renamed"))
@frozen(slots=False)
class EmployeeRenamed(Payload):
    old: str
    new: str
    old_short: str
    new_short: str

    def words(self) -> str:
        if self.old == self.new:
            return _("Short name: %(old)s → %(new)s") % {
                "old": self.old_short,
                "new": self.new_short,
            }
        return _("Name: %(old)s → %(new)s") % {"old": self.old, "new": self.new}


@event_kind("employee.roles_changed", lazy("Access changed"))
@frozen(slots=False)
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
@frozen(slots=False)
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
@frozen(slots=False)
class ActivityChanged(Payload):
    name: str
    active: bool

    def words(self) -> str:
        text = _("Activated: %(name)s") if self.active else _("Deactivated: %(name)s")
        return text % {"name": self.name}


@event_kind("employee.absence_changed", lazy("Absence"))
@frozen(slots=False)
class AbsenceChanged(Payload):
    name: str
    absent_from: str | None
    absent_until: str | None
    old_from: str | None
    old_until: str | None

    def words(self) -> str:
        values = {
            "name": self.name,
            "old": _span(self.old_from, self.old_until),
            "new": _span(self.absent_from, self.absent_until),
        }
        if not self.absent_until:
            return _("Present again: %(name)s (%(old)s → %(new)s)") % values
        values["end"] = _shown(self.absent_until)
        return _("Absent until %(end)s: %(name)s (%(old)s → %(new)s)") % values


def _span(start: str | None, end: str | None) -> str:
    return f"{_shown(start)}–{_shown(end)}" if start and end else _("present")


def _shown(day: str) -> str:
    return ".".join(reversed(day.split("-")))


@event_kind("employee.telegram_bound", lazy("Telegram account bound"))
@frozen(slots=False)
class TelegramBound(Payload):
    name: str
    old_id: int | None
    telegram_id: int | None
    username: str = ""

    def words(self) -> str:
        if self.telegram_id is None:
            return _("Telegram account unbound: %(name)s") % {"name": self.name}
        return _("Telegram account bound: %(name)s") % {"name": self.name}


@event_kind("employee.settings_changed", lazy("Personal settings changed"))
@frozen(slots=False)
class EmployeeSettingsChanged(Payload):
    FIELDS: ClassVar = {
        "language": lazy("Language"),
        "telegram_username": lazy("Telegram username"),
    }
    field: str
    old: str
    new: str

    def words(self) -> str:
        return _("%(field)s: %(old)s → %(new)s") % {
            "field": self.FIELDS.get(self.field, self.field),
            "old": self.old or "–",
            "new": self.new or "–",
        }


@event_kind("employee.notices_muted", lazy("Notices muted"))
@frozen(slots=False)
class NoticesMuted(Payload):
    """Which kinds of notices the person has switched off: values of ``staff.notice_kinds``."""

    name: str
    old: list[str]
    new: list[str]

    def words(self) -> str:
        return _("Muted notices of %(name)s: %(old)s → %(new)s") % {
            "name": self.name,
            "old": notice_kinds.names(self.old),
            "new": notice_kinds.names(self.new),
        }


@event_kind("settings.work_group_linked", lazy("Work group linked"))
@frozen(slots=False)
class WorkGroupLinked(Payload):
    chat_id: int
    old_title: str
    title: str

    def words(self) -> str:
        return _("Work group: %(old)s → %(new)s") % {
            "old": self.old_title or "–",
            "new": self.title or self.chat_id,
        }


@event_kind("settings.work_group_unlinked", lazy("Work group unlinked"))
@frozen(slots=False)
class WorkGroupUnlinked(Payload):
    """``cause``: ``asked``, or ``removed`` when the bot was taken out of the group."""

    chat_id: int
    title: str
    cause: str

    def words(self) -> str:
        if self.cause == "removed":
            text = _("Work group unlinked: %(title)s, the bot was removed from it")
        else:
            text = _("Work group unlinked: %(title)s")
        return text % {"title": self.title or self.chat_id}


@event_kind("settings.work_group_moved", lazy("Work group has another number"))
@frozen(slots=False)
class WorkGroupMoved(Payload):
    """Telegram gives a group another number when it becomes a supergroup."""

    title: str
    old: int
    new: int

    def words(self) -> str:
        return _("Work group %(title)s: %(old)s → %(new)s") % {
            "title": self.title,
            "old": self.old,
            "new": self.new,
        }


@event_kind("access.invited", lazy("Invite link issued"))
@frozen(slots=False)
class Invited(Payload):
    employee_id: int
    name: str

    def words(self) -> str:
        return _("Invite link issued: %(name)s") % {"name": self.name}


@event_kind("access.refused", lazy("Access refused"))
@frozen(slots=False)
class AccessRefused(Payload):
    telegram_id: int
    count: int

    def words(self) -> str:
        return _("Access refused: Telegram id %(id)s, times: %(count)s") % {
            "id": self.telegram_id,
            "count": self.count,
        }


@event_kind("access.user_changed", lazy("Office account changed"))
@frozen(slots=False)
class UserChanged(Payload):
    """``changes`` maps a field to [old, new]; of a password only that it was changed."""

    FIELDS: ClassVar = {
        "account": lazy("State"),
        "name": lazy("Name"),
        "groups": lazy("Groups"),
        "active": lazy("Active"),
        "password": lazy("Password"),
        "employee": lazy("Employee"),
    }
    VALUES: ClassVar = {
        "yes": lazy("yes"),
        "no": lazy("no"),
        "created": lazy("created"),
        "changed": lazy("changed"),
        roles.GROUPS[roles.MANAGER]: lazy("Office manager"),
        roles.GROUPS[roles.OWNER]: lazy("Owner (read-only)"),
        roles.ADMINISTRATORS: lazy("Administrator"),
    }
    user_id: int
    username: str
    changes: dict[str, list[str]]

    def words(self) -> str:
        parts = [
            f"{self.FIELDS.get(field, field)}: {self._shown(old)} → {self._shown(new)}"
            for field, (old, new) in self.changes.items()
        ]
        return _("Office account %(username)s: %(changes)s") % {
            "username": self.username,
            "changes": "; ".join(parts),
        }

    def _shown(self, value: str) -> str:
        return ", ".join(str(self.VALUES.get(part, part)) for part in value.split(", ")) or "–"


@event_kind("access.signed_in", lazy("Signed in"))
@frozen(slots=False)
class SignedIn(Payload):
    username: str

    def words(self) -> str:
        return _("Signed in: %(username)s") % {"username": self.username}


@event_kind("access.sign_in_refused", lazy("Sign-in refused"))
@frozen(slots=False)
class SignInRefused(Payload):
    """``username`` is empty for names nobody has: people type passwords there by mistake."""

    username: str
    count: int

    def words(self) -> str:
        return _("Sign-in refused: %(username)s, times: %(count)s") % {
            "username": self.username or _("unknown name"),
            "count": self.count,
        }
