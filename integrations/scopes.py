"""Scopes of API keys: what a client may ask for, and which access roles that gives its actor.

Every endpoint names the scope it needs; the roles are for the policies of the services behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext_lazy as _

from staff import roles

RECEIPTS_READ: Final = "receipts:read"
RECEIPTS_WRITE: Final = "receipts:write"
RECEIPTS_MANAGE: Final = "receipts:manage"
CUSTOMERS_READ: Final = "customers:read"
CUSTOMERS_WRITE: Final = "customers:write"
STAFF_READ: Final = "staff:read"
STAFF_WRITE: Final = "staff:write"
STAFF_MANAGE: Final = "staff:manage"
CATALOGUES_MANAGE: Final = "catalogues:manage"
SYSTEM_READ: Final = "system:read"
SYSTEM_MANAGE: Final = "system:manage"
HISTORY_READ: Final = "history:read"
ANALYTICS_READ: Final = "analytics:read"
ANALYTICS_PEOPLE: Final = "analytics:people"
MONITORING_READ: Final = "monitoring:read"
MONITORING_MANAGE: Final = "monitoring:manage"
WEBHOOKS_MANAGE: Final = "webhooks:manage"
DATA_MANAGE: Final = "data:manage"

LABELS: Final = {
    RECEIPTS_READ: _("read receipts, works, returns, catalogues"),
    RECEIPTS_WRITE: _("do what an inspector does with receipts"),
    RECEIPTS_MANAGE: _("void receipts, merge and erase customers, as a manager"),
    CUSTOMERS_READ: _("read customers with names and phones"),
    CUSTOMERS_WRITE: _("add and change customers"),
    STAFF_READ: _("read employees"),
    STAFF_WRITE: _("add and change masters and polishers"),
    STAFF_MANAGE: _("change people with more access, as a manager"),
    CATALOGUES_MANAGE: _("change the catalogues"),
    SYSTEM_READ: _("read the sending queue and the jobs"),
    SYSTEM_MANAGE: _("start jobs and send notices again"),
    HISTORY_READ: _("read the history"),
    ANALYTICS_READ: _("read the numbers"),
    ANALYTICS_PEOPLE: _("read the numbers of named people"),
    MONITORING_READ: _("read the state, its numbers, alerts and risks"),
    MONITORING_MANAGE: _("answer alerts and change their rules"),
    WEBHOOKS_MANAGE: _("manage webhooks"),
    DATA_MANAGE: _("import and export"),
}
ALL: Final = tuple(LABELS)
# What stands together on a page: the name before the colon, and what it is called there.
GROUPS: Final = {
    "receipts": _("Receipts"),
    "customers": _("Customers"),
    "staff": _("Staff"),
    "catalogues": _("Catalogues"),
    "history": _("History"),
    "analytics": _("Analytics"),
    "monitoring": _("Monitoring"),
    "system": _("Queue and jobs"),
    "webhooks": _("Webhooks"),
    "data": _("Import and export"),
}
READING: Final = frozenset(
    {RECEIPTS_READ, STAFF_READ, HISTORY_READ, ANALYTICS_READ, ANALYTICS_PEOPLE, MONITORING_READ}
)

_MANAGERS: Final = frozenset(
    {
        RECEIPTS_MANAGE,
        STAFF_MANAGE,
        CATALOGUES_MANAGE,
        SYSTEM_READ,
        SYSTEM_MANAGE,
        ANALYTICS_PEOPLE,
        MONITORING_MANAGE,
        WEBHOOKS_MANAGE,
        DATA_MANAGE,
    }
)
# What an office user of the API may do by his access roles (sessions have no scopes of their own).
_OF_ROLES: Final = {
    roles.MANAGER: frozenset(ALL),
    roles.INSPECTOR: frozenset(ALL) - _MANAGERS,
    roles.ADMINISTRATOR: frozenset(
        {SYSTEM_READ, SYSTEM_MANAGE, MONITORING_READ, MONITORING_MANAGE}
    ),
    roles.OWNER: READING,
}
_ROLES_OF: Final = {
    RECEIPTS_WRITE: roles.INSPECTOR,
    STAFF_WRITE: roles.INSPECTOR,
    CUSTOMERS_WRITE: roles.INSPECTOR,
    RECEIPTS_MANAGE: roles.MANAGER,
    STAFF_MANAGE: roles.MANAGER,
    CATALOGUES_MANAGE: roles.MANAGER,
    SYSTEM_MANAGE: roles.MANAGER,
    MONITORING_MANAGE: roles.MANAGER,
    WEBHOOKS_MANAGE: roles.MANAGER,
    DATA_MANAGE: roles.MANAGER,
}


def roles_of(scopes: Iterable[str]) -> frozenset[str]:
    """The access roles that a client with these scopes acts with."""
    return frozenset(_ROLES_OF[scope] for scope in scopes if scope in _ROLES_OF)


def of_roles(held: Iterable[str]) -> frozenset[str]:
    """The scopes that a person with these access roles has."""
    found: frozenset[str] = frozenset()
    for role in held:
        found |= _OF_ROLES.get(role, frozenset())
    return found


def grouped(scopes: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(scope, what it allows), …]) in words, in the order of the lists above."""
    held = set(scopes)
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in GROUPS}
    for one in ALL:
        if one in held:
            found[one.partition(":")[0]].append((one, str(LABELS[one])))
    strange = [(one, one) for one in sorted(held - set(ALL))]  # of another version of the program
    told = [(str(GROUPS[name]), rows) for name, rows in found.items()]
    return [(label, rows) for label, rows in [*told, ("—", strange)] if rows]


def unknown(scopes: Iterable[str]) -> list[str]:
    """Names that are no scopes."""
    return sorted(set(scopes) - set(ALL))
