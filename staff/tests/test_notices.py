"""A person switches kinds of notices off; what belongs to his work he always gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from staff import notice_kinds, roles, services
from staff.models import Employee
from staff.notice_kinds import NoticeKind, is_compulsory, kinds_for, wants
from staff.tests.conftest import AT, Cast, Refused, acting, make_employee
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

News = Callable[[], list[tuple[str, str, dict[str, Any]]]]


def _mute(employee: Employee, *kinds: str, muted: bool = True, by: Employee | None = None) -> Any:
    return services.mute_notices(
        employee_id=employee.pk, kinds=kinds, muted=muted, actor=acting(by or employee), at=AT
    )


def test_a_person_switches_kinds_off_and_on(cast: Cast, news: News) -> None:
    news()
    _mute(cast.igor, "evening_summary")
    fresh = _mute(cast.igor, "deadline_changed").object
    assert fresh.muted_notices == ["deadline_changed", "evening_summary"]
    assert not wants(fresh, NoticeKind.DEADLINE_CHANGED)
    assert wants(fresh, NoticeKind.OVER_LIMIT)

    _mute(cast.igor, "evening_summary", muted=False)
    cast.igor.refresh_from_db()
    assert cast.igor.muted_notices == ["deadline_changed"]
    both = ["deadline_changed", "evening_summary"]
    assert news() == [
        (
            cast.igor.stream,
            "employee.notices_muted",
            {"name": "Igor", "old": ["evening_summary"][:number], "new": new},
        )
        for number, new in ((0, ["evening_summary"]), (1, both))
    ] + [
        (
            cast.igor.stream,
            "employee.notices_muted",
            {"name": "Igor", "old": both, "new": ["deadline_changed"]},
        )
    ]


def test_muting_twice_writes_one_event(cast: Cast, news: News) -> None:
    _mute(cast.maxim, "assignment")
    news()
    _mute(cast.maxim, "assignment")
    _mute(cast.maxim, "returned", muted=False)
    assert news() == []


def test_what_belongs_to_the_work_cannot_be_switched_off(cast: Cast, refused: Refused) -> None:
    for kind in ("deadline_reminder", "overdue"):
        with refused(RuleViolation, "staff.notice_compulsory"):
            _mute(cast.igor, kind)
        assert is_compulsory(cast.igor, NoticeKind(kind))
    others = ["alert", "incident", "overdue"]
    assert sorted(_mute(cast.anna, *others).object.muted_notices) == others
    assert _mute(cast.boris, "incident").object.muted_notices == ["incident"]


def test_it_becomes_compulsory_with_the_access(cast: Cast, anna: Actor) -> None:
    person = make_employee("Two", roles.MANAGER)
    services.mute_notices(employee_id=person.pk, kinds=["overdue"], muted=True, actor=anna, at=AT)
    person.refresh_from_db()
    assert not wants(person, NoticeKind.OVERDUE)
    person.is_inspector = True
    assert wants(person, NoticeKind.OVERDUE)


def test_who_may_switch_off_for_whom(cast: Cast, refused: Refused) -> None:
    with refused(NotAllowed, "staff.managers_only"):
        _mute(cast.pavel, "polishing", by=cast.maxim)
    with refused(NotAllowed, "staff.managers_only"):
        _mute(cast.anna, "report", by=cast.igor)
    assert _mute(cast.pavel, "polishing", by=cast.igor).object.muted_notices == ["polishing"]
    with refused(RuleViolation, "staff.unknown_notice"):
        _mute(cast.pavel, "everything")
    with refused(NotFound, "staff.no_such_employee"):
        services.mute_notices(employee_id=0, kinds=[], muted=True, actor=acting(cast.anna), at=AT)
    cast.maxim.active = False
    cast.maxim.save()
    with refused(NotAllowed, "access.not_allowed"):
        _mute(cast.maxim, "assignment")


@pytest.mark.parametrize("held", roles.ALL)
def test_every_access_is_offered_what_can_reach_it(held: str) -> None:
    person = Employee(full_name="x", short_name="x", **{f"is_{held}": True})
    offered = kinds_for(person)
    assert offered
    assert all(held in notice_kinds.RECIPIENTS[kind] for kind in offered)
    fixed = {kind for kind in NoticeKind if is_compulsory(person, kind)}
    assert fixed <= set(offered)


def test_every_kind_reaches_somebody_and_has_a_label() -> None:
    assert set(notice_kinds.RECIPIENTS) == set(NoticeKind)
    assert all(notice_kinds.RECIPIENTS[kind] and kind.label for kind in NoticeKind)
    with translation.override("en"):
        told = notice_kinds.names(["report", "of_the_future"])
    assert told == "Scheduled reports, of_the_future"
