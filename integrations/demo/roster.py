"""The invented people of the demonstration, and their office accounts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils.translation import gettext as _

from history.commands import CommandKey
from receipts.models import OperationType, WorkCalendar
from receipts.services.calendars import create_calendar
from receipts.services.skills import change_skills
from staff import roles
from staff.models import Employee
from staff.selectors import work_group_chat
from staff.services import (
    add_employee,
    create_user,
    link_user,
    link_work_group,
    set_absence,
    set_active,
)
from staff.services.telegram import set_username
from workshop.lib.actor import Actor

CLIENT: Final = "demo"
LABEL: Final = "(демо)"


@dataclass(frozen=True)
class Person:
    """One of the cast; ``account`` is the name of the office account, if he has one."""

    key: str
    surname: str
    first_name: str
    telegram_id: int
    roles: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    account: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.surname} {self.first_name} {LABEL}"

    @property
    def short_name(self) -> str:
        return f"{self.surname} {self.first_name[0]}."

    @property
    def username(self) -> str:
        return f"demo_{self.key}"


_BENCH: Final = ("assembly", "mechanism")
PEOPLE: Final = (
    Person("igor", "Соколов", "Игорь", 1001, (roles.INSPECTOR,)),
    Person("irina", "Белова", "Ирина", 1002, (roles.INSPECTOR,)),
    Person("anna", "Орлова", "Анна", 1003, (roles.MANAGER,), account="anna"),
    Person("boris", "Громов", "Борис", 1004, (roles.OWNER,), account="boris"),
    Person("maxim", "Ковалёв", "Максим", 1005, (roles.MASTER,), _BENCH),
    Person("mark", "Зайцев", "Марк", 1006, (roles.MASTER,), _BENCH),
    Person("stepan", "Егоров", "Степан", 1007, (roles.MASTER,), _BENCH),
    Person("timur", "Алиев", "Тимур", 1008, (roles.MASTER,), ("assembly",)),
    Person("vera", "Лебедева", "Вера", 1009, (roles.INSPECTOR, roles.MASTER), _BENCH),
    Person("pavel", "Морозов", "Павел", 1010, (roles.POLISHER,), ("polishing",)),
    Person("gleb", "Фомин", "Глеб", 1011, (roles.POLISHER,), ("polishing",)),
    Person("semyon", "Ильин", "Семён", 1012, (roles.MASTER,), _BENCH),
    Person("lev", "Кравцов", "Лев", 1013, (roles.MASTER,), _BENCH),
)
ABSENT: Final = "semyon"
LEFT: Final = "lev"
GROUP: Final = -1001  # the work group on the simulator's page
GROUP_TITLE: Final = f"Мастерская {LABEL}"
STRANGER: Final = Person("olga", "Чужова", "Ольга", 1099)

_DAY: Final = ((time(10), time(14)), (time(15), time(19)))


def add_people(actor: Actor, at: datetime, today: date) -> dict[str, Employee]:
    """Everybody with skills, the absence of one, the leaving of another, and working hours."""
    types = dict(OperationType.objects.values_list("code", "pk"))
    people: dict[str, Employee] = {}
    for person in PEOPLE:
        row = add_employee(
            full_name=person.full_name,
            short_name=person.short_name,
            roles=person.roles,
            telegram_id=person.telegram_id,
            actor=actor,
            command=CommandKey(CLIENT, f"employee:{person.key}"),
            at=at,
        ).object
        set_username(employee_id=row.pk, username=person.username, actor=actor, at=at)
        if person.skills:
            wanted = [types[code] for code in person.skills]
            change_skills(employee_id=row.pk, type_ids=wanted, actor=actor, at=at)
        people[person.key] = row
    set_absence(
        employee_id=people[ABSENT].pk,
        absent_from=today - timedelta(days=1),
        absent_until=today + timedelta(days=6),
        actor=actor,
    )
    if not WorkCalendar.objects.filter(active=True).exists():
        weekly = dict.fromkeys(range(6), _DAY)
        create_calendar(name=f"Мастерская {LABEL}", weekly=weekly, actor=actor, at=at)
    if work_group_chat() is None:
        link_work_group(chat_id=GROUP, title=GROUP_TITLE, actor=actor, at=at)
    return {key: Employee.objects.get(pk=row.pk) for key, row in people.items()}


def let_go(people: dict[str, Employee], actor: Actor) -> None:
    """The one who left: deactivated last, after the works he did."""
    set_active(employee_id=people[LEFT].pk, active=False, actor=actor)


@dataclass(frozen=True)
class SignIn:
    """An office account with its generated password, to be told once."""

    username: str
    password: str
    role: str


def add_accounts(people: dict[str, Employee], actor: Actor) -> list[SignIn]:
    """Office accounts linked to their people. Passwords are random: a demo may be looked at."""
    made = []
    for person in PEOPLE:
        if not person.account:
            continue
        role = person.roles[0]
        password = f"demo-{secrets.token_hex(4)}"
        user = create_user(
            username=person.account,
            password=password,
            groups=[roles.GROUPS[role]],
            first_name=person.first_name,
            last_name=f"{person.surname} {LABEL}",
            actor=actor,
        ).object
        link_user(employee_id=people[person.key].pk, user_id=user.pk, actor=actor)
        made.append(SignIn(person.account, password, str(roles.LABELS[role])))
    return made


def simulator_people() -> dict[str, list[dict[str, object]]]:
    """Who is on the simulator's page: the people, a stranger last, and the work group."""
    rows: list[dict[str, object]] = []
    for person in (*PEOPLE, STRANGER):
        held = ", ".join(str(roles.LABELS[name]) for name in person.roles) or _("stranger")
        if person.key == LEFT:
            held = _("deactivated")
        rows.append(
            {
                "id": person.telegram_id,
                "first_name": person.first_name,
                "last_name": person.surname,
                "username": person.username,
                "language_code": "ru",
                "role": held,
            }
        )
    members = [person.telegram_id for person in PEOPLE if person.key != LEFT]
    group = {"id": GROUP, "title": GROUP_TITLE, "members": members, "bot_is_admin": False}
    return {"people": rows, "groups": [group]}
