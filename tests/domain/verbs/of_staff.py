"""The services of staff."""

from __future__ import annotations

from datetime import date

from history.models import Job
from integrations.services.legacy import CarriedPerson, carry_person
from staff import roles
from staff.services import accounts, doors, jobs, notices, people, telegram, work_group
from tests.domain.verbs.world import PASSWORD, Cases, World, at
from workshop.lib.actor import system_actor

NOT_PRESSED = {
    "staff.services.doors._tell": "inner part of refuse_access and refuse_sign_in",
}


def _job(_world: World) -> int:
    return Job.objects.get(name="history.sweep_outbox").pk


def _brought(_world: World) -> int:
    """Somebody whom the import of an earlier platform has brought."""
    person = CarriedPerson(
        legacy_id=1, name="Прежний Мастер", role="master", roles=["master"], type_ids=[],
        telegram_id=None, username="", active=True, since=None,
    )  # fmt: skip
    return carry_person(person=person, actor=system_actor("tests")).object.pk


MANAGER: Cases = [
    (
        accounts.create_user,
        at(username="anna.office", password=PASSWORD, groups=[roles.GROUPS[roles.OWNER]]),
    ),
    (
        accounts.rename_user,
        at(user_id=World.user, first_name="Анна", last_name="Офис"),
    ),
    (
        accounts.change_groups,
        at(user_id=World.user, groups=[roles.GROUPS[roles.OWNER]]),
    ),
    (
        accounts.set_user_active,
        at(user_id=World.user, active=False),
    ),
    (
        accounts.change_password,
        at(user_id=World.user, password=PASSWORD),
    ),
    (
        accounts.link_user,
        at(user_id=World.user, employee_id=lambda w: w.cast.maxim.pk),
    ),
    (doors.record_sign_in, at(user_id=World.user)),
    (people.add_employee, at(full_name="Новый Человек")),
    (
        people.rename_employee,
        at(employee_id=lambda w: w.cast.maxim.pk, full_name="Максим Иной"),
    ),
    (people.confirm_access, at(employee_id=_brought)),
    (
        people.change_roles,
        at(employee_id=lambda w: w.cast.maxim.pk, roles=["polisher"]),
    ),
    (
        people.set_active,
        at(employee_id=lambda w: w.cast.maxim.pk, active=False),
    ),
    (
        people.set_absence,
        at(employee_id=lambda w: w.cast.maxim.pk, absent_until=date(2026, 12, 1)),
    ),
    (jobs.switch_job, at(job_id=_job, enabled=False)),
    (jobs.reschedule_job, at(job_id=_job, every=30)),
    (jobs.ask_for_job, at(job_id=_job)),
    (
        notices.mute_notices,
        at(employee_id=lambda w: w.cast.maxim.pk, kinds=["assignment"], muted=True),
    ),
    (
        telegram.issue_invite,
        at(employee_id=lambda w: w.do(people.add_employee, full_name="Кто То").object.pk),
    ),
    (
        telegram.unbind_telegram,
        at(employee_id=lambda w: w.cast.maxim.pk),
    ),
    (
        telegram.set_language,
        at(employee_id=lambda w: w.cast.maxim.pk, language="en"),
    ),
    (
        telegram.set_username,
        at(employee_id=lambda w: w.cast.maxim.pk, username="@maxim"),
    ),
]
INSPECTOR: Cases = [
    (
        work_group.link_work_group,
        at(chat_id=-5, title="Мастерская"),
    ),
    (
        work_group.unlink_work_group,
        at(chat_id=World.group),
    ),
    (
        work_group.move_work_group,
        at(old_chat_id=World.group, new_chat_id=-100500),
    ),
]
