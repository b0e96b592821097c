"""Row locks of the staff."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy as _

from staff.models import AccessRefusal, Employee, Invite, WorkGroup
from workshop.lib.errors import NotFound


def employee(employee_id: int) -> Employee:
    """The locked employee; NotFound ``staff.no_such_employee``."""
    rows = Employee.objects.select_for_update(of=("self",))
    row: Employee | None = rows.filter(pk=employee_id).first()
    if row is None:
        raise NotFound("staff.no_such_employee", _("There is no such employee."), field="employee")
    return row


def managers() -> None:
    """Locks all managers, so that two cannot deactivate each other at once.

    Always before :func:`employee`, so that nobody waits in a circle.
    """
    list(Employee.objects.select_for_update(of=("self",)).filter(is_manager=True).order_by("pk"))


def invite(token_hash: str) -> Invite | None:
    """The locked invite with this hash, or None."""
    return Invite.objects.select_for_update(of=("self",)).filter(token_hash=token_hash).first()


def work_group() -> WorkGroup | None:
    """The locked row of the work group, None before its first use."""
    return WorkGroup.objects.select_for_update(of=("self",)).first()


def users(*user_ids: int) -> dict[int, User]:
    """The locked office accounts by id, locked in the order of their ids."""
    rows = User.objects.select_for_update(of=("self",)).filter(pk__in=user_ids).order_by("pk")
    return {row.pk: row for row in rows}


def usernames() -> None:
    """Whoever makes an account holds the rows of the groups: two equal names but for their case
    would not see one another, and no constraint of Django's own table forbids them."""
    list(Group.objects.select_for_update(of=("self",), no_key=True).order_by("pk"))


def refusal(subject: str) -> AccessRefusal:
    """The locked counter of a subject that was refused before."""
    return AccessRefusal.objects.select_for_update().get(subject=subject)
