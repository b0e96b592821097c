"""The cast of the tests and plain ``make_*`` functions. Everything goes through the services.

But for the people themselves: nearly every test begins with them, so they are written in bulk,
as an import writes them. tests/test_cast.py compares them with what the services make of them.

Anna is the office manager, Igor the inspector, Maxim and Mark masters, Pavel the polisher,
Boris the owner, Olga a stranger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from history.bulk import Batch, batch
from history.commands import CommandKey
from history.registry import Payload
from polishing.models import PolishingOrder
from polishing.services.orders import send_to_polishing, take_back
from receipts.models import OperationType, Receipt, ReturnReason
from receipts.services.assignment import assign
from receipts.services.flow import submit
from receipts.services.quality import pass_check
from receipts.services.registration import register_receipt
from receipts.services.works import WorkInput, record_work
from staff import roles
from staff.actors import employee_actor
from staff.events import EmployeeAdded, SkillsChanged
from staff.models import Employee
from staff.names import short_name
from workshop.lib.actor import BOT, Actor, Channel, system_actor

OLGA_TELEGRAM_ID = 9099
_numbers, _presses = count(1), count(1)
_ACTOR = system_actor("tests", silent=True)  # who joined is news to nobody


@dataclass(frozen=True)
class Cast:
    """The people of one test."""

    anna: Employee
    igor: Employee
    ivan: Employee
    maxim: Employee
    mark: Employee
    pavel: Employee
    boris: Employee

    def actor(self, who: str, channel: str = BOT) -> Actor:
        """The actor of a person by name, through a door."""
        return employee_actor(getattr(self, who), Channel(channel))


_PEOPLE = {
    "anna": ("Анна Менеджер", [roles.MANAGER], 1001),
    "igor": ("Игорь Контролёр", [roles.INSPECTOR], 1002),
    "ivan": ("Иван Второй", [roles.INSPECTOR], 1003),
    "maxim": ("Максим Мастер", [roles.MASTER], 1004),
    "mark": ("Марк Сборщик", [roles.MASTER], 1005),
    "pavel": ("Павел Полировщик", [roles.POLISHER], 1006),
    "boris": ("Борис Владелец", [roles.OWNER], 1007),
}
_SKILLS = {
    "maxim": ("assembly", "mechanism"),
    "mark": ("assembly", "mechanism"),
    "pavel": ("polishing",),
}


def make_cast() -> Cast:
    """All people, with their skills: masters assemble and repair, Pavel polishes."""
    types = {row.code: row for row in OperationType.objects.order_by("order", "name")}
    taken = set(Employee.objects.active().values_list("short_name", flat=True))
    with batch() as rows:
        people = {key: _add(rows, *person, taken) for key, person in _PEOPLE.items()}
        for key, codes in _SKILLS.items():
            _teach(rows, people[key], [row for code, row in types.items() if code in codes])
    fresh = Employee.objects.in_bulk([person.pk for person in people.values()])
    return Cast(**{key: fresh[person.pk] for key, person in people.items()})


def _add(rows: Batch, name: str, held: list[str], telegram: int, taken: set[str]) -> Employee:
    person = Employee(
        full_name=name,
        short_name=short_name(name, taken),
        telegram_id=telegram,
        created_at=rows.now,
        **{f"is_{role}": True for role in held},
    )
    taken.add(person.short_name)
    rows.add(person)
    _record(rows, "employee.add", person, EmployeeAdded(name=name, roles=held))
    return person


def _teach(rows: Batch, person: Employee, types: list[OperationType]) -> None:
    for row in types:
        link = OperationType.performers.through(operationtype_id=row.pk, employee_id=person.pk)
        rows.add(link)
    told = SkillsChanged(name=person.short_name, old=[], new=[row.name for row in types])
    _record(rows, "employee.change_skills", person, told)


def _record(rows: Batch, verb: str, person: Employee, payload: Payload) -> None:
    key = CommandKey("tests", f"cast:{next(_presses)}")
    command = rows.command(verb, key, _ACTOR, {})
    rows.record(person.stream, payload, actor=_ACTOR, command=command, at=rows.now)


def type_id(code: str) -> int:
    return OperationType.objects.get(code=code).pk


def reason_id(code: str) -> int:
    return ReturnReason.objects.get(code=code).pk


def make_receipt(
    cast: Cast, number: str = "", *, at: datetime | None = None, by: str = "igor"
) -> Receipt:
    """A registered receipt."""
    number = number or f"T-{next(_numbers)}"
    return register_receipt(number=number, actor=cast.actor(by), at=at).object


def make_in_work(
    cast: Cast, *, master: str = "maxim", number: str = "", at: datetime | None = None
) -> Receipt:
    """A receipt at a master."""
    receipt = make_receipt(cast, number, at=at)
    person = getattr(cast, master)
    return assign(
        receipt_id=receipt.pk, master_id=person.pk, actor=cast.actor("igor"), at=at
    ).object


def make_worked(
    cast: Cast,
    *,
    works: Sequence[tuple[str, str]] = (("assembly", "maxim"),),
    at: datetime | None = None,
) -> Receipt:
    """A receipt at Maxim with recorded works."""
    receipt = make_in_work(cast, at=at)
    inputs = [WorkInput(type_id(code), getattr(cast, who).pk) for code, who in works]
    return record_work(receipt_id=receipt.pk, works=inputs, actor=cast.actor("igor"), at=at).object


def make_submitted(cast: Cast, *, at: datetime | None = None) -> Receipt:
    """A worked receipt at quality control."""
    receipt = make_worked(cast, at=at)
    return submit(receipt_id=receipt.pk, actor=cast.actor("igor"), at=at).object


def make_ready(cast: Cast, *, at: datetime | None = None) -> Receipt:
    """A receipt that passed quality control."""
    receipt = make_submitted(cast, at=at)
    return pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"), at=at).object


def make_order(cast: Cast, receipt: Receipt, *, at: datetime | None = None) -> PolishingOrder:
    """The case of the receipt's watch at Pavel."""
    return send_to_polishing(
        receipt_id=receipt.pk, polisher_id=cast.pavel.pk, actor=cast.actor("igor"), at=at
    ).object


def make_polished(cast: Cast, receipt: Receipt, *, at: datetime | None = None) -> PolishingOrder:
    """A finished round at Pavel."""
    order = make_order(cast, receipt, at=at)
    return take_back(order_id=order.pk, actor=cast.actor("igor"), at=at).object
