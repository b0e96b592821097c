"""Groups of office users and what they may do in the admin site; made after every migrate.

The admin's permissions only open pages: what a verb needs is asked of the actor's roles
(``policies``). Nobody gets a delete permission.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.models import Group, Permission

from staff import roles

VIEW: Final = ("view",)
WORK: Final = ("view", "add", "change")
# Apps whose rows only the program writes.
RECORDS: Final = frozenset({"history"})
# Libraries' pages that the administrator needs beside our own.
ADMINISTERED: Final = {"auth": WORK, "axes": VIEW, "django_celery_beat": VIEW, "admin": VIEW}


def grant_after_migrate(app_config: AppConfig, using: str, **_: Any) -> None:
    """Receiver of ``post_migrate``, once per app: its permissions have just been made."""
    label = app_config.label
    if _is_ours(app_config):
        work = VIEW if label in RECORDS else WORK
        _grant(using, label, roles.GROUPS[roles.MANAGER], work)
        _grant(using, label, roles.GROUPS[roles.OWNER], VIEW)
        _grant(using, label, roles.ADMINISTRATORS, work)
    elif label in ADMINISTERED:
        _grant(using, label, roles.ADMINISTRATORS, ADMINISTERED[label])


def _is_ours(app_config: AppConfig) -> bool:
    """Apps of this repository stand beside each other in its root folder."""
    return Path(app_config.path).resolve().parent == Path(settings.BASE_DIR).resolve()


def _grant(using: str, label: str, group_name: str, actions: Iterable[str]) -> None:
    group, _is_new = Group.objects.using(using).get_or_create(name=group_name)
    wanted = Permission.objects.using(using).filter(content_type__app_label=label)
    starts = tuple(f"{action}_" for action in actions)
    group.permissions.add(*(row for row in wanted if row.codename.startswith(starts)))
