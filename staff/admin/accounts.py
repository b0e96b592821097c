"""Office accounts and their groups; Django's own pages for them are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.forms import AdminOwnPasswordChangeForm

from history.commands import Outcome
from staff import roles
from staff.actors import user_actor
from staff.office.forms import OfficeVerb
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from staff.services import (
    change_groups,
    change_password,
    create_user,
    rename_user,
    set_user_active,
)
from workshop.lib import clock
from workshop.lib.actor import ADMIN, Actor, Channel
from workshop.lib.admin import KeptAdmin, TechnicalAdmin, columns

USER = "auth.User"
ADMINISTRATION = frozenset({roles.MANAGER, roles.ADMINISTRATOR})

GROUP_LABELS = {
    roles.GROUPS[roles.MANAGER]: _("Office manager"),
    roles.GROUPS[roles.OWNER]: _("Owner (read-only)"),
    roles.ADMINISTRATORS: _("Administrator"),
}


def groups_field() -> forms.MultipleChoiceField:
    """The office's groups."""
    return forms.MultipleChoiceField(
        label=_("Groups"),
        choices=list(GROUP_LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


def password_field() -> forms.CharField:
    """A new password."""
    return forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, not only digits"),
    )


class AddUser(OfficeVerb):
    slug = "add"
    label = _("New office account")
    roles = ADMINISTRATION
    username = forms.CharField(label=_("Sign-in name"), max_length=150)
    password = password_field()
    first_name = forms.CharField(label=_("First name"), required=False, max_length=150)
    last_name = forms.CharField(label=_("Last name"), required=False, max_length=150)
    groups = groups_field()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        names = ("username", "password", "first_name", "last_name", "groups")
        return create_user(**{name: data[name] for name in names}, **common)


@office_verb(USER)
class RenameUser(OfficeVerb):
    slug = "rename"
    label = _("Rename")
    roles = ADMINISTRATION
    first_name = forms.CharField(label=_("First name"), required=False, max_length=150)
    last_name = forms.CharField(label=_("Last name"), required=False, max_length=150)

    def build(self) -> None:
        for name in ("first_name", "last_name"):
            self.fields[name].initial = getattr(self.target, name)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return rename_user(
            user_id=self.target.pk,
            first_name=data["first_name"],
            last_name=data["last_name"],
            **common,
        )


@office_verb(USER)
class ChangeGroups(OfficeVerb):
    slug = "groups"
    label = _("Change the groups")
    roles = ADMINISTRATION
    groups = groups_field()

    def build(self) -> None:
        held = self.target.groups.values_list("name", flat=True)
        self.fields["groups"].initial = list(held)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_groups(user_id=self.target.pk, groups=data["groups"], **common)


@office_verb(USER)
class SetPassword(OfficeVerb):
    slug = "password"
    label = _("Set a new password")
    roles = ADMINISTRATION
    password = password_field()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_password(user_id=self.target.pk, password=data["password"], **common)


class Switch(OfficeVerb):
    """On or off."""

    shown_in = "more"
    roles = ADMINISTRATION
    active = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.is_active != cls.active

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return set_user_active(user_id=self.target.pk, active=self.active, **common)


@office_verb(USER)
class Activate(Switch):
    slug = "activate"
    label = _("Activate")


@office_verb(USER)
class Deactivate(Switch):
    slug = "deactivate"
    label = _("Deactivate")
    active = False
    danger = True


def groups_in_words(user: User) -> str:
    """The groups by their labels."""
    names = [str(GROUP_LABELS.get(group.name, group.name)) for group in user.groups.all()]
    if user.is_superuser:
        names.insert(0, _now("superuser"))
    return ", ".join(names) or "—"


class UserAdmin(OfficeAdmin):
    add_verb = AddUser
    page_template = "office/object.html"
    list_display = ("username", "first_name", "last_name", "groups_column", "is_active")
    list_filter = ("is_active",)
    search_fields = ("username", "first_name", "last_name")
    ordering = ("username",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def stream_of(self, obj: Any) -> str:
        return f"access:user:{obj.pk}"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The manager looks after accounts without Django's own permissions on users.
        return super().has_view_permission(request, obj) or request.user.has_perm(
            "staff.view_employee"
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @columns(label=_("Groups"))
    def groups_column(self, row: User) -> str:
        return groups_in_words(row)


@page_section(USER, "office/object/facts.html", order=10)
def account(target: User, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    person = getattr(target, "employee", None)
    rows = [
        (_now("Sign-in name"), target.username),
        (_now("Name"), target.get_full_name() or "—"),
        (_now("Groups"), groups_in_words(target)),
        (_now("Employee"), person or "—"),
        (_now("Active"), target.is_active),
        (_now("Last sign-in"), clock.show(target.last_login) or "—"),
    ]
    return {"title": _now("Office account"), "facts": rows}


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Django's page for one's own password; the service writes it, with its event."""

    def save(self, commit: bool = True) -> User:
        user: User = self.user
        change_password(
            user_id=user.pk,
            password=self.cleaned_data["new_password1"],
            actor=user_actor(user, Channel(ADMIN)),
        )
        user.refresh_from_db()
        return user


def password_change(request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
    """The theme's page with our form; the theme offers no setting for it."""
    site = admin.site
    request.current_app = site.name
    view = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse(f"{site.name}:password_change_done"),
        extra_context={**site.each_context(request), **(extra_context or {})},
        template_name="registration/password_change_form.html",
    )
    return view(request)


admin.site.password_change = password_change  # type: ignore[method-assign,assignment]


class GroupAdmin(KeptAdmin):
    list_display = ("name",)
    search_fields = ("name",)


for _model, _page in ((User, UserAdmin), (Group, GroupAdmin)):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
    admin.site.register(_model, _page)


class PeriodicTaskAdmin(TechnicalAdmin):
    list_display = ("name", "task", "enabled", "last_run_at", "total_run_count")


# The scheduler's own pages would add, change and delete jobs past the program that declares them.
_SCHEDULES = (ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule)
for _model in (*_SCHEDULES, PeriodicTask):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
admin.site.register(PeriodicTask, PeriodicTaskAdmin)
