"""Access roles: what one may do in the system. Never mix them with skills (receipts)."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

INSPECTOR: Final = "inspector"
MANAGER: Final = "manager"
MASTER: Final = "master"
POLISHER: Final = "polisher"
OWNER: Final = "owner"

LABELS: Final = {
    INSPECTOR: _("Inspector (QC)"),
    MANAGER: _("Office manager"),
    MASTER: _("Master"),
    POLISHER: _("Polisher"),
    OWNER: _("Owner"),
}
ALL: Final = tuple(LABELS)
GRANTED_BY_MANAGERS_ONLY: Final = frozenset({INSPECTOR, MANAGER, OWNER})

# Looks after office accounts. Not an access role of a person: it comes with a Django group.
ADMINISTRATOR: Final = "administrator"

# Django groups of office users without a linked employee (staff.groups makes them).
GROUPS: Final = {
    MANAGER: "Office manager",
    OWNER: "Owner (read-only)",
}
ADMINISTRATORS: Final = "Administrator"
OFFICE_GROUPS: Final = (*GROUPS.values(), ADMINISTRATORS)
