"""Who people are, what they may do, whether they are here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from history.commands import Already, CommandKey
from history.models import Command, Event
from staff import roles, services
from staff.models import Employee, Invite
from staff.names import short_name
from staff.tests.conftest import AT, Cast, Refused, acting, make_employee, make_user
from workshop.lib.actor import Actor, system_actor
from workshop.lib.errors import Duplicate, NotAllowed, NotFound, RuleViolation, StaleState

News = Callable[[], list[tuple[str, str, dict[str, Any]]]]


# --- adding -----------------------------------------------------------------------------------
def test_a_manager_adds_an_inspector(anna: Actor, news: News) -> None:
    employee = services.add_employee(
        full_name="  Иванов   Иван\tПетрович ",
        roles=["inspector", "master"],
        language="en",
        telegram_id=555,
        actor=anna,
        at=AT,
    ).object

    employee.refresh_from_db()
    assert (employee.full_name, employee.short_name) == ("Иванов Иван Петрович", "Иванов И.")
    assert employee.roles == {roles.INSPECTOR, roles.MASTER}
    assert (employee.language, employee.telegram_id, employee.active) == ("en", 555, True)
    assert employee.created_at == AT
    assert news() == [
        (
            f"employee:{employee.pk}",
            "employee.added",
            {"name": "Иванов Иван Петрович", "roles": ["inspector", "master"]},
        )
    ]
    event = Event.objects.latest("pk")
    assert (event.actor_label, event.channel, event.occurred_at) == ("Anna", "bot", AT)


def test_the_language_is_russian_unless_said(anna: Actor) -> None:
    assert services.add_employee(full_name="Olga", actor=anna).object.language == "ru"


def test_the_same_press_adds_one_person(anna: Actor) -> None:
    key = CommandKey("bot:1", "press")
    first = services.add_employee(full_name="Olga", actor=anna, command=key)
    again = services.add_employee(full_name="Olga", actor=anna, command=key)
    assert again.replayed
    assert again.object == first.object
    assert Employee.objects.filter(full_name="Olga").count() == 1


@pytest.mark.parametrize(
    ("more", "kind", "code", "field"),
    [
        ({"full_name": " \n "}, RuleViolation, "text.required", "full_name"),
        ({"full_name": "x" * 151}, RuleViolation, "text.too_long", "full_name"),
        ({"full_name": "a\0b"}, RuleViolation, "text.control_characters", "full_name"),
        ({"short_name": "x" * 61}, RuleViolation, "text.too_long", "short_name"),
        ({"roles": ["king"]}, RuleViolation, "staff.unknown_role", "roles"),
        ({"language": "tlh"}, RuleViolation, "staff.unknown_language", "language"),
        ({"telegram_id": 1003}, Duplicate, "staff.telegram_taken", "telegram_id"),
    ],
)
def test_bad_input_adds_nobody(
    anna: Actor, refused: Refused, more: dict[str, Any], kind: Any, code: str, field: str
) -> None:
    with refused(kind, code) as refusal:
        call: dict[str, Any] = {"full_name": "Olga", "actor": anna}
        services.add_employee(**call | more)
    assert refusal.value.field == field


def test_a_taken_account_names_its_holder(cast: Cast, anna: Actor) -> None:
    with pytest.raises(Duplicate) as refusal:
        services.add_employee(full_name="Olga", telegram_id=1003, actor=anna)
    assert refusal.value.existing_id == cast.maxim.pk
    assert "Maxim" in refusal.value.text()


# --- names ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("full", "taken", "short"),
    [
        ("Иванов Иван Петрович", [], "Иванов И."),
        ("Иванов Иван Петрович", ["Иванов И."], "Иванов И. П."),
        ("Иванов Иван Петрович", ["Иванов И.", "Иванов И. П."], "Иванов И. 2"),
        ("Иванов Иван", ["Иванов И.", "Иванов И. 2"], "Иванов И. 3"),
        ("Ольга", [], "Ольга"),
        ("Ольга", ["Ольга"], "Ольга 2"),
        ("петров-водкин кузьма", [], "петров-водкин К."),
        ("ж" * 100 + " Иван", [], "ж" * 39 + "… И."),
    ],
)
def test_short_names(full: str, taken: list[str], short: str) -> None:
    assert short_name(full, taken) == short
    assert len(short) <= 60


def test_a_person_is_renamed(cast: Cast, igor: Actor, news: News) -> None:
    outcome = services.rename_employee(
        employee_id=cast.maxim.pk, full_name="Орлов Максим", actor=igor
    )
    assert outcome.object.short_name == "Орлов М."
    assert news() == [
        (
            cast.maxim.stream,
            "employee.renamed",
            {"old": "Maxim", "new": "Орлов Максим", "old_short": "Maxim", "new_short": "Орлов М."},
        )
    ]

    again = services.rename_employee(
        employee_id=cast.maxim.pk, full_name="Орлов Максим", actor=igor
    )
    assert again.already is not None
    assert again.already.who == "Igor"
    assert news() == []


def test_a_short_name_alone_can_change(cast: Cast, anna: Actor, news: News) -> None:
    services.rename_employee(
        employee_id=cast.maxim.pk, full_name="Maxim", short_name="Max", actor=anna
    )
    assert Employee.objects.get(pk=cast.maxim.pk).short_name == "Max"
    assert [kind for _, kind, _ in news()] == ["employee.renamed"]


def test_an_unknown_person_is_not_found(anna: Actor, refused: Refused) -> None:
    calls: list[Callable[..., Any]] = [
        lambda **kw: services.rename_employee(full_name="x", **kw),
        lambda **kw: services.change_roles(roles=[], **kw),
        lambda **kw: services.set_active(active=False, **kw),
        services.set_absence,
        services.issue_invite,
        services.unbind_telegram,
        lambda **kw: services.set_language(language="ru", **kw),
        lambda **kw: services.set_username(username="x", **kw),
        lambda **kw: services.link_user(user_id=None, **kw),
    ]
    for call in calls:
        with refused(NotFound, "staff.no_such_employee"):
            call(employee_id=999_999, actor=anna)


# --- roles ------------------------------------------------------------------------------------
def test_roles_change_old_to_new(cast: Cast, anna: Actor, news: News) -> None:
    services.change_roles(
        employee_id=cast.maxim.pk,
        roles=["polisher", "inspector"],
        expected_roles=["master"],
        actor=anna,
    )
    assert Employee.objects.get(pk=cast.maxim.pk).roles == {"polisher", "inspector"}
    assert news() == [
        (
            cast.maxim.stream,
            "employee.roles_changed",
            {"name": "Maxim", "old": ["master"], "new": ["inspector", "polisher"]},
        )
    ]


def test_roles_that_are_so_already_are_no_event(cast: Cast, anna: Actor, news: News) -> None:
    change: dict[str, Any] = {
        "employee_id": cast.maxim.pk,
        "roles": ["polisher"],
        "expected_roles": ["master"],
    }
    services.change_roles(**change, actor=anna, at=AT)
    news()

    outcome = services.change_roles(**change, actor=acting(cast.zoya))
    assert outcome.already == Already("Anna", AT)
    assert news() == []


def test_the_loser_of_two_is_told_who_changed_what(
    cast: Cast, anna: Actor, refused: Refused
) -> None:
    services.change_roles(employee_id=cast.maxim.pk, roles=["polisher"], actor=anna, at=AT)
    with refused(StaleState, "staff.roles_changed") as refusal:
        services.change_roles(
            employee_id=cast.maxim.pk,
            roles=["inspector"],
            expected_roles=["master"],
            actor=acting(cast.zoya),
        )
    text = refusal.value.text()
    assert "Maxim" in text
    assert "Anna" in text
    assert "20.11.2026 12:30" in text


def test_nobody_changes_his_own_roles(cast: Cast, anna: Actor, refused: Refused) -> None:
    with refused(NotAllowed, "staff.not_yourself"):
        services.change_roles(employee_id=cast.anna.pk, roles=["manager", "owner"], actor=anna)


def test_nobody_changes_his_own_roles_from_the_office_either(cast: Cast, refused: Refused) -> None:
    from staff.actors import user_actor
    from workshop.lib.actor import ADMIN, Channel

    user = make_user("anna")
    Employee.objects.filter(pk=cast.anna.pk).update(user=user)
    actor = user_actor(user, Channel(ADMIN))
    with refused(NotAllowed, "staff.not_yourself"):
        services.change_roles(employee_id=cast.anna.pk, roles=["manager", "owner"], actor=actor)
    with refused(NotAllowed, "staff.not_yourself"):
        services.set_active(employee_id=cast.anna.pk, active=False, actor=actor)


def test_the_last_manager_stays(cast: Cast, refused: Refused) -> None:
    job = system_actor("job")
    services.set_active(employee_id=cast.zoya.pk, active=False, actor=job)

    with refused(RuleViolation, "staff.last_manager"):
        services.change_roles(employee_id=cast.anna.pk, roles=["inspector"], actor=job)
    with refused(RuleViolation, "staff.last_manager"):
        services.set_active(employee_id=cast.anna.pk, active=False, actor=job)
    services.change_roles(employee_id=cast.anna.pk, roles=["manager", "owner"], actor=job)


# --- activity ---------------------------------------------------------------------------------
def test_a_leaver_is_cut_off_everywhere_at_once(cast: Cast, anna: Actor, news: News) -> None:
    user = make_user("maxim")
    Employee.objects.filter(pk=cast.maxim.pk).update(user=user, telegram_id=None)
    invite = services.issue_invite(employee_id=cast.maxim.pk, actor=anna, at=AT).object
    news()

    services.set_active(employee_id=cast.maxim.pk, active=False, actor=anna, at=AT)

    employee = Employee.objects.get(pk=cast.maxim.pk)
    assert not employee.active
    assert acting(employee).roles == frozenset()
    assert Invite.objects.get(pk=invite.pk).revoked_at == AT
    assert not User.objects.get(pk=user.pk).is_active
    assert news() == [
        (employee.stream, "employee.activity_changed", {"name": "Maxim", "active": False}),
        (
            f"access:user:{user.pk}",
            "access.user_changed",
            {"user_id": user.pk, "username": "maxim", "changes": {"active": ["yes", "no"]}},
        ),
    ]
    assert Command.objects.latest("pk").events.count() == 2


@pytest.mark.parametrize("was_active", [True, False])
def test_who_comes_back_is_active_and_his_account_stays_as_it_is(
    cast: Cast, anna: Actor, news: News, was_active: bool
) -> None:
    user = make_user("maxim", is_active=was_active)
    Employee.objects.filter(pk=cast.maxim.pk).update(user=user, active=False)

    services.set_active(employee_id=cast.maxim.pk, active=True, actor=anna)
    assert Employee.objects.get(pk=cast.maxim.pk).active
    assert User.objects.get(pk=user.pk).is_active is was_active
    assert news() == [
        (cast.maxim.stream, "employee.activity_changed", {"name": "Maxim", "active": True})
    ]


def test_switching_off_twice_is_already_done(cast: Cast, anna: Actor, news: News) -> None:
    services.set_active(employee_id=cast.maxim.pk, active=False, actor=anna, at=AT)
    news()
    outcome = services.set_active(employee_id=cast.maxim.pk, active=False, actor=acting(cast.zoya))
    assert outcome.already == Already("Anna", AT)
    assert news() == []


def test_nobody_switches_himself_off(cast: Cast, anna: Actor, refused: Refused) -> None:
    with refused(NotAllowed, "staff.not_yourself"):
        services.set_active(employee_id=cast.anna.pk, active=False, actor=anna)


# --- absence ----------------------------------------------------------------------------------
def test_absence_is_set_changed_and_cleared(cast: Cast, igor: Actor, news: News) -> None:
    who: dict[str, Any] = {"employee_id": cast.maxim.pk, "actor": igor, "at": AT}
    services.set_absence(absent_until=date(2026, 11, 27), **who)
    employee = Employee.objects.get(pk=cast.maxim.pk)
    assert (employee.absent_from, employee.absent_until) == (date(2026, 11, 20), date(2026, 11, 27))
    assert employee.is_absent(date(2026, 11, 20))
    assert employee.is_absent(date(2026, 11, 27))
    assert not employee.is_absent(date(2026, 11, 28))

    services.set_absence(absent_from=date(2026, 12, 1), absent_until=date(2026, 12, 1), **who)
    services.set_absence(**who)
    cleared = Employee.objects.get(pk=cast.maxim.pk)
    assert (cleared.absent_from, cleared.absent_until) == (None, None)
    spans = [
        [payload[name] for name in ("old_from", "old_until", "absent_from", "absent_until")]
        for _, kind, payload in news()
        if kind == "employee.absence_changed" and payload["name"] == "Maxim"
    ]
    assert spans == [
        [None, None, "2026-11-20", "2026-11-27"],
        ["2026-11-20", "2026-11-27", "2026-12-01", "2026-12-01"],
        ["2026-12-01", "2026-12-01", None, None],
    ]
    assert services.set_absence(**who).already == Already("Igor", AT)
    assert news() == []


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (date(2026, 11, 25), None, "staff.absence_end_missing"),
        (date(2026, 11, 25), date(2026, 11, 24), "staff.absence_backwards"),
        (date(2026, 11, 1), date(2026, 11, 19), "staff.absence_over"),
        (None, date(2026, 11, 19), "staff.absence_over"),
    ],
)
def test_impossible_absences(
    cast: Cast, anna: Actor, refused: Refused, start: date | None, end: date | None, code: str
) -> None:
    with refused(RuleViolation, code) as refusal:
        services.set_absence(
            employee_id=cast.maxim.pk, absent_from=start, absent_until=end, actor=anna, at=AT
        )
    assert refusal.value.field == "absent_until"


def test_today_is_the_workshops_day(cast: Cast, anna: Actor) -> None:
    """23:30 in UTC is the next day in Moscow."""
    late = AT.replace(hour=23)
    services.set_absence(
        employee_id=cast.maxim.pk, absent_until=date(2026, 11, 22), actor=anna, at=late
    )
    assert Employee.objects.get(pk=cast.maxim.pk).absent_from == date(2026, 11, 21)
    with pytest.raises(RuleViolation, match=r"past|прошл"):
        services.set_absence(
            employee_id=cast.maxim.pk, absent_until=date(2026, 11, 20), actor=anna, at=late
        )


# --- together ---------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_managers_cannot_switch_each_other_off(cast: Cast) -> None:
    pairs = [(cast.anna, cast.zoya), (cast.zoya, cast.anna)]
    for _ in range(10):
        Employee.objects.filter(is_manager=True).update(active=True)
        barrier = threading.Barrier(2)

        def switch_off(pair: tuple[Employee, Employee], barrier: Any = barrier) -> str:
            try:
                barrier.wait(timeout=30)
                services.set_active(employee_id=pair[1].pk, active=False, actor=acting(pair[0]))
            except RuleViolation as refusal:
                return refusal.code
            finally:
                connection.close()
            return "done"

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(switch_off, pairs))
        assert answers == ["done", "staff.last_manager"]
        assert Employee.objects.active().filter(is_manager=True).count() == 1


@pytest.mark.django_db
def test_absence_needs_both_ends_in_the_database() -> None:
    from django.db import IntegrityError, transaction

    for start, end in [
        (date(2026, 1, 2), None),
        (None, date(2026, 1, 2)),
        (AT.date(), AT.date() - timedelta(1)),
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            make_employee("x", absent_from=start, absent_until=end)
