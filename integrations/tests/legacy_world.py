"""A database of the earlier platform with everything that years of use leave in one.

``build(execute)`` fills any connection; ``execute(sql, rows)``. Times are Moscow clock faces.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

Execute = Callable[[str, Sequence[Sequence[Any]]], None]
Row = tuple[Any, ...]

SCHEMA = """
CREATE TABLE employees (id integer PRIMARY KEY, name text, role text, telegram_id bigint UNIQUE,
    telegram_username text, is_active boolean, created_at timestamp);
CREATE TABLE receipts (id integer PRIMARY KEY, receipt_number text UNIQUE, created_at timestamp,
    current_deadline timestamp);
CREATE TABLE operation_types (id integer PRIMARY KEY, code text UNIQUE, name text);
CREATE TABLE operations (id integer PRIMARY KEY, receipt_id integer, operation_type_id integer,
    employee_id integer, created_at timestamp);
CREATE TABLE polishing_details (receipt_id integer PRIMARY KEY, polisher_id integer,
    metal_type text, bracelet boolean, difficult boolean, comment text, sent_at timestamp,
    returned_at timestamp);
CREATE TABLE return_reasons (id integer PRIMARY KEY, code text UNIQUE, name text, affects text);
CREATE TABLE returns (id integer PRIMARY KEY, receipt_id integer, comment text,
    created_at timestamp);
CREATE TABLE return_reason_links (id integer PRIMARY KEY, return_id integer, reason_id integer,
    guilty_employee_id integer);
CREATE TABLE history_events (id integer PRIMARY KEY, receipt_id integer, event_type text,
    payload json, telegram_id bigint, telegram_username text, created_at timestamp);
CREATE TABLE notifications (id integer PRIMARY KEY, receipt_id integer, notification_type text,
    scheduled_at timestamp, sent_at timestamp, is_cancelled boolean, created_at timestamp);
"""
COLUMNS = {
    "employees": 7, "receipts": 4, "operation_types": 3, "operations": 5, "polishing_details": 8,
    "return_reasons": 4, "returns": 4, "return_reason_links": 4, "history_events": 7,
    "notifications": 7,
}  # fmt: skip
START = datetime(2024, 3, 4, 10, 0)  # noqa: DTZ001  # a Moscow clock face, as there
INSPECTOR = (700700, "otk_irina")  # enters everything and is in no table
MAXIM, MARK, PAVEL, GONE, ODD = 1, 2, 3, 4, 5
EMPLOYEES: list[Row] = [
    (MAXIM, "Максим Мастеров", "master", 9001, "maxim", True, START),
    (MARK, "Марк Сборкин", "master", 9002, "@mark", True, START),
    (PAVEL, "Павел Полиров", "polisher", 9003, None, True, START),
    (GONE, "Ушедший Олег", "master", None, None, False, START),
    (ODD, "  ", "стажёр", 9005, "odd", True, START),
]
TYPES: list[Row] = [(1, "assembly", "Сборка"), (2, "mechanism", "Ремонт механизма"),
                    (3, "polishing", "Полировка"), (4, "engraving", "Гравировка")]  # fmt: skip
ASSEMBLY, MECHANISM, POLISHING, ENGRAVING = 1, 2, 3, 4
REASONS: list[Row] = [
    (1, "dirt_inside", "Грязь внутри", "assembly"),
    (2, "dirt_outside", "Грязь снаружи", "assembly"),
    (3, "no_numbers", "Номера не выписаны", "assembly"),
    (4, "wrong_assembly", "Неправильная сборка", "assembly"),
    (5, "mechanism_defect", "Дефект механизма", "mechanism"),
    (6, "polishing", "Полировка", "polishing"),
]


class World:
    """Rows by table; a receipt is written step by step at a clock that moves on."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self.rows["employees"] += EMPLOYEES
        self.rows["operation_types"] += TYPES
        self.rows["return_reasons"] += REASONS
        self.at = START

    def add(self, table: str, *values: Any) -> int:
        """A row with the next id."""
        row_id = len(self.rows[table]) + 1
        self.rows[table].append((row_id, *values))
        return row_id

    def event(
        self, receipt: int | None, kind: str, who: tuple[int | None, str | None] = INSPECTOR,
        at: datetime | None = None, **payload: Any,
    ) -> int:  # fmt: skip
        text = json.dumps(payload, ensure_ascii=False, default=str)
        return self.add("history_events", receipt, kind, text, *who, at or self.at)

    def later(self, **delta: float) -> datetime:
        self.at += timedelta(**delta)
        return self.at

    def receipt(self, number: str, deadline: datetime | None = None, told: bool = True) -> int:
        self.later(minutes=7)
        found = self.add("receipts", number, self.at, deadline)
        if told:
            self.event(found, "receipt_created", receipt_number=number, deadline=deadline)
        return found

    def sent(self, receipt: int, master: int, **more: Any) -> None:
        self.later(hours=2)
        self.event(receipt, "sent_to_master", master_id=master, master_name="…", **more)

    def work(self, receipt: int, kind: int, person: int, told: bool = True) -> int:
        self.later(hours=5)
        found = self.add("operations", receipt, kind, person, self.at)
        if told:
            self.event(
                receipt, "operation_created", operation_id=found, type_code=TYPES[kind - 1][1],
                employee_id=person, employee_name="…",
            )  # fmt: skip
        return found

    def passed(self, receipt: int) -> None:
        self.later(hours=1)
        self.event(receipt, "passed_otk")

    def returned(
        self, receipt: int, *links: tuple[int, int | None], comment: str = "", told: bool = True
    ) -> int:
        self.later(hours=1)
        found = self.add("returns", receipt, comment, self.at)
        for reason, guilty in links:
            self.add("return_reason_links", found, reason, guilty)
        reasons = [{"id": reason, "guilty_employee_id": guilty} for reason, guilty in links]
        if told:
            self.event(receipt, "return_created", return_id=found, comment=comment, reasons=reasons)
        return found

    def polishing(
        self, receipt: int, back: float | None = 24, *, metal: str | None = "сталь",
        bracelet: bool | None = False, work: bool = True, told: bool = True,
    ) -> None:  # fmt: skip
        """A round; ``back`` in hours after it was sent (negative: the nasty ones)."""
        sent = self.later(hours=1)
        returned = sent + timedelta(hours=back) if back is not None else None
        self.rows["polishing_details"].append(
            (receipt, PAVEL, metal, bracelet, True, "осторожно <b>", sent, returned)
        )
        if told:
            self.event(receipt, "polishing_sent", polisher_id=PAVEL, metal_type=metal)
        if returned is None:
            return
        self.at = max(self.at, returned)
        if work:
            found = self.add("operations", receipt, POLISHING, PAVEL, self.at)
            self.event(receipt, "operation_created", operation_id=found, employee_id=PAVEL)
        if told:
            self.event(receipt, "polishing_returned", polisher_id=PAVEL, returned_at=returned)


def usual(world: World, number: str, rng: Random) -> int:
    """A receipt as most are."""
    found = world.receipt(number, world.at + timedelta(days=9) if rng.random() < 0.6 else None)
    master = rng.choice((MAXIM, MARK, GONE))
    world.sent(found, master, urgent=rng.random() < 0.2)
    if rng.random() < 0.5:
        world.work(found, MECHANISM, master)
    if rng.random() < 0.4:
        world.polishing(found, metal=rng.choice(("сталь", "золото", "Титан", None, "")))
    world.work(found, ASSEMBLY, master, told=rng.random() < 0.9)
    if rng.random() < 0.3:
        world.returned(found, (rng.randint(1, 5), rng.choice((master, None))), comment="см. фото")
        world.sent(found, master)
        world.work(found, ASSEMBLY, master)
    if rng.random() < 0.9:
        world.passed(found)
    return found


def nasty(world: World) -> dict[str, int]:
    """One receipt for each trouble, by name."""
    made: dict[str, int] = {}
    made["spaces"] = world.receipt("  12 345 ")
    made["twin"] = world.receipt("АВ-77")  # Cyrillic
    made["twin2"] = world.receipt("AB-77")  # Latin: the same for us
    made["unusable"] = world.receipt("⚠️ <без номера> очень длинный номер квитанции")
    made["empty"] = world.receipt("   ")

    back = made["back_before_sent"] = world.receipt("N-1")
    world.sent(back, MAXIM)
    world.polishing(back, back=-3)
    world.work(back, ASSEMBLY, MAXIM)
    world.passed(back)

    out = made["out_at_the_check"] = world.receipt("N-2")
    world.sent(out, MAXIM)
    world.polishing(out, back=None)
    world.work(out, ASSEMBLY, MAXIM)
    world.passed(out)

    still = made["at_the_polisher"] = world.receipt("N-3")
    world.sent(still, MAXIM)
    world.polishing(still, back=None, metal="Золото жёлтое", bracelet=True)

    twice = made["reasons_twice"] = world.receipt("N-4")
    world.sent(twice, MAXIM)
    world.work(twice, ASSEMBLY, MAXIM)
    world.returned(twice, (1, None), (1, MAXIM), (1, MARK), (2, 99), (3, None), comment="x" * 2500)

    tap = made["double_tap"] = world.receipt("N-5")
    world.sent(tap, MARK)
    world.work(tap, ASSEMBLY, MARK)
    world.returned(tap, (4, MARK))
    world.at -= timedelta(hours=1)
    world.returned(tap, (4, MARK))

    made |= odd(world)
    lonely(world, made["quiet"])
    return made


def odd(world: World) -> dict[str, int]:
    """Troubles of events, of times, of works."""
    made: dict[str, int] = {}
    bare = made["passed_without_work"] = world.receipt("N-6")
    world.passed(bare)
    world.passed(bare)
    world.sent(bare, MAXIM)

    events = made["odd_events"] = world.receipt("N-7", told=False)
    world.event(events, "master_changed", new_master_id=MARK)
    world.event(events, "master_changed", new_master_id=777)
    world.event(events, "label_printed", weight=1.25, nul="a\x00b", deep={"list": [0.1, None]})
    world.event(events, "return_initiated", note="царапина")
    world.event(events, "comment_added", who=(9001, "maxim"), comment="Стекло <3")
    world.event(events, "comment_added", comment="ы" * 3000)
    world.event(events, "comment_added", comment="")
    world.event(events, "operation_created", operation_id=98765, employee_id=MAXIM)
    world.event(events, "deadline_changed", new_deadline="послезавтра")
    world.event(events, "deadline_changed", old_deadline=None, new_deadline="2024-04-01T18:00:00")
    world.event(events, "comment_added", at=world.at - timedelta(days=9), comment="заранее")
    world.event(events, "passed_otk", at=world.at + timedelta(days=90000), who=(None, None))

    world.add("operations", events, ASSEMBLY, 777, world.at)  # nobody
    world.add("operations", events, 77, MAXIM, world.at)  # no such kind of work
    world.add("operations", events, ASSEMBLY, MAXIM, world.at - timedelta(days=300))
    world.work(events, ENGRAVING, ODD, told=False)

    aware = made["aware_deadline"] = world.receipt("N-8", datetime(2024, 5, 1, 18))  # noqa: DTZ001
    world.event(aware, "deadline_changed", new_deadline="2024-05-02T15:00:00+00:00")
    made["quiet"] = world.receipt("N-9", datetime(2024, 6, 1, 18), told=False)  # noqa: DTZ001
    return made


def lonely(world: World, quiet: int) -> None:
    """Rows of receipts that do not exist, and a notice."""
    world.add("operations", 99999, ASSEMBLY, MAXIM, world.at)
    world.event(None, "shift_opened", note="all")
    world.event(88888, "comment_added", comment="ничей")
    world.add("return_reason_links", 5555, 1, MAXIM)
    world.add("notifications", quiet, "deadline_today", world.at, None, False, world.at)


def build(world: World, execute: Execute, mark: str) -> None:
    """Write all rows; ``mark`` is the placeholder of the driver."""
    for table, width in COLUMNS.items():
        marks = ", ".join([mark] * width)
        execute(f"INSERT INTO {table} VALUES ({marks})", world.rows[table])


def world_of(receipts: int, seed: int = 1) -> tuple[World, dict[str, int]]:
    """The nasty ones and so many usual ones."""
    world, rng = World(), Random(seed)
    made = nasty(world)
    for index in range(receipts):
        usual(world, f"{1000 + index}", rng)
    return world, made


def sqlite_file(world: World, path: Path) -> str:
    """The url of a new SQLite database with the world."""
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)

    def execute(sql: str, rows: Sequence[Sequence[Any]]) -> None:
        connection.executemany(sql, [tuple(map(_stored, row)) for row in rows])

    build(world, execute, "?")
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def _stored(value: Any) -> Any:
    return str(value) if isinstance(value, datetime) else value
