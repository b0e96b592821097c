"""Who may change whom, written out: a missing or wrong cell is a hole in the fence."""

from __future__ import annotations

from typing import Any

import pytest

from staff import policies, roles, services
from staff.models import Employee
from staff.tests.conftest import AT, Cast
from workshop.lib.actor import BOT, Actor, Channel, system_actor
from workshop.lib.errors import NotAllowed

SUBJECTS = ("nobody", "master", "polisher", "inspector", "manager", "owner")
ALLOWED: dict[str, tuple[str, ...]] = {
    "system": SUBJECTS,
    "manager": SUBJECTS,
    "inspector": ("nobody", "master", "polisher"),
    "owner": (),
    "master": (),
    "polisher": (),
    "nobody": (),
    "administrator": (),
}


def _actor(role: str) -> Actor:
    if role == "system":
        return system_actor("job")
    held = frozenset() if role == "nobody" else frozenset({role})
    return Actor(kind="employee", id=1, label=role, channel=Channel(BOT), roles=held)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_who_may_manage_whom(role: str, subject: str) -> None:
    touched = frozenset() if subject == "nobody" else frozenset({subject})
    if subject in ALLOWED[role]:
        policies.ensure_can_manage(_actor(role), touched=touched)
    else:
        with pytest.raises(NotAllowed) as refusal:
            policies.ensure_can_manage(_actor(role), touched=touched)
        assert refusal.value.code == "staff.managers_only"


def test_all_roles_are_written_out() -> None:
    assert set(SUBJECTS) == {*roles.ALL, "nobody"}
    assert set(ALLOWED) == {*roles.ALL, "nobody", "system", roles.ADMINISTRATOR}


def test_the_strictest_role_of_the_person_decides() -> None:
    with pytest.raises(NotAllowed):
        policies.ensure_can_manage(_actor("inspector"), touched={"master", "owner"})


ACCOUNTS: dict[str, tuple[bool, bool]] = {
    # role: may touch a usual account, an administrator's
    "system": (True, True),
    "administrator": (True, True),
    "manager": (True, False),
    "inspector": (False, False),
    "owner": (False, False),
    "master": (False, False),
    "polisher": (False, False),
    "nobody": (False, False),
}


@pytest.mark.parametrize(
    ("groups", "superuser", "column"),
    [
        ((), False, 0),
        (("Office manager",), False, 0),
        (("Owner (read-only)",), False, 0),
        (("Administrator",), False, 1),
        (("Office manager", "Administrator"), False, 1),
        ((), True, 1),
    ],
)
@pytest.mark.parametrize("role", sorted(ACCOUNTS))
def test_who_may_look_after_office_accounts(
    role: str, groups: tuple[str, ...], superuser: bool, column: int
) -> None:
    if ACCOUNTS[role][column]:
        policies.ensure_can_administer(_actor(role), groups=groups, superuser=superuser)
    else:
        with pytest.raises(NotAllowed):
            policies.ensure_can_administer(_actor(role), groups=groups, superuser=superuser)


# Each service asks: actor × verb on each person of the cast.
VERBS: dict[str, Any] = {
    "rename": lambda **kw: services.rename_employee(full_name="New Name", **kw),
    "set_active": lambda **kw: services.set_active(active=False, **kw),
    "set_absence": lambda **kw: services.set_absence(absent_until=AT.date(), **kw),
    "invite": services.issue_invite,
    "unbind": services.unbind_telegram,
    "language": lambda **kw: services.set_language(language="en", **kw),
    "username": lambda **kw: services.set_username(username="new", **kw),
}
MANAGED = {
    "anna": {"igor", "maxim", "pavel", "boris", "zoya"},
    "igor": {"maxim", "pavel"},
    "maxim": set(),
    "pavel": set(),
    "boris": set(),
    "system": {"anna", "igor", "maxim", "pavel", "boris", "zoya"},
}
ON_ONESELF = {
    ("anna", "rename"), ("anna", "set_absence"), ("anna", "invite"), ("anna", "unbind"),
    *((name, verb) for name in ("anna", "igor", "maxim", "pavel", "boris")
      for verb in ("language", "username")),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("whom", sorted(MANAGED["system"]))
@pytest.mark.parametrize("who", MANAGED)
def test_every_service_asks(cast: Cast, who: str, whom: str, verb: str) -> None:
    subject: Employee = getattr(cast, whom)
    if verb == "invite":
        Employee.objects.filter(pk=subject.pk).update(telegram_id=None)
    call: dict[str, Any] = {"employee_id": subject.pk, "actor": cast.actor(who), "at": AT}
    if whom in MANAGED[who] or (who == whom and (who, verb) in ON_ONESELF):
        VERBS[verb](**call)
    else:
        with pytest.raises(NotAllowed):
            VERBS[verb](**call)


@pytest.mark.parametrize("new", roles.ALL)
@pytest.mark.parametrize("who", MANAGED)
def test_who_may_grant_which_role(cast: Cast, who: str, new: str) -> None:
    may = who in {"anna", "system"} or (who == "igor" and new in {"master", "polisher"})
    actor = cast.actor(who)
    whom = cast.pavel if who != "pavel" else cast.maxim
    for call in (
        lambda: services.add_employee(full_name="Olga", roles=[new], actor=actor),
        lambda: services.change_roles(employee_id=whom.pk, roles=[new], actor=actor),
    ):
        if may:
            call()
        else:
            with pytest.raises(NotAllowed):
                call()


def test_an_inspector_takes_no_role_he_may_not_grant(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        services.change_roles(employee_id=cast.zoya.pk, roles=["master"], actor=cast.actor("igor"))
