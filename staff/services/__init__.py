"""The only writers of the staff."""

from staff.services.accounts import (
    change_groups,
    change_password,
    create_user,
    link_user,
    rename_user,
    set_user_active,
)
from staff.services.doors import record_sign_in, refuse_access, refuse_sign_in
from staff.services.people import (
    add_employee,
    change_roles,
    rename_employee,
    set_absence,
    set_active,
)
from staff.services.telegram import (
    accept_invite,
    issue_invite,
    set_language,
    set_username,
    unbind_telegram,
)

__all__ = [
    "accept_invite",
    "add_employee",
    "change_groups",
    "change_password",
    "change_roles",
    "create_user",
    "issue_invite",
    "link_user",
    "record_sign_in",
    "refuse_access",
    "refuse_sign_in",
    "rename_employee",
    "rename_user",
    "set_absence",
    "set_active",
    "set_language",
    "set_user_active",
    "set_username",
    "unbind_telegram",
]
