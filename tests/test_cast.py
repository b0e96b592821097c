"""The people of the tests, written in bulk, are those that the services make."""

from __future__ import annotations

from typing import Any

import pytest

from history.models import Event
from history.verify import verify
from receipts.models import OperationType
from receipts.services.skills import change_skills
from staff.models import Employee
from staff.services.people import add_employee
from tests.cast import _PEOPLE, _SKILLS, make_cast
from tests.domain.snapshot import rolled_back
from workshop.lib.actor import system_actor


def _by_the_services() -> None:
    actor = system_actor("tests")
    for key, (name, held, telegram) in _PEOPLE.items():
        values = {"full_name": name, "roles": held, "telegram_id": telegram}
        person = add_employee(actor=actor, **values).object
        if codes := _SKILLS.get(key):
            types = list(OperationType.objects.filter(code__in=codes).values_list("pk", flat=True))
            change_skills(employee_id=person.pk, type_ids=types, actor=actor)


def _told() -> list[Any]:
    """All that does not depend on the moment and on ids."""
    people = [
        {
            **{name: value for name, value in vars(one).items() if name not in _CHANGING},
            "skills": sorted(one.skills.values_list("code", flat=True)),
            "events": list(
                Event.objects.filter(stream=one.stream)
                .order_by("sequence")
                .values_list("kind", "version", "payload", "actor_label", "channel", "ordinal")
            ),
        }
        for one in Employee.objects.order_by("full_name")
    ]
    assert list(verify()) == []
    return people


_CHANGING = ("_state", "id", "created_at")


@pytest.mark.django_db
def test_the_cast_is_as_the_services_make_it() -> None:
    with rolled_back():
        _by_the_services()
        wanted = _told()
    make_cast()
    assert _told() == wanted
    assert len(wanted) == 7
