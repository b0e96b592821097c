"""The only writers of the staff."""

from staff.services.accounts import (
    change_groups,
    change_password,
    create_user,
    link_user,
    rename_user,
    set_user_active,
)
from staff.services.bot_name import remember_bot
from staff.services.doors import record_sign_in, refuse_access, refuse_sign_in
from staff.services.jobs import ask_for_job, reschedule_job, switch_job
from staff.services.notices import mute_notices
from staff.services.people import (
    add_employee,
    change_roles,
    confirm_access,
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
from staff.services.work_group import link_work_group, move_work_group, unlink_work_group

__all__ = [
    "accept_invite",
    "add_employee",
    "ask_for_job",
    "change_groups",
    "change_password",
    "change_roles",
    "confirm_access",
    "create_user",
    "issue_invite",
    "link_user",
    "link_work_group",
    "move_work_group",
    "mute_notices",
    "record_sign_in",
    "refuse_access",
    "refuse_sign_in",
    "remember_bot",
    "rename_employee",
    "rename_user",
    "reschedule_job",
    "set_absence",
    "set_active",
    "set_language",
    "set_user_active",
    "set_username",
    "switch_job",
    "unbind_telegram",
    "unlink_work_group",
]
