"""Verbs on people: added, renamed, given access, absent, switched off.

Telegram accounts and invites stay with people: no program gets hold of a bot's door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from django.conf import settings
from rest_framework import serializers

from history.api.verbs import RowVerb
from history.commands import Outcome
from staff import locks, roles
from staff.api.views import EMPLOYEES
from staff.notice_kinds import NoticeKind
from staff.services import (
    add_employee,
    change_roles,
    mute_notices,
    rename_employee,
    set_absence,
    set_active,
    set_language,
)
from workshop.lib.api.fields import DayField, TextField, YesNoField

Form = serializers.Serializer[Any]
MANAGE: Final = "staff:manage"


class EmployeeVerb(RowVerb):
    """People with more access than masters and polishers need `staff:manage` besides."""

    scopes = {"POST": "staff:write"}
    of = EMPLOYEES
    key = "employee_id"
    lock = locks.employee

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        actor = common["actor"]
        if MANAGE not in self.access.scopes:
            # A scope for something else makes a client a manager: not over people.
            common["actor"] = replace(actor, roles=actor.roles - {roles.MANAGER})
        return super().call(data, **common)


class RolesField(serializers.ListField):
    """Access roles."""

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.ChoiceField(choices=list(roles.LABELS.items()))
        super().__init__(child=child, max_length=len(roles.ALL), **kwargs)


class NewEmployeeForm(Form):
    example: ClassVar = {"full_name": "Сидоров Пётр", "roles": ["master"], "language": "ru"}

    full_name = TextField(required=True)
    short_name = TextField(help_text="made from the full name, when left out")
    roles = RolesField(required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)


class AddEmployee(EmployeeVerb):
    """A new person (masters and polishers; others need `staff:manage` besides)."""

    body = NewEmployeeForm
    key = ""
    created = True
    service = add_employee


class NameForm(Form):
    example: ClassVar = {"full_name": "Сидоров Пётр Ильич", "short_name": "Сидоров П. И."}

    full_name = TextField(required=True)
    short_name = TextField(help_text="made from the full name, when left out")


class Rename(EmployeeVerb):
    """Another name; the past keeps the name of its time."""

    body = NameForm
    service = rename_employee


class RolesForm(Form):
    example: ClassVar = {"roles": ["master", "polisher"]}

    roles = RolesField(help_text="all of them")


class ChangeRoles(EmployeeVerb):
    """What a person may do from now on (beyond masters and polishers: `staff:manage` besides)."""

    body = RolesForm
    service = change_roles


class ActiveForm(Form):
    active = YesNoField()


class SetActive(EmployeeVerb):
    """Switch a person on or off; off works at once at every door."""

    body = ActiveForm
    service = set_active


class AbsenceForm(Form):
    """Days of the workshop's calendar, both included."""

    absent_from = DayField(required=False, allow_null=True, help_text="today, when left out")
    absent_until = DayField(allow_null=True, help_text="null: he is here")


class SetAbsence(EmployeeVerb):
    """Absent from one day to another, or here again."""

    body = AbsenceForm
    service = set_absence


class LanguageForm(Form):
    example: ClassVar = {"language": "en"}

    language = serializers.ChoiceField(choices=settings.LANGUAGES)


class SetLanguage(EmployeeVerb):
    """The language in which the bot speaks to a person."""

    body = LanguageForm
    service = set_language


class NoticesForm(Form):
    example: ClassVar = {"kinds": ["assignment"], "muted": True}

    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=NoticeKind.choices),
        min_length=1,
        max_length=len(NoticeKind),
    )
    muted = YesNoField()


class MuteNotices(EmployeeVerb):
    """Switch kinds of notices off for a person, or on again."""

    body = NoticesForm
    service = mute_notices


VERBS: Final = {
    "rename": Rename,
    "roles": ChangeRoles,
    "active": SetActive,
    "absence": SetAbsence,
    "language": SetLanguage,
    "notices": MuteNotices,
}
