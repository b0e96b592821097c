"""Reads over the staff."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.conf import settings

from history.models import Event
from history.selectors import last_event
from staff import roles
from staff.events import AccessConfirmed, EmployeeCarriedOver, RolesChanged, SkillsChanged
from staff.models import BotName, Employee, EmployeeQuerySet, WorkGroup
from workshop.lib.compiled import Rows

_by_telegram_id: Rows[Employee] = Rows(
    lambda slot: Employee.objects.filter(telegram_id=slot("telegram_id")).order_by()
)


def by_telegram_id(telegram_id: int) -> Employee | None:
    """Who writes, in one query: asked for every update. Check ``active`` before letting him in."""
    return _by_telegram_id.first(telegram_id=telegram_id)


_by_id: Rows[Employee] = Rows(lambda slot: Employee.objects.filter(pk=slot("pk")).order_by())


def by_id(employee_id: int) -> Employee | None:
    """A person, also a deactivated one."""
    return _by_id.first(pk=employee_id)


def active_with_role(*names: str) -> list[Employee]:
    """Active people who hold at least one of the roles, by name."""
    return list(_active().with_role(*names))


def active_inspectors() -> list[Employee]:
    """Whom notices for quality control go to."""
    return active_with_role(roles.INSPECTOR)


def masters_present(day: date) -> list[Employee]:
    """Masters who can be handed a watch on ``day``."""
    return list(_active().with_role(roles.MASTER).present(day))


def polishers_present(day: date) -> list[Employee]:
    """Polishers who can be handed parts on ``day``."""
    return list(_active().with_role(roles.POLISHER).present(day))


def staff_list(*, active: bool | None = None) -> list[Employee]:
    """Everybody, active people first, then by name; or only the active or inactive ones."""
    people = Employee.objects.all()
    if active is not None:
        people = people.filter(active=active)
    return list(people.order_by("-active", "full_name", "pk"))


def work_group_chat() -> int | None:
    """The chat of the linked work group; None when there is none."""
    return WorkGroup.objects.values_list("chat_id", flat=True).first()


def bot_username() -> str:
    """The bot's user name: the setting, else what the running bot was told; empty when unknown."""
    return settings.TELEGRAM_BOT_USERNAME or (
        BotName.objects.values_list("username", flat=True).first() or ""
    )


def start_link(argument: str) -> str:
    """``https://t.me/<bot>?start=<argument>``; empty while the bot's name is not known."""
    address = bot_link()
    return f"{address}?start={argument}" if address else ""


def bot_link() -> str:
    """Where the private chat with the bot opens; in a demonstration the page of the simulator."""
    name = bot_username()
    return settings.BOT_PAGE or (f"https://t.me/{name}" if name else "")


def _active() -> EmployeeQuerySet:
    people: EmployeeQuerySet = Employee.objects.active().order_by("full_name", "pk")
    return people


REVIEWED: Final = (RolesChanged.kind, SkillsChanged.kind, AccessConfirmed.kind)
"""What ends the review of a person whom an import has brought."""


def is_to_review(employee: Employee) -> bool:
    """Nobody has looked at what was guessed of him."""
    event = last_event(employee.stream, EmployeeCarriedOver.kind, *REVIEWED)
    return event is not None and event.kind == EmployeeCarriedOver.kind


def to_review() -> list[int]:
    """Ids of all of them."""
    brought = dict(
        Event.objects.filter(kind=EmployeeCarriedOver.kind).values_list("stream", "sequence")
    )
    looked_at = {
        stream
        for stream, sequence in Event.objects.filter(
            stream__in=list(brought), kind__in=REVIEWED
        ).values_list("stream", "sequence")
        if sequence > brought[stream]
    }
    return [int(stream.partition(":")[2]) for stream in brought if stream not in looked_at]
