"""The actor of a program."""

from __future__ import annotations

from integrations import scopes
from integrations.models import ApiClient
from workshop.lib.actor import KIND_CLIENT, Actor, Channel


def client_actor(client: ApiClient, channel: Channel) -> Actor:
    """A program, with the roles of its scopes; behind it the employee it is bound to, if any."""
    return Actor(
        kind=KIND_CLIENT,
        id=client.pk,
        label=client.name,
        channel=channel,
        roles=scopes.roles_of(client.scopes),
        employee_id=client.employee_id,
    )
