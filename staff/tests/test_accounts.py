"""Office accounts: every change of access is an event, and none carries a secret."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from history.commands import CommandKey
from staff import services
from staff.actors import user_actor
from staff.models import Employee
from staff.tests.conftest import AT, Cast, Refused, acting, everything, make_user
from workshop.lib.actor import ADMIN, Actor, Channel, system_actor
from workshop.lib.errors import Duplicate, NotAllowed, NotFound, RuleViolation

News = Callable[[], list[tuple[str, str, dict[str, Any]]]]
MANAGERS, OWNERS, ADMINISTRATORS = "Office manager", "Owner (read-only)", "Administrator"
PASSWORD = "Репассаж-1886-часы"


def _office(user: User) -> Actor:
    return user_actor(User.objects.get(pk=user.pk), Channel(ADMIN))


def _changed(user: User, **changes: list[str]) -> tuple[str, str, dict[str, Any]]:
    payload = {"user_id": user.pk, "username": user.username, "changes": changes}
    return f"access:user:{user.pk}", "access.user_changed", payload


@pytest.fixture
def root(db: None) -> Actor:
    """The administrator."""
    return _office(make_user("root", ADMINISTRATORS))


@pytest.fixture
def vera(db: None) -> User:
    """An office manager without an employee."""
    return make_user("vera", MANAGERS)


# --- creating -----------------------------------------------------------------------------------
def test_a_manager_creates_an_account(anna: Actor, news: News) -> None:
    user = services.create_user(
        username="vera",
        password=PASSWORD,
        first_name="Вера",
        last_name="Орлова",
        groups=[MANAGERS],
        actor=anna,
        at=AT,
    ).object

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser, user.get_full_name()) == (True, False, "Вера Орлова")
    assert [group.name for group in user.groups.all()] == [MANAGERS]
    assert news() == [_changed(user, account=["", "created"], groups=["", MANAGERS])]
    assert PASSWORD not in str(everything())
    assert _office(user).roles == {"manager"}


def test_names_differ_by_more_than_their_case(anna: Actor, refused: Refused) -> None:
    User.objects.create_user("Вера")
    with refused(Duplicate, "staff.username_taken"):
        services.create_user(username="вЕРА", password=PASSWORD, actor=anna)


def test_a_repeated_press_creates_one_account(anna: Actor) -> None:
    call: dict[str, Any] = {"username": "vera", "password": PASSWORD, "actor": anna}
    key = CommandKey("admin:1", "form")
    services.create_user(**call, command=key)
    assert services.create_user(**call, command=key).replayed


def test_no_hash_of_a_password_stands_among_the_commands(vera: User, anna: Actor) -> None:
    """The plain hash of a short secret is as good as the secret: two passwords leave the same."""
    hashes = set()
    for n, password in enumerate([PASSWORD, PASSWORD + "!"]):
        command = CommandKey("admin:1", f"form-{n}")
        outcome = services.change_password(
            user_id=vera.pk, password=password, actor=anna, command=command
        )
        assert outcome.command is not None
        hashes.add(outcome.command.arguments_hash)
    assert len(hashes) == 1

    call: dict[str, Any] = {"username": "olaf", "actor": anna}
    key = CommandKey("admin:1", "new")
    services.create_user(**call, password=PASSWORD, command=key)
    assert services.create_user(**call, password=PASSWORD + "!", command=key).replayed


@pytest.mark.parametrize(
    ("more", "kind", "code"),
    [
        ({"username": ""}, RuleViolation, "text.required"),
        ({"username": "a b"}, RuleViolation, "staff.username_invalid"),
        ({"username": "x" * 151}, RuleViolation, "text.too_long"),
        ({"username": "taken"}, Duplicate, "staff.username_taken"),
        ({"password": "12345"}, RuleViolation, "staff.password_weak"),
        ({"first_name": "a\0"}, RuleViolation, "text.control_characters"),
        ({"groups": ["Kings"]}, RuleViolation, "staff.unknown_group"),
        ({"groups": [ADMINISTRATORS]}, NotAllowed, "staff.administrators_only"),
    ],
)
def test_bad_accounts(
    anna: Actor, refused: Refused, more: dict[str, Any], kind: Any, code: str
) -> None:
    make_user("taken")
    call: dict[str, Any] = {"username": "vera", "password": PASSWORD, "actor": anna}
    with refused(kind, code):
        services.create_user(**call | more)


def test_groups_that_were_never_made_are_a_fault_of_the_installation(anna: Actor) -> None:
    from django.contrib.auth.models import Group

    Group.objects.all().delete()
    with pytest.raises(LookupError, match="migrate"):
        services.create_user(username="v", password=PASSWORD, groups=[OWNERS], actor=anna)


# --- changing -----------------------------------------------------------------------------------
def test_groups_change_old_to_new(vera: User, anna: Actor, news: News) -> None:
    services.change_groups(user_id=vera.pk, groups=[OWNERS], actor=anna, at=AT)
    assert _office(vera).roles == {"owner"}
    assert news() == [_changed(vera, groups=[MANAGERS, OWNERS])]

    outcome = services.change_groups(user_id=vera.pk, groups=[OWNERS], actor=anna)
    assert outcome.already is not None
    assert outcome.already.who == "Anna"
    assert news() == []


def test_only_administrators_make_administrators(
    vera: User, anna: Actor, root: Actor, refused: Refused, news: News
) -> None:
    with refused(NotAllowed, "staff.administrators_only"):
        services.change_groups(user_id=vera.pk, groups=[ADMINISTRATORS], actor=anna)
    services.change_groups(user_id=vera.pk, groups=[ADMINISTRATORS], actor=root)
    assert _office(vera).roles == {"manager", "administrator"}

    for call in (
        lambda: services.change_groups(user_id=vera.pk, groups=[OWNERS], actor=anna),
        lambda: services.set_user_active(user_id=vera.pk, active=False, actor=anna),
        lambda: services.change_password(user_id=vera.pk, password=PASSWORD, actor=anna),
        lambda: services.rename_user(user_id=vera.pk, first_name="x", last_name="", actor=anna),
    ):
        with refused(NotAllowed, "staff.administrators_only"):
            call()


def test_a_superuser_is_an_administrators_matter(anna: Actor, refused: Refused) -> None:
    boss = make_user("boss", is_superuser=True)
    assert _office(boss).roles == {"manager", "administrator"}
    with refused(NotAllowed, "staff.administrators_only"):
        services.change_password(user_id=boss.pk, password=PASSWORD, actor=anna)


def test_nobody_changes_his_own_access(vera: User, refused: Refused) -> None:
    actor = _office(vera)
    with refused(NotAllowed, "staff.not_yourself"):
        services.change_groups(user_id=vera.pk, groups=[MANAGERS, OWNERS], actor=actor)
    with refused(NotAllowed, "staff.not_yourself"):
        services.set_user_active(user_id=vera.pk, active=False, actor=actor)


def test_an_account_is_switched_off_and_on(vera: User, anna: Actor, news: News) -> None:
    services.set_user_active(user_id=vera.pk, active=False, actor=anna)
    assert not User.objects.get(pk=vera.pk).is_active
    assert _office(vera).roles == frozenset()
    assert services.set_user_active(user_id=vera.pk, active=False, actor=anna).already is not None
    services.set_user_active(user_id=vera.pk, active=True, actor=anna)
    assert news() == [_changed(vera, active=["yes", "no"]), _changed(vera, active=["no", "yes"])]


def test_a_session_ends_with_the_account(vera: User, anna: Actor) -> None:
    client = Client()
    client.force_login(vera, backend="django.contrib.auth.backends.ModelBackend")
    assert _signed_in(client)
    services.set_user_active(user_id=vera.pk, active=False, actor=anna)
    assert not _signed_in(client)


def _signed_in(client: Client) -> bool:
    from django.contrib.auth import get_user
    from django.http import HttpRequest

    request = HttpRequest()
    request.session = client.session
    return get_user(request).is_authenticated


def test_a_name_changes(vera: User, anna: Actor, news: News) -> None:
    call: dict[str, Any] = {
        "user_id": vera.pk,
        "first_name": "Вера",
        "last_name": "Орлова",
        "actor": anna,
    }
    services.rename_user(**call)
    services.rename_user(**call)
    assert news() == [_changed(vera, name=["", "Вера Орлова"])]


def test_an_own_password_and_that_of_another(
    vera: User, anna: Actor, refused: Refused, news: News
) -> None:
    olaf = make_user("olaf", OWNERS)
    services.change_password(user_id=olaf.pk, password=PASSWORD, actor=_office(olaf))
    services.change_password(user_id=vera.pk, password=PASSWORD, actor=anna)
    assert User.objects.get(pk=olaf.pk).check_password(PASSWORD)
    assert news() == [_changed(user, password=["", "changed"]) for user in (olaf, vera)]
    assert PASSWORD not in str(everything())

    with refused(NotAllowed, "staff.administrators_only"):
        services.change_password(user_id=vera.pk, password=PASSWORD, actor=_office(olaf))
    with refused(RuleViolation, "staff.password_weak"):
        services.change_password(user_id=olaf.pk, password="olaf", actor=_office(olaf))


def test_an_unknown_account_is_not_found(cast: Cast, anna: Actor, refused: Refused) -> None:
    calls: list[Callable[..., Any]] = [
        lambda **kw: services.change_groups(groups=[], **kw),
        lambda **kw: services.set_user_active(active=False, **kw),
        lambda **kw: services.change_password(password=PASSWORD, **kw),
        lambda **kw: services.rename_user(first_name="x", last_name="y", **kw),
        lambda **kw: services.link_user(employee_id=cast.maxim.pk, **kw),
    ]
    for call in calls:
        with refused(NotFound, "staff.no_such_user"):
            call(user_id=999_999, actor=anna)


# --- linking ------------------------------------------------------------------------------------
def test_a_linked_account_has_the_roles_of_its_person(
    cast: Cast, vera: User, anna: Actor, news: News
) -> None:
    services.link_user(employee_id=cast.igor.pk, user_id=vera.pk, actor=anna)
    actor = _office(vera)
    assert actor.roles == {"inspector"}
    assert (actor.employee_id, actor.label) == (cast.igor.pk, "Igor")
    services.link_user(employee_id=cast.igor.pk, user_id=vera.pk, actor=anna)

    services.link_user(employee_id=cast.igor.pk, user_id=None, actor=anna)
    assert Employee.objects.get(pk=cast.igor.pk).user_id is None
    assert news() == [_changed(vera, employee=["", "Igor"]), _changed(vera, employee=["Igor", ""])]


def test_another_account_takes_the_place(cast: Cast, vera: User, anna: Actor, news: News) -> None:
    other = make_user("other")
    Employee.objects.filter(pk=cast.igor.pk).update(user=vera)
    services.link_user(employee_id=cast.igor.pk, user_id=other.pk, actor=anna)
    assert news() == [_changed(vera, employee=["Igor", ""]), _changed(other, employee=["", "Igor"])]


def test_one_account_belongs_to_one_person(
    cast: Cast, vera: User, anna: Actor, refused: Refused
) -> None:
    Employee.objects.filter(pk=cast.igor.pk).update(user=vera)
    with refused(Duplicate, "staff.user_taken") as refusal:
        services.link_user(employee_id=cast.maxim.pk, user_id=vera.pk, actor=anna)
    assert refusal.value.existing_id == cast.igor.pk


def test_nobody_gains_by_linking_himself(cast: Cast, vera: User, refused: Refused) -> None:
    actor = _office(vera)
    with refused(NotAllowed, "staff.not_yourself"):
        services.link_user(employee_id=cast.boris.pk, user_id=vera.pk, actor=actor)
    services.link_user(employee_id=cast.zoya.pk, user_id=vera.pk, actor=actor)
    with refused(NotAllowed, "staff.not_yourself"):
        services.link_user(employee_id=cast.zoya.pk, user_id=None, actor=_office(vera))


def test_an_inspector_links_nobody(cast: Cast, vera: User, igor: Actor, refused: Refused) -> None:
    with refused(NotAllowed, "staff.managers_only"):
        services.link_user(employee_id=cast.maxim.pk, user_id=vera.pk, actor=igor)


def test_a_deactivated_person_opens_no_office(cast: Cast, vera: User) -> None:
    Employee.objects.filter(pk=cast.anna.pk).update(user=vera, active=False)
    assert _office(vera).roles == frozenset()


# --- together -----------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_accounts_cannot_switch_each_other_off() -> None:
    pair = [make_user("one", MANAGERS), make_user("two", MANAGERS)]
    for _ in range(10):
        User.objects.update(is_active=True)
        actors = [_office(user) for user in pair]

        def switch_off(n: int, actors: list[Actor] = actors) -> str:
            try:
                services.set_user_active(user_id=pair[1 - n].pk, active=False, actor=actors[n])
            except NotAllowed:
                return "refused"
            finally:
                connection.close()
            return "done"

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(switch_off, (0, 1))) == ["done", "refused"]


def test_the_program_itself_may_do_all(cast: Cast, vera: User) -> None:
    job = system_actor("setup")
    services.change_groups(user_id=vera.pk, groups=[ADMINISTRATORS], actor=job)
    assert acting(cast.anna).has("manager")
