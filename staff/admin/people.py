"""People: the list, a person's page, and the verbs that change him."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from history.commands import Outcome
from staff import notice_kinds, roles
from staff.models import AccessRefusal, BotName, Employee, Invite
from staff.office.forms import DayField, OfficeVerb, choice
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from staff.selectors import is_to_review, start_link, to_review
from staff.services import (
    add_employee,
    change_roles,
    confirm_access,
    issue_invite,
    link_user,
    rename_employee,
    set_absence,
    set_active,
    set_language,
    unbind_telegram,
)
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import TechnicalAdmin, columns
from workshop.lib.export import Column

EMPLOYEE = "staff.Employee"
EDITORS = frozenset({roles.MANAGER, roles.INSPECTOR})
MANAGERS = frozenset({roles.MANAGER})


def roles_field() -> forms.MultipleChoiceField:
    """Access roles; inspectors are refused the ones that managers grant."""
    return forms.MultipleChoiceField(
        label=_("Access"),
        choices=list(roles.LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class AddEmployee(OfficeVerb):
    slug = "add"
    label = _("New employee")
    roles = EDITORS
    full_name = forms.CharField(label=_("Full name"), max_length=150)
    short_name = forms.CharField(
        label=_("Short name"), required=False, help_text=_("Empty = made from the full name")
    )
    access = roles_field()
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE
    )
    telegram_id = forms.IntegerField(
        label="Telegram id", required=False, help_text=_("Usually empty: send an invite instead")
    )
    field_names = {"roles": "access"}

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return add_employee(
            full_name=data["full_name"],
            short_name=data["short_name"],
            roles=data["access"],
            language=data["language"],
            telegram_id=data["telegram_id"],
            **common,
        )


@office_verb(EMPLOYEE)
class Rename(OfficeVerb):
    slug = "rename"
    label = _("Rename")
    roles = EDITORS
    full_name = forms.CharField(label=_("Full name"), max_length=150)
    short_name = forms.CharField(
        label=_("Short name"), required=False, help_text=_("Empty = made from the full name")
    )

    def build(self) -> None:
        for name in ("full_name", "short_name"):
            self.fields[name].initial = getattr(self.target, name)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return rename_employee(
            employee_id=self.target.pk,
            full_name=data["full_name"],
            short_name=data["short_name"],
            **common,
        )


@office_verb(EMPLOYEE)
class ChangeRoles(OfficeVerb):
    slug = "roles"
    label = _("Change the access")
    roles = EDITORS
    access = roles_field()
    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    field_names = {"roles": "access"}

    def build(self) -> None:
        held = sorted(self.target.roles)
        self.fields["access"].initial = held
        self.fields["shown"].initial = " ".join(held)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_roles(
            employee_id=self.target.pk,
            roles=data["access"],
            expected_roles=data["shown"].split(),
            **common,
        )


@office_verb(EMPLOYEE)
class ConfirmAccess(OfficeVerb):
    """For those whom an import has brought."""

    slug = "confirm-access"
    label = _("✅ Access and skills are right")
    roles = EDITORS

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and is_to_review(target)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return confirm_access(employee_id=self.target.pk, **common)


@office_verb(EMPLOYEE)
class SetAbsence(OfficeVerb):
    slug = "absence"
    label = _("Absence")
    roles = EDITORS
    absent_from = DayField(label=_("From (empty = today)"), required=False)
    absent_until = DayField(
        label=_("Until, included"), required=False, help_text=_("Both empty = present again")
    )

    def build(self) -> None:
        for name in ("absent_from", "absent_until"):
            self.fields[name].initial = getattr(self.target, name)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return set_absence(
            employee_id=self.target.pk,
            absent_from=data["absent_from"],
            absent_until=data["absent_until"],
            **common,
        )


@office_verb(EMPLOYEE)
class SetLanguage(OfficeVerb):
    slug = "language"
    label = _("Language of the bot")
    roles = EDITORS
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE
    )

    def build(self) -> None:
        self.fields["language"].initial = self.target.language

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return set_language(employee_id=self.target.pk, language=data["language"], **common)


@office_verb(EMPLOYEE)
class IssueInvite(OfficeVerb):
    """The link is shown once, on the page that answers."""

    slug = "invite"
    label = _("Invite to the bot")
    roles = EDITORS

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.active and target.telegram_id is None

    def intro(self) -> list[str]:
        return [_now("A link for one use, for 24 hours. Earlier links of this person end.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return issue_invite(employee_id=self.target.pk, **common)


@office_verb(EMPLOYEE)
class Unbind(OfficeVerb):
    slug = "unbind"
    label = _("Unbind Telegram")
    shown_in = "more"
    roles = EDITORS
    danger = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.telegram_id is not None

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return unbind_telegram(employee_id=self.target.pk, **common)


@office_verb(EMPLOYEE)
class LinkUser(OfficeVerb):
    slug = "account"
    label = _("Office account")
    shown_in = "more"
    roles = MANAGERS
    user = choice(User.objects.none(), _("Office account"), required=False)

    def build(self) -> None:
        free = User.objects.filter(employee=None, is_active=True)
        own = User.objects.filter(pk=self.target.user_id)
        self.fields["user"].queryset = free | own  # type: ignore[attr-defined]
        self.fields["user"].initial = self.target.user_id

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return link_user(
            employee_id=self.target.pk,
            user_id=data["user"].pk if data["user"] else None,
            **common,
        )


class Switch(OfficeVerb):
    """On or off."""

    shown_in = "more"
    roles = EDITORS
    active = True
    field_names = {"roles": ""}

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.active != cls.active

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return set_active(employee_id=self.target.pk, active=self.active, **common)


@office_verb(EMPLOYEE)
class Activate(Switch):
    slug = "activate"
    label = _("Activate")


@office_verb(EMPLOYEE)
class Deactivate(Switch):
    slug = "deactivate"
    label = _("Deactivate")
    active = False
    danger = True

    def intro(self) -> list[str]:
        return [_now("The person is refused at every door at once; the records stay.")]


class RoleFilter(DropdownFilter):
    title = _("access")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(roles.LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.with_role(value) if value in roles.LABELS else queryset  # type: ignore[attr-defined]


class ReviewFilter(DropdownFilter):
    """Brought by an import, and nobody has looked at the guessed access yet."""

    title = _("review")
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("to review after the import"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(pk__in=to_review()) if self.value() == "1" else queryset


class ActiveFilter(DropdownFilter):
    """People who left are out of sight until they are asked for."""

    title = _("activity")
    parameter_name = "activity"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", _("active")), ("off", _("deactivated")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(active=self.value() != "off")


@admin.register(Employee)
class EmployeeAdmin(OfficeAdmin):
    add_verb = AddEmployee
    page_template = "office/object.html"
    list_display = ("full_name", "short_name", "roles_column", "state_column", "telegram_column")
    list_filter = (RoleFilter, ActiveFilter, ReviewFilter)
    search_fields = ("full_name", "short_name", "telegram_username")
    search_help_text = _("Name or Telegram username")
    ordering = ("full_name",)
    # Named so that the import takes the file back.
    export_columns = (
        Column(_("Full name"), "full_name"),
        Column(_("Short name"), "short_name"),
        Column(_("Access"), lambda row: roles_in_words(row) if row.roles else ""),
        Column(_("Kinds of work"), lambda row: ", ".join(map(str, row.skills.all()))),
        Column(_("Telegram id"), "telegram_id"),
        Column(_("Language"), lambda row: row.get_language_display()),
        Column(_("Active"), "active"),
    )

    def export_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.prefetch_related("skills")

    @columns(label=_("Access"))
    def roles_column(self, row: Employee) -> str:
        return roles_in_words(row)

    @columns(label=_("State"))
    def state_column(self, row: Employee) -> str:
        return state_in_words(row)

    @columns(label="Telegram")
    def telegram_column(self, row: Employee) -> str:
        return telegram_in_words(row)

    def verb_done(
        self, request: HttpRequest, form: OfficeVerb, outcome: Outcome[Any]
    ) -> HttpResponse:
        token = outcome.shown_once.get("token")
        if token is None:
            return super().verb_done(request, form, outcome)
        link = invite_link(token)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _now("Invite to the bot"),
            "subtitle": str(form.target),
            "target": form.target,
            "link": link,
            "qr": qr_picture(link),
            "until": clock.show(outcome.object.expires_at),
            "back": self.url("change", form.target.pk),
        }
        request.current_app = self.admin_site.name
        response = TemplateResponse(request, "office/invite.html", context)
        response["Cache-Control"] = "no-store"
        return response


def invite_link(token: str) -> str:
    """The link that opens the bot; without a known name of the bot, the command to send it."""
    return start_link(token) or f"/start {token}"


def qr_picture(text: str) -> str:
    """The text as a QR code, a picture inside the page (data:)."""
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(scale=5, border=3, light="#ffffff"))


def roles_in_words(row: Employee) -> str:
    """The access in the order of the table of roles."""
    return ", ".join(str(label) for name, label in roles.LABELS.items() if name in row.roles) or "—"


def state_in_words(row: Employee) -> str:
    """Active, deactivated, or absent until."""
    if not row.active:
        return _now("deactivated")
    if row.absent_until and row.is_absent(clock.today()):
        return _now("absent until %(day)s") % {"day": f"{row.absent_until:%d.%m.%Y}"}
    return _now("active")


def telegram_in_words(row: Employee) -> str:
    """The bound account."""
    if row.telegram_id is None:
        return "—"
    return f"@{row.telegram_username}" if row.telegram_username else str(row.telegram_id)


@page_section(EMPLOYEE, "office/object/facts.html", order=10)
def person(target: Employee, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = [
        (_now("Full name"), target.full_name),
        (_now("Short name"), target.short_name),
        (_now("Access"), roles_in_words(target)),
        (_now("State"), state_in_words(target)),
        ("Telegram", telegram_in_words(target)),
        (_now("Language"), dict(settings.LANGUAGES)[target.language]),
        (_now("Muted notices"), _muted(target)),
        (_now("Office account"), target.user or "—"),
    ]
    return {"title": _now("Employee"), "facts": rows}


def _muted(person: Employee) -> str:
    return notice_kinds.names(person.muted_notices) if person.muted_notices else "—"


@admin.register(Invite)
class InviteAdmin(TechnicalAdmin):
    list_display = ("employee", "created_at", "expires_at", "used_at", "revoked_at")
    list_select_related = ("employee",)
    exclude = ("token_hash",)


@admin.register(AccessRefusal)
class AccessRefusalAdmin(TechnicalAdmin):
    list_display = ("subject", "told_at", "untold")


@admin.register(BotName)
class BotNameAdmin(TechnicalAdmin):
    list_display = ("username", "told_at")
