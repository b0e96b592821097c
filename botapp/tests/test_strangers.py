"""Who is not of the staff acts as nobody: above all not as the program, which may do everything."""

from __future__ import annotations

import pytest

from botapp.step import identify
from botapp.transport.port import Person
from staff import policies
from staff.models import Employee
from workshop.lib.errors import NotAllowed


@pytest.mark.django_db
@pytest.mark.parametrize(("active", "label"), [(None, "Telegram 77"), (False, "Zoya")])
def test_a_stranger_and_a_leaver_act_as_nobody(active: bool | None, label: str) -> None:
    if active is not None:
        Employee.objects.create(
            full_name="Zoya", short_name="Zoya", telegram_id=77, is_manager=True, active=active
        )
    caller = identify(Person(id=77, username="zoya", language="ru"), "c-1")

    assert caller.employee is None
    assert (caller.actor.label, caller.actor.telegram_id) == (label, 77)
    assert caller.actor.roles == frozenset()
    assert not caller.actor.is_system
    with pytest.raises(NotAllowed):
        policies.ensure_can_manage(caller.actor, touched=())
