"""Who asks the API: a program with its key, an office user with his session, a reader of numbers.

Whatever is wrong with a key (unknown, mistyped, ended, from a foreign address) the answer is the
same, and so is the work done for it.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    SessionAuthentication,
)
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from integrations import keys, proofs, scopes, selectors
from integrations.actors import client_actor
from integrations.models import ApiKey
from integrations.services.registrations import GROUP
from integrations.services.usage import note_use
from staff.actors import user_actor
from staff.office.pages import actor_of
from workshop.lib import clock
from workshop.lib.actor import API, KIND_CLIENT, Channel
from workshop.lib.addresses import client_address, within
from workshop.lib.api.access import Access, Principal
from workshop.lib.correlation import note, request_id

WRONG: Final = _("This API key is not valid.")
HEADER: Final = "X-API-Key"
# Compared with when there is no such key, so that the answer takes as long.
_NOBODY: Final = "0" * 64


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>`` or ``X-API-Key: <key>``."""

    def authenticate(self, request: Request) -> tuple[Principal, Access] | None:
        text = _sent(request)
        if text is None:
            return None
        row = proofs.of(text) or _proven(text)
        if row is None or not _may_enter(row, request):
            raise AuthenticationFailed(WRONG)
        client = row.client
        note(actor=f"{KIND_CLIENT}:{client.pk}")
        access = Access(
            actor=client_actor(client, channel()),
            scopes=frozenset(client.scopes),
            client=f"api:client:{client.pk}",
            rate=client.rate,
        )
        return Principal(client.name), access

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class OfficeAuthentication(SessionAuthentication):
    """An office user from the pages he is signed in to; writing needs the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Access] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user = found[0]
        actor = user_actor(user, channel())
        held = scopes.of_roles(actor.roles)
        return user, Access(actor=actor, scopes=held, client=f"api:user:{user.pk}")

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:  # in English, with reasons for whoever builds the site
            raise PermissionDenied(
                _("The CSRF token is missing or wrong: open the page again.")
            ) from error


def office_scopes(request: HttpRequest) -> frozenset[str]:
    """What the office user of a page may ask for (``OFFICE_SCOPES``)."""
    return scopes.of_roles(actor_of(request).roles)


class ReaderAuthentication(BasicAuthentication):
    """Name and password of somebody who signed up for the numbers, and nobody else's."""

    def authenticate_credentials(  # type: ignore[override]  # the stubs know no second value
        self, userid: str, password: str, request: Any = None
    ) -> tuple[User, Access]:
        # One answer: else it would tell that a password of the office was guessed.
        wrong = AuthenticationFailed(_("Wrong user name or password."))
        if "\x00" in userid or "\x00" in password:
            raise wrong
        try:
            user, _nothing = super().authenticate_credentials(userid, password, request)
        except AuthenticationFailed:
            raise wrong from None
        if not user.groups.filter(name=GROUP).exists():
            raise wrong
        actor = user_actor(user, channel())
        held = frozenset({scopes.ANALYTICS_READ})
        return user, Access(actor=actor, scopes=held, client=f"api:user:{user.pk}")


def channel() -> Channel:
    """The API as the door of this request."""
    return Channel(API, correlation_id=request_id()[:64])


def _sent(request: Request) -> str | None:
    """The key in the request; None when there is none (another way of proving may be used)."""
    header = request.headers.get("Authorization", "")
    kind, _blank, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    given = request.headers.get(HEADER)
    return given.strip() if given is not None else None


def _proven(text: str) -> ApiKey | None:
    """The key that the text proves, which is then believed for a moment.

    Until it is proven an unknown key and a wrong secret take the same steps.
    """
    key = keys.parse(text)
    stored = selectors.digest_of(key.prefix) if key else None
    proven = keys.matches(key.secret if key else "", stored or _NOBODY)
    row = selectors.key_by_prefix(key.prefix) if key and proven else None
    if key is None or row is None:
        return None
    note_use(row, key.secret)
    proofs.keep(text, row)
    return row


def _may_enter(row: ApiKey, request: Request) -> bool:
    client = row.client
    if not client.active or not row.is_valid(clock.now()):
        return False
    if client.employee is not None and not client.employee.active:
        return False
    return not client.networks or within(client_address(request), client.networks)
