"""What an access may ask for: every view names its scopes, one that names none is closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from workshop.lib.api.access import Access
from workshop.lib.errors import NotAllowed


class NeedsScope(BasePermission):
    """Every view says which scope each of its methods needs; one that says nothing is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Access):
            return False
        wanted = scopes_of(view).get(str(request.method))
        if wanted is None:
            if not hasattr(view, str(request.method).lower()):
                raise MethodNotAllowed(str(request.method))
            return False
        ensure_scope(request.auth, wanted)
        return True


def ensure_scope(access: Access, wanted: str) -> None:
    """Also for what needs more than the view itself. Raises NotAllowed."""
    if wanted not in access.scopes:
        raise NotAllowed(
            "api.scope_missing",
            _("This access lacks the scope %(scope)s."),
            params={"scope": wanted},
        )


def scopes_of(view: Any) -> Mapping[str, str]:
    """Method → scope, as the view declares it."""
    declared: Mapping[str, str] = getattr(view, "scopes", {})
    if "GET" in declared:
        declared = {"HEAD": declared["GET"], **declared}
    return {"OPTIONS": next(iter(declared.values())), **declared} if declared else {}


class AnyAccess(BasePermission):
    """Whoever proved who he is; no scope is needed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Access)


class Anybody(BasePermission):
    """Open to the world: the view proves by itself who may do what."""
