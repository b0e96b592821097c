"""API clients and their keys: issued, replaced with an overlap, revoked."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from history.commands import Already, CommandRef, Outcome, Run, verb
from history.models import Event
from integrations import keys, locks, policies, scopes
from integrations.events import ClientAdded, ClientChanged, KeyIssued, KeyRevoked, KeyRotated
from integrations.models import ApiClient, ApiKey
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import Duplicate, NotFound, RuleViolation
from workshop.lib.text import clean_text, require_text

NAME_LENGTH: Final = 80
MOST_NETWORKS: Final = 50
HIGHEST_RATE: Final = 100_000
LONGEST_OVERLAP: Final = 24 * 30  # hours


@verb("client.add", "integrations.ApiClient")
def add_client(
    *,
    name: str,
    scopes: Collection[str],
    employee_id: int | None = None,
    networks: Collection[str] = (),
    rate: int | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ApiClient]:
    """A program that may talk to the API; it gets in with a key (:func:`issue_key`).

    ``rate``: requests a minute, None = the installation's. Raises NotAllowed, Duplicate
    ``integrations.client_exists``, RuleViolation ``integrations.unknown_scope``,
    ``integrations.not_a_network``, ``integrations.rate_out_of_range``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_open_doors(actor)
    name = _name(name)
    _ensure_free(name)
    client = ApiClient.objects.create(
        name=name,
        scopes=_scopes(scopes),
        employee=_employee(employee_id),
        networks=_networks(networks),
        rate=_rate(rate),
        created_at=run.at,
    )
    run.record(
        client.stream,
        ClientAdded(name=name, scopes=client.scopes, employee=_reference(client.employee)),
    )
    return Outcome(client)


@verb("client.change", "integrations.ApiClient")
def change_client(
    *,
    client_id: int,
    values: dict[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ApiClient]:
    """Change name, scopes, employee_id, networks, rate or active; holds from the next request on.

    Only fields named in ``values`` are touched. Raises as :func:`add_client`.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_open_doors(actor)
    client = locks.client(client_id)
    changes: dict[str, list[str]] = {}
    for field, value in _checked(values, client).items():
        old = getattr(client, field)
        if old != value:
            changes[field.removesuffix("_id")] = [_words(field, old), _words(field, value)]
            setattr(client, field, value)
    if changes:
        client.save()
        run.record(client.stream, ClientChanged(name=client.name, changes=changes))
    return Outcome(client)


@verb("client.issue_key", "integrations.ApiKey")
def issue_key(
    *,
    client_id: int,
    expires_at: datetime | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ApiKey]:
    """A new key. It comes in ``shown_once["key"]`` and is kept nowhere: a replay is without it.

    Raises NotAllowed, NotFound, RuleViolation ``integrations.client_inactive`` /
    ``integrations.expiry_in_past``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_open_doors(actor)
    client = _active(locks.client(client_id))
    if expires_at is not None and expires_at <= run.at:
        raise RuleViolation(
            "integrations.expiry_in_past", _("This moment is past."), field="expires_at"
        )
    row, key = _make(client, run.at, expires_at)
    until = clock.iso(expires_at) if expires_at else None
    run.record(client.stream, KeyIssued(name=client.name, prefix=row.prefix, expires_at=until))
    return Outcome(row, shown_once={"key": str(key)})


@verb("client.rotate_key", "integrations.ApiKey")
def rotate_key(
    *,
    key_id: int,
    overlap_hours: int = 24,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ApiKey]:
    """A new key for the client; the old one goes on for ``overlap_hours`` at most.

    The new key has no expiry of its own unless the old one had: then as long a life again.
    Raises NotAllowed, NotFound, RuleViolation ``integrations.key_ended`` /
    ``integrations.overlap_out_of_range``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_open_doors(actor)
    old = locks.key(key_id)
    client = _active(locks.client(old.client_id))
    if not old.is_valid(run.at):
        raise RuleViolation(
            "integrations.key_ended", _("This key has ended: issue a new one."), field="key"
        )
    if not 0 <= overlap_hours <= LONGEST_OVERLAP:
        raise RuleViolation(
            "integrations.overlap_out_of_range",
            _("From 0 to %(most)s hours."),
            field="overlap_hours",
            params={"most": LONGEST_OVERLAP},
        )
    life = old.expires_at - old.created_at if old.expires_at else None
    row, key = _make(client, run.at, run.at + life if life else None)
    last = run.at + timedelta(hours=overlap_hours)
    old.expires_at = min(filter(None, (old.expires_at, last)))
    old.save(update_fields=["expires_at"])
    run.record(
        client.stream,
        KeyRotated(name=client.name, old=old.prefix, new=row.prefix, overlap_hours=overlap_hours),
    )
    return Outcome(row, shown_once={"key": str(key)})


@verb("client.revoke_key", "integrations.ApiKey")
def revoke_key(
    *,
    key_id: int,
    reason: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ApiKey]:
    """End a key at once. Raises NotAllowed, NotFound. A revoked one is "already done"."""
    run = Run.of(actor, command, at)
    policies.ensure_may_open_doors(actor)
    key = locks.key(key_id)
    client = key.client
    if key.revoked_at is not None:
        return Outcome(key, already=_revoked_before(client, key))
    key.revoked_at = run.at
    key.save(update_fields=["revoked_at"])
    run.record(
        client.stream,
        KeyRevoked(
            name=client.name,
            prefix=key.prefix,
            reason=clean_text(reason, field="reason", limit=200),
        ),
    )
    return Outcome(key)


def _revoked_before(client: ApiClient, key: ApiKey) -> Already | None:
    events = Event.objects.filter(
        stream=client.stream, kind=KeyRevoked.kind, payload__prefix=key.prefix
    )
    event = events.first()
    return Already(event.actor_label, event.occurred_at) if event else None


def _make(client: ApiClient, at: datetime, until: datetime | None) -> tuple[ApiKey, keys.Key]:
    key = keys.new_key()
    row = ApiKey.objects.create(
        client=client,
        prefix=key.prefix,
        digest=keys.digest(key.secret),
        created_at=at,
        expires_at=until,
    )
    return row, key


def _active(client: ApiClient) -> ApiClient:
    if not client.active:
        raise RuleViolation(
            "integrations.client_inactive", _("This API client is switched off."), field="client"
        )
    return client


def _checked(values: dict[str, Any], client: ApiClient) -> dict[str, Any]:
    """The new values by field of the model, each of them valid."""
    checks: dict[str, Any] = {
        "name": _name,
        "scopes": _scopes,
        "networks": _networks,
        "rate": _rate,
        "active": bool,
        "employee_id": lambda pk: getattr(_employee(pk), "pk", None),
    }
    unknown = set(values) - set(checks)
    if unknown:
        raise TypeError(f"no fields of a client: {', '.join(sorted(unknown))}")
    checked = {field: checks[field](value) for field, value in values.items()}
    if checked.get("name", client.name) != client.name:
        _ensure_free(checked["name"])
    return checked


def _name(name: str) -> str:
    return require_text(name, field="name", limit=NAME_LENGTH)


def _ensure_free(name: str) -> None:
    known = ApiClient.objects.filter(name=name).values_list("pk", flat=True).first()
    if known is not None:
        raise Duplicate(
            "integrations.client_exists",
            _("There is an API client with this name."),
            field="name",
            existing_id=known,
        )


def _scopes(names: Iterable[str]) -> list[str]:
    wrong = scopes.unknown(names)
    if wrong:
        raise RuleViolation(
            "integrations.unknown_scope",
            _("There is no scope %(name)s."),
            field="scopes",
            params={"name": wrong[0]},
        )
    return sorted(set(names), key=scopes.ALL.index)


def _networks(texts: Iterable[str]) -> list[str]:
    found = []
    for text in texts:
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError:
            raise RuleViolation(
                "integrations.not_a_network",
                _("%(text)s is no address and no network such as 10.0.0.0/8."),
                field="networks",
                params={"text": text[:60]},
            ) from None
    if len(found) > MOST_NETWORKS:
        raise RuleViolation(
            "integrations.too_many_networks",
            _("At most %(most)s networks."),
            field="networks",
            params={"most": MOST_NETWORKS},
        )
    return found


def _rate(rate: int | None) -> int | None:
    if rate is not None and not 1 <= rate <= HIGHEST_RATE:
        raise RuleViolation(
            "integrations.rate_out_of_range",
            _("From 1 to %(most)s requests a minute."),
            field="rate",
            params={"most": HIGHEST_RATE},
        )
    return rate


def _employee(employee_id: int | None) -> Employee | None:
    if employee_id is None:
        return None
    found: Employee | None = Employee.objects.active().filter(pk=employee_id).first()
    if found is None:
        raise NotFound("staff.no_such_employee", _("There is no such employee."), field="employee")
    return found


def _reference(employee: Employee | None) -> dict[str, object] | None:
    return {"id": employee.pk, "name": employee.short_name} if employee else None


def _words(field: str, value: Any) -> str:
    if field == "employee_id" and value is not None:
        return Employee.objects.get(pk=value).short_name
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "+" if value else "−"
    return "" if value is None else str(value)
