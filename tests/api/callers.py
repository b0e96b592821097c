"""Programs that talk to the API of the tests, each with a key of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from integrations import scopes
from integrations.models import ApiClient
from integrations.services.clients import add_client, issue_key
from receipts.models import Receipt, ReturnItem
from receipts.services.returns import ItemInput, return_watch
from tests.cast import Cast, make_submitted, reason_id
from workshop.lib.actor import system_actor

BASE = "/api/v1"
SYSTEM = system_actor("tests")


@dataclass
class Caller:
    """A client of the API with its key; answers are Django's, with ``.json()``."""

    client: ApiClient
    key: str

    def __post_init__(self) -> None:
        self.http = Client(headers={"Authorization": f"Bearer {self.key}"})

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> HttpResponse:
        return self.http.get(BASE + path, query, headers=headers or {})  # type: ignore[return-value]

    def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        return self.http.post(  # type: ignore[return-value]
            BASE + path, body or {}, content_type="application/json", headers=headers or {}
        )

    def once(self, key: str, path: str, body: dict[str, Any] | None = None) -> HttpResponse:
        """A write under an Idempotency-Key."""
        return self.post(path, body, headers={"Idempotency-Key": key})


def make_caller(name: str = "shop", *, held: tuple[str, ...] = scopes.ALL, **more: Any) -> Caller:
    client = add_client(name=name, scopes=held, actor=SYSTEM, **more).object
    key = issue_key(client_id=client.pk, actor=SYSTEM).shown_once["key"]
    return Caller(client, key)


def make_returned(cast: Cast) -> Receipt:
    """A watch that Igor sent back because of dirt inside: Maxim assembled it."""
    receipt = make_submitted(cast)
    item = ItemInput(
        reason_id=reason_id("dirt_inside"),
        responsibility=ReturnItem.Responsibility.PERSON,
        responsible_id=cast.maxim.pk,
    )
    return return_watch(
        receipt_id=receipt.pk, items=[item], assembler_id=cast.maxim.pk, actor=cast.actor("igor")
    ).object
