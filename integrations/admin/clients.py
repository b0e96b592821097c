"""API clients, their keys (shown once), and tokens for signing up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from integrations import scopes
from integrations.models import ApiClient, ApiKey, RateWindow, RegistrationToken
from integrations.services.clients import (
    add_client,
    change_client,
    issue_key,
    revoke_key,
    rotate_key,
)
from integrations.services.registrations import open_registration
from staff import roles
from staff.models import Employee
from staff.office.forms import MomentField, OfficeVerb, choice, reason
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import TechnicalAdmin, columns
from workshop.lib.errors import NotFound

CLIENT = "integrations.ApiClient"
OPENERS = frozenset({roles.MANAGER, roles.ADMINISTRATOR})


class ClientFields(OfficeVerb):
    """What adding and changing have in common."""

    roles = OPENERS
    name = forms.CharField(label=_("Name"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=lambda: [
            (group, [(name, f"{words} ({name})") for name, words in rows])
            for group, rows in scopes.grouped(scopes.ALL)
        ],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    employee = choice(
        Employee.objects.none(),
        _("Employee behind it"),
        required=False,
        help_text=_("Needed where the record names who inspected"),
    )
    networks = forms.CharField(
        label=_("Allowed addresses"),
        required=False,
        help_text=_("Addresses or networks such as 10.0.0.0/8, with blanks between; empty = all"),
    )
    rate = forms.IntegerField(
        label=_("Requests a minute"), required=False, help_text=_("Empty = as set for all")
    )

    def build(self) -> None:
        self.fields["employee"].queryset = Employee.objects.active()  # type: ignore[attr-defined]

    @staticmethod
    def values(data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as the services take them."""
        return {
            "name": data["name"],
            "scopes": data["scopes"],
            "employee_id": data["employee"].pk if data["employee"] else None,
            "networks": data["networks"].replace(",", " ").split(),
            "rate": data["rate"],
        }


class AddClient(ClientFields):
    slug = "add"
    label = _("New API client")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return add_client(**self.values(data), **common)


@office_verb(CLIENT)
class ChangeClient(ClientFields):
    slug = "change"
    label = _("Change the client")

    def build(self) -> None:
        super().build()
        for name in ("name", "scopes", "employee", "rate"):
            self.fields[name].initial = getattr(self.target, name)
        self.fields["networks"].initial = " ".join(self.target.networks)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_client(client_id=self.target.pk, values=self.values(data), **common)


@office_verb(CLIENT)
class IssueKey(OfficeVerb):
    """The key is shown once, on the page that answers."""

    slug = "key"
    label = _("New API key")
    roles = OPENERS
    expires_at = MomentField(label=_("Valid until (empty = without end)"), required=False)

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.active

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return issue_key(client_id=self.target.pk, expires_at=data["expires_at"], **common)


class KeyVerb(OfficeVerb):
    """A verb beside a key of the client."""

    shown_in = "row"
    roles = OPENERS

    def key_id(self) -> int:
        row = self.cleaned_data.get("row") if hasattr(self, "cleaned_data") else self.row_id
        known = ApiKey.objects.filter(client=self.target, pk=row or 0).first()
        if known is None:
            raise NotFound("integrations.no_such_key", _("There is no such API key."), field="row")
        return int(known.pk)

    def build(self) -> None:
        if self.row_id is not None:
            self.key_id()


@office_verb(CLIENT)
class RotateKey(KeyVerb):
    slug = "rotate"
    label = _("Replace the key")
    overlap_hours = forms.IntegerField(
        label=_("The old one counts for so many hours more"), initial=24, min_value=0
    )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return rotate_key(key_id=self.key_id(), overlap_hours=data["overlap_hours"], **common)


@office_verb(CLIENT)
class RevokeKey(KeyVerb):
    slug = "revoke"
    label = _("Revoke")
    danger = True
    reason = reason()

    def intro(self) -> list[str]:
        return [_now("Programs that use this key are refused at once.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return revoke_key(key_id=self.key_id(), reason=data["reason"], **common)


class SwitchClient(OfficeVerb):
    """On or off."""

    shown_in = "more"
    roles = OPENERS
    active = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.active != cls.active

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return change_client(client_id=self.target.pk, values={"active": self.active}, **common)


@office_verb(CLIENT)
class SwitchOn(SwitchClient):
    slug = "on"
    label = _("Switch on")


@office_verb(CLIENT)
class SwitchOff(SwitchClient):
    slug = "off"
    label = _("Switch off")
    active = False
    danger = True


class SecretAdmin(OfficeAdmin):
    """Pages whose verbs hand out a secret: it is shown once and kept nowhere."""

    secret = ""
    secret_title = _("New API key")
    secret_note = _("Shown only once: copy it now. It is kept nowhere.")

    def verb_done(
        self, request: HttpRequest, form: OfficeVerb, outcome: Outcome[Any]
    ) -> HttpResponse:
        secret = outcome.shown_once.get(self.secret)
        if secret is None:
            return super().verb_done(request, form, outcome)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.secret_title,
            "subtitle": str(form.target or ""),
            "secret": secret,
            "note": self.secret_note,
            "back": self._back(form.after(outcome)),
        }
        request.current_app = self.admin_site.name
        response = TemplateResponse(request, "office/secret.html", context)
        response["Cache-Control"] = "no-store"
        return response


@admin.register(ApiClient)
class ApiClientAdmin(SecretAdmin):
    add_verb = AddClient
    page_template = "office/object.html"
    secret = "key"  # noqa: S105
    list_display = ("name", "scopes_column", "employee", "active")
    list_filter = ("active",)
    list_select_related = ("employee",)
    search_fields = ("name",)

    @columns(label=_("Scopes"))
    def scopes_column(self, row: ApiClient) -> str:
        groups = [f"{group} ({len(held)})" for group, held in row.scope_groups()]
        return ", ".join(groups) or "—"


@page_section(CLIENT, "office/object/facts.html", order=10)
def client(target: ApiClient, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = [
        (_now("Name"), target.name),
        (_now("State"), _now("active") if target.active else _now("deactivated")),
        (_now("Employee behind it"), target.employee or "—"),
        (_now("Allowed addresses"), ", ".join(target.networks) or _now("all")),
        (_now("Requests a minute"), target.rate or "—"),
    ]
    return {"title": _now("API client"), "facts": rows}


@page_section(CLIENT, "office/object/scopes.html", order=15)
def allowed(target: ApiClient, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return {"title": _now("Scopes"), "groups": target.scope_groups()}


@page_section(CLIENT, "office/object/keys.html", order=20)
def keys(target: ApiClient, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    at = clock.now()
    rows = [{"key": key, "counts": key.is_valid(at)} for key in target.keys.all()[:100]]
    return {"title": _now("API keys"), "rows": rows}


class OpenRegistration(OfficeVerb):
    slug = "add"
    label = _("New registration token")
    roles = OPENERS

    def intro(self) -> list[str]:
        return [_now("Lets one person sign up for the numbers of the API, within a week.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return open_registration(**common)


@admin.register(RegistrationToken)
class RegistrationTokenAdmin(SecretAdmin):
    add_verb = OpenRegistration
    secret = "token"  # noqa: S105
    secret_title = _("New registration token")
    list_display = ("id", "created_at", "expires_at", "used_at", "username")
    exclude = ("digest",)


@admin.register(ApiKey)
class ApiKeyAdmin(TechnicalAdmin):
    list_display = ("prefix", "client", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("client",)
    exclude = ("digest",)


@admin.register(RateWindow)
class RateWindowAdmin(TechnicalAdmin):
    list_display = ("key", "began", "used")
