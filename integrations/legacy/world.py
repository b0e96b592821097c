"""What all receipts refer to: people, catalogues, metals, and who entered the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.legacy.matching import Told
from receipts.models import Metal, OperationType, ReturnReason
from staff import roles
from staff.models import Employee
from workshop.lib.actor import (
    BOT,
    KIND_EMPLOYEE,
    KIND_STRANGER,
    Actor,
    Channel,
    system_actor,
)

IMPORT = "import_legacy"
_METALS = {
    "сталь": "steel",
    "steel": "steel",
    "нержавейка": "steel",
    "золото жёлтое": "gold_yellow",
    "жёлтое золото": "gold_yellow",
    "yellow gold": "gold_yellow",
    "золото розовое": "gold_rose",
    "розовое золото": "gold_rose",
    "rose gold": "gold_rose",
    "золото белое": "gold_white",
    "белое золото": "gold_white",
    "white gold": "gold_white",
    "платина": "platinum",
    "platinum": "platinum",
    "титан": "titanium",
    "titanium": "titanium",
}


@dataclass
class World:
    """Rows of ours by the ids of the earlier platform."""

    people: Mapping[int, Employee]
    types: Mapping[int, OperationType]
    reasons: Mapping[int, ReturnReason]
    waiver_reason_id: int
    polishing_type_id: int
    metals: Mapping[str, int] = field(default_factory=dict)

    def metal(self, typed: str) -> int | None:
        """The catalogue's metal of a free text; None when nobody can say (“золото”)."""
        return self.metals.get(folded(typed))


def metals() -> dict[str, int]:
    """Active metals by name and by what people type for them."""
    found = {}
    codes = {}
    for row in Metal.objects.filter(active=True):
        codes[row.code] = row.pk
        found[folded(row.name)] = row.pk
    typed = {folded(word): codes[code] for word, code in _METALS.items() if code in codes}
    return typed | found


def folded(typed: str) -> str:
    return " ".join(typed.casefold().replace("ё", "е").split())


class Actors:
    """Who entered what: by the Telegram account, as the event says; the import where none did."""

    def __init__(self, client: str, staff: Mapping[int, Employee]) -> None:
        self._client, self._staff = client, staff
        self._channel = Channel(BOT, correlation_id=client, silent=True)
        self._known: dict[tuple[int, str], Actor] = {}
        self.importer = system_actor(IMPORT, silent=True, correlation_id=client)

    def is_staff(self, telegram_id: int) -> bool:
        return telegram_id in self._staff

    def of(self, event: Told | None) -> Actor:
        """The roles only let the past happen; they are not stored."""
        if event is None or event.telegram_id is None:
            return self.importer
        key = (event.telegram_id, event.username)
        if key not in self._known:
            self._known[key] = self._make(*key)
        return self._known[key]

    def _make(self, telegram_id: int, username: str) -> Actor:
        person = self._staff.get(telegram_id)
        label = f"@{username}" if username else f"Telegram {telegram_id}"
        return Actor(
            kind=KIND_EMPLOYEE if person else KIND_STRANGER,
            id=person.pk if person else None,
            label=person.short_name if person else label,
            channel=self._channel,
            roles=frozenset({roles.MANAGER}),
            employee_id=person.pk if person else None,
            telegram_id=telegram_id,
            username=username,
        )
