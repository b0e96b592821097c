"""The cast of the tests and plain ``make_*`` functions. Everything goes through the services.

Anna is the office manager, Igor the inspector, Maxim and Mark masters, Pavel the polisher,
Boris the owner, Olga a stranger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from polishing.models import PolishingOrder
from polishing.services.orders import send_to_polishing, take_back
from receipts.models import OperationType, Receipt, ReturnReason
from receipts.services.assignment import assign
from receipts.services.flow import submit
from receipts.services.quality import pass_check
from receipts.services.registration import register_receipt
from receipts.services.skills import change_skills
from receipts.services.works import WorkInput, record_work
from staff import roles
from staff.actors import employee_actor
from staff.models import Employee
from staff.services.people import add_employee
from workshop.lib.actor import BOT, Actor, Channel, system_actor

OLGA_TELEGRAM_ID = 9099
_numbers = count(1)


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


def make_cast() -> Cast:
    """All people, with their skills: masters assemble and repair, Pavel polishes."""
    system = system_actor("tests")
    people = {
        key: add_employee(full_name=name, roles=held, telegram_id=telegram, actor=system).object
        for key, (name, held, telegram) in _PEOPLE.items()
    }
    types = {row.code: row.pk for row in OperationType.objects.all()}
    for key in ("maxim", "mark"):
        wanted = [types["assembly"], types["mechanism"]]
        change_skills(employee_id=people[key].pk, type_ids=wanted, actor=system)
    change_skills(employee_id=people["pavel"].pk, type_ids=[types["polishing"]], actor=system)
    return Cast(**people)


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
