"""One scenario, told once; each door plays it with the means of a person at that door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from botapp.testing import BotDriver
from polishing.models import PolishingOrder
from receipts.models import Receipt
from receipts.selectors import by_number
from tests.api.callers import make_caller
from tests.cast import Cast, reason_id, type_id
from tests.faults.flows import Act, Press, Text
from tests.faults.office import OfficePerson, office_person
from tests.faults.phones import MemoryPhone


class Door(Protocol):
    """What an inspector does with one receipt, by its number."""

    def register(self, number: str) -> None: ...
    def assign(self, number: str) -> None: ...
    def send_to_polishing(self, number: str) -> None: ...
    def take_back(self, number: str) -> None: ...
    def record(self, number: str) -> None: ...
    def submit(self, number: str) -> None: ...
    def send_back(self, number: str) -> None: ...
    def pass_check(self, number: str) -> None: ...
    def issue(self, number: str) -> None: ...


def play(door: Door, number: str) -> Receipt:
    """From registration to the customer, with polishing, a return and the rework."""
    door.register(number)
    door.assign(number)
    door.send_to_polishing(number)
    door.take_back(number)
    door.record(number)
    door.submit(number)
    door.send_back(number)
    door.record(number)
    door.pass_check(number)
    door.issue(number)
    return find(number)


def find(number: str) -> Receipt:
    receipt = by_number(number)
    if receipt is None:
        raise AssertionError(f"№{number} was not registered")
    return receipt


class BotDoor:
    """Igor's phone."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.phone = MemoryPhone(BotDriver().person(cast.igor))

    def _do(self, *acts: Act) -> None:
        for act in acts:
            self.phone.do(act)

    def _card(self, number: str, *acts: Act) -> None:
        self._do(Text("/menu"), Text(number), *acts)

    def register(self, number: str) -> None:
        self._do(Text("/menu"), Press("open", "50"), Text(number), Press("create"))

    def assign(self, number: str) -> None:
        master = str(self.cast.maxim.pk)
        self._card(number, Press("open", "assign"), Press("person", master), Press("confirm"))

    def send_to_polishing(self, number: str) -> None:
        polisher = str(self.cast.pavel.pk)
        way = [Press("open", "polishing_send"), Press("person", polisher), Press("next")]
        self._card(number, *way, Press("confirm"))

    def take_back(self, number: str) -> None:
        self._card(number, Press("open", "polishing_take_back"), Press("take"))

    def record(self, number: str) -> None:
        mark = Press("mark", f"{type_id('assembly')}=1")
        self._card(number, Press("open", "record_work"), mark, Press("record"))

    def submit(self, number: str) -> None:
        self._card(number, Press("now", "submit=in_work"))

    def send_back(self, number: str) -> None:
        mark = Press("mark", f"{reason_id('dirt_inside')}=1")
        self._card(number, Press("open", "return"), mark, Press("next"), Press("confirm"))

    def pass_check(self, number: str) -> None:
        self._card(number, Press("now", "pass=in_work"))

    def issue(self, number: str) -> None:
        self._card(number, Press("open", "issue"), Press("confirm"))


class OfficeDoor:
    """Igor at the office: an account linked to him."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.office: OfficePerson = office_person(cast.igor, "igor-office")

    def _do(self, verb: str, number: str, *, row: int | None = None, **values: str) -> None:
        self.office.do(verb, find(number).pk, row=row, **values)

    def register(self, number: str) -> None:
        self.office.send(self.office.new_receipt(), number=number)

    def assign(self, number: str) -> None:
        self._do("assign", number, master=str(self.cast.maxim.pk))

    def send_to_polishing(self, number: str) -> None:
        self._do("polishing_send", number, polisher=str(self.cast.pavel.pk), case="on")

    def take_back(self, number: str) -> None:
        order = PolishingOrder.objects.open().get(receipt=find(number))
        self._do("polishing_take_back", number, row=order.pk)

    def record(self, number: str) -> None:
        kind = type_id("assembly")
        self._do("record_work", number, **{f"work_{kind}": "on"})

    def submit(self, number: str) -> None:
        self._do("submit", number)

    def send_back(self, number: str) -> None:
        reason, master = reason_id("dirt_inside"), str(self.cast.maxim.pk)
        said = {f"reason_{reason}": "on", f"who_{reason}": f"person:{master}"}
        self._do("return", number, hand_to=master, **said)

    def pass_check(self, number: str) -> None:
        self._do("pass", number)

    def issue(self, number: str) -> None:
        self._do("issue", number, as_taken_in="on")


class ApiDoor:
    """A program of Igor's."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.program = make_caller(cast.igor.short_name, employee_id=cast.igor.pk)

    def _post(self, path: str, **body: Any) -> None:
        answer = self.program.post(path, body)
        if answer.status_code not in {200, 201}:
            raise AssertionError(f"{path}: {answer.content.decode()}")

    def _do(self, verb: str, number: str, **body: Any) -> None:
        self._post(f"/receipts/{find(number).pk}/{verb}/", **body)

    def register(self, number: str) -> None:
        self._post("/receipts/", number=number)

    def assign(self, number: str) -> None:
        # The screens offer the first of his skills; a program says what it means.
        self._do("assign", number, master_id=self.cast.maxim.pk, purpose_id=type_id("assembly"))

    def send_to_polishing(self, number: str) -> None:
        self._do("polishing", number, polisher_id=self.cast.pavel.pk)

    def take_back(self, number: str) -> None:
        order = PolishingOrder.objects.open().get(receipt=find(number))
        self._post(f"/polishing-orders/{order.pk}/take-back/")

    def record(self, number: str) -> None:
        work = {"type_id": type_id("assembly"), "employee_id": self.cast.maxim.pk}
        self._do("operations", number, works=[work])

    def submit(self, number: str) -> None:
        self._do("submit", number)

    def send_back(self, number: str) -> None:
        item = {
            "reason_id": reason_id("dirt_inside"),
            "responsibility": "person",
            "responsible_id": self.cast.maxim.pk,
        }
        master = self.cast.maxim.pk
        self._do("return", number, items=[item], assembler_id=master, hand_to_id=master)

    def pass_check(self, number: str) -> None:
        self._do("pass", number)

    def issue(self, number: str) -> None:
        self._do("issue", number, as_taken_in=True)


DOORS: dict[str, Callable[[Cast], Door]] = {"bot": BotDoor, "admin": OfficeDoor, "api": ApiDoor}
