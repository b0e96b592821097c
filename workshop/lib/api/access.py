"""Who asks the API: the actor, what he may ask for, and in whose name his requests are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from workshop.lib.actor import Actor

if TYPE_CHECKING:
    from rest_framework.request import Request


@dataclass(frozen=True)
class Access:
    """``request.auth`` of every authenticated request, whatever it was authenticated by.

    ``client`` names the one who repeats commands and spends requests: ``api:client:5``.
    """

    actor: Actor
    scopes: frozenset[str]
    client: str
    rate: int | None = None


class Principal:
    """``request.user`` of a program: authenticated, and no account of the office."""

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    pk: ClassVar[None] = None

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def get_username(self) -> str:
        return self.name


def access_of(request: Request) -> Access:
    """The access of an authenticated request."""
    return cast(Access, request.auth)
