"""Row locks of the staff."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from staff.models import Employee, Invite
from workshop.lib.errors import NotFound


def employee(employee_id: int) -> Employee:
    """The locked employee; NotFound ``staff.no_such_employee``."""
    row = Employee.objects.select_for_update(of=("self",)).filter(pk=employee_id).first()
    if row is None:
        raise NotFound("staff.no_such_employee", _("There is no such employee."), field="employee")
    return row


def managers() -> None:
    """Locks all managers, so that two cannot deactivate each other at once."""
    list(Employee.objects.select_for_update(of=("self",)).filter(is_manager=True).order_by("pk"))


def invite(token_hash: str) -> Invite | None:
    """The locked invite with this hash, or None."""
    return Invite.objects.select_for_update(of=("self",)).filter(token_hash=token_hash).first()
