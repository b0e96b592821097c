"""Invite links bind a Telegram account once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from history.commands import Already, CommandKey
from history.models import Command, Event
from staff import selectors, services
from staff.actors import stranger_actor
from staff.models import Employee, Invite
from staff.tests.conftest import AT, Cast, Refused, everything
from workshop.lib.actor import BOT, Actor, Channel
from workshop.lib.errors import Duplicate, NotAllowed, RuleViolation, WorkshopError

News = Callable[[], list[tuple[str, str, dict[str, Any]]]]


@pytest.fixture
def olga(cast: Cast, anna: Actor) -> Employee:
    """A new master without a Telegram account."""
    return services.add_employee(full_name="Olga", roles=["master"], actor=anna, at=AT).object


def _invite(employee: Employee, actor: Actor) -> str:
    outcome = services.issue_invite(employee_id=employee.pk, actor=actor, at=AT)
    return outcome.shown_once["token"]


def _accept(token: str, telegram_id: int = 5005, **more: Any) -> Any:
    actor = stranger_actor(telegram_id, Channel(BOT))
    call: dict[str, Any] = {"token": token, "telegram_id": telegram_id, "actor": actor, "at": AT}
    return services.accept_invite(**call | more)


def test_an_invite_is_shown_once_and_kept_as_a_hash(
    olga: Employee, igor: Actor, news: News
) -> None:
    news()
    key = CommandKey("bot:2", "invite")
    call: dict[str, Any] = {"employee_id": olga.pk, "actor": igor, "at": AT, "command": key}
    outcome = services.issue_invite(**call)
    token = outcome.shown_once["token"]

    assert outcome.object.expires_at == AT + timedelta(hours=24)
    assert token not in str(everything())
    assert len(token) <= 64
    assert not token.startswith(("r_", "t_"))
    assert news() == [(olga.stream, "access.invited", {"employee_id": olga.pk, "name": "Olga"})]

    replay = services.issue_invite(**call)
    assert (replay.object, replay.shown_once, replay.replayed) == (outcome.object, {}, True)
    assert news() == []


def test_accepting_binds_the_account(olga: Employee, anna: Actor, news: News) -> None:
    token = _invite(olga, anna)
    news()
    _accept(token, username="@olga_m")

    bound = selectors.by_telegram_id(5005)
    assert bound == olga
    assert bound.telegram_username == "olga_m"
    assert Invite.objects.get().used_at == AT
    assert news() == [
        (
            olga.stream,
            "employee.telegram_bound",
            {"name": "Olga", "old_id": None, "telegram_id": 5005, "username": "olga_m"},
        )
    ]
    event = Event.objects.latest("pk")
    assert (event.actor_kind, event.actor_id, event.actor_label) == ("employee", olga.pk, "Olga")
    assert (event.actor_telegram_id, event.actor_username) == (5005, "olga_m")


def test_a_redelivered_press_is_already_done(olga: Employee, anna: Actor, news: News) -> None:
    token = _invite(olga, anna)
    _accept(token)
    news()
    again = _accept(token, at=AT + timedelta(minutes=1))
    assert again.already == Already("Olga", AT)
    assert news() == []


def test_the_same_update_twice_replays(olga: Employee, anna: Actor) -> None:
    token = _invite(olga, anna)
    key = CommandKey("bot:5005", "start")
    _accept(token, command=key)
    assert _accept(token, command=key).replayed


@pytest.mark.parametrize(
    "spoil",
    [
        "unknown",
        "empty",
        "surrogate",
        "expired",
        "used",
        "revoked",
        "replaced",
        "inactive",
        "bound",
    ],
)
def test_a_link_that_does_not_hold(
    olga: Employee, anna: Actor, refused: Refused, spoil: str
) -> None:
    token = _invite(olga, anna)
    at = AT
    if spoil in {"unknown", "empty", "surrogate"}:
        token = {"unknown": token[::-1], "empty": "", "surrogate": "\ud800"}[spoil]
    elif spoil == "expired":
        at += timedelta(hours=24)
    elif spoil == "used":
        _accept(token, telegram_id=6006)
    elif spoil == "revoked":
        services.set_active(employee_id=olga.pk, active=False, actor=anna)
        services.set_active(employee_id=olga.pk, active=True, actor=anna)
    elif spoil == "replaced":
        _invite(olga, anna)
    elif spoil == "inactive":
        Employee.objects.filter(pk=olga.pk).update(active=False)
    else:
        Employee.objects.filter(pk=olga.pk).update(telegram_id=7007)

    with refused(RuleViolation, "staff.invite_invalid") as refusal:
        _accept(token, at=at)
    assert refusal.value.field == "token"


def test_a_link_holds_to_its_last_second(olga: Employee, anna: Actor) -> None:
    _accept(_invite(olga, anna), at=AT + timedelta(hours=24, microseconds=-1))
    assert Employee.objects.get(pk=olga.pk).telegram_id == 5005


def test_an_account_of_another_employee_is_refused(
    cast: Cast, olga: Employee, anna: Actor, refused: Refused
) -> None:
    token = _invite(olga, anna)
    with refused(Duplicate, "staff.telegram_taken") as refusal:
        _accept(token, telegram_id=1003)
    assert refusal.value.existing_id == cast.maxim.pk
    _accept(token)


def test_who_is_bound_or_inactive_gets_no_invite(
    cast: Cast, olga: Employee, anna: Actor, refused: Refused
) -> None:
    with refused(RuleViolation, "staff.already_bound"):
        services.issue_invite(employee_id=cast.maxim.pk, actor=anna)
    Employee.objects.filter(pk=olga.pk).update(active=False)
    with refused(RuleViolation, "staff.inactive"):
        services.issue_invite(employee_id=olga.pk, actor=anna)


def test_unbinding_frees_the_account(cast: Cast, olga: Employee, anna: Actor, news: News) -> None:
    news()
    services.unbind_telegram(employee_id=cast.maxim.pk, actor=anna, at=AT)
    maxim = Employee.objects.get(pk=cast.maxim.pk)
    assert (maxim.telegram_id, maxim.telegram_username) == (None, "")
    assert news() == [
        (
            maxim.stream,
            "employee.telegram_bound",
            {"name": "Maxim", "old_id": 1003, "telegram_id": None, "username": ""},
        )
    ]
    again = services.unbind_telegram(employee_id=cast.maxim.pk, actor=anna)
    assert again.already == Already("Anna", AT)
    assert news() == []
    _accept(_invite(olga, anna), telegram_id=1003)


def test_everyone_chooses_his_own_language(cast: Cast, refused: Refused, news: News) -> None:
    maxim = cast.actor("maxim")
    services.set_language(employee_id=cast.maxim.pk, language="en", actor=maxim)
    assert Employee.objects.get(pk=cast.maxim.pk).language == "en"
    assert news() == [
        (
            cast.maxim.stream,
            "employee.settings_changed",
            {"field": "language", "old": "ru", "new": "en"},
        )
    ]
    services.set_language(employee_id=cast.maxim.pk, language="en", actor=maxim)
    assert news() == []

    with refused(RuleViolation, "staff.unknown_language"):
        services.set_language(employee_id=cast.maxim.pk, language="tlh", actor=maxim)
    Employee.objects.filter(pk=cast.maxim.pk).update(active=False)
    with refused(NotAllowed, "access.not_allowed"):
        services.set_language(employee_id=cast.maxim.pk, language="ru", actor=maxim)


def test_a_new_username_is_followed(cast: Cast, refused: Refused, news: News) -> None:
    call: dict[str, Any] = {"employee_id": cast.maxim.pk, "actor": cast.actor("maxim")}
    services.set_username(username="@max", **call)
    assert news() == [
        (
            cast.maxim.stream,
            "employee.settings_changed",
            {"field": "telegram_username", "old": "", "new": "max"},
        )
    ]
    with refused(RuleViolation, "text.too_long"):
        services.set_username(username="x" * 65, **call)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_of_many_accounts_wins_a_link(olga: Employee, anna: Actor) -> None:
    token = _invite(olga, anna)

    def accept(telegram_id: int) -> str:
        try:
            _accept(token, telegram_id=telegram_id)
        except WorkshopError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "bound"

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(accept, range(9001, 9007)))
    assert answers == ["bound"] + ["staff.invite_invalid"] * 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_account_accepts_one_of_two_links(cast: Cast, anna: Actor) -> None:
    people = [services.add_employee(full_name=f"P{n}", actor=anna).object for n in range(4)]
    tokens = [_invite(person, anna) for person in people]

    def accept(token: str) -> str:
        try:
            _accept(token)
        except WorkshopError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "bound"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(accept, tokens))
    assert answers == ["bound"] + ["staff.telegram_taken"] * 3
    assert Command.objects.filter(verb="employee.accept_invite").count() == 1
