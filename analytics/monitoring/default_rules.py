"""The rules a workshop begins with. Keys are stable; whatever the office changes stays changed.

Thresholds of programs are staggered, and one that only follows from another (``unless``) stays
silent: without a schedule no worker works, and without a worker nothing is passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, CharField, F, Value, When
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.monitoring.judging import Comparison, Severity
from staff import roles

HOUR: Final = 60
DAY: Final = 24 * HOUR
QUIET: Final[dict[str, Any]] = {"quiet_from": time(22), "quiet_to": time(6)}


@dataclass(frozen=True)
class Default:
    """A rule by its key; ``values`` as ``add_rule`` takes them, without the name."""

    key: str
    name: Promise
    values: Mapping[str, Any]


def _above(key: str, name: Promise, metric: str, threshold: str = "0", **more: Any) -> Default:
    values = {
        "metric": metric,
        "comparison": Comparison.ABOVE,
        "threshold": Decimal(threshold),
        "roles": [roles.MANAGER],
    }
    return Default(key, name, {**values, **more})


def _daily(key: str, name: Promise, metric: str, threshold: str = "0", **more: Any) -> Default:
    """About watches: a warning by day, told again after a day."""
    return _above(key, name, metric, threshold, **QUIET, **more)


def _limit(code: str, name: Promise, **more: Any) -> Default:
    return _daily(f"over_limit_{code}", name, "over_limit_at", label=code, **more)


def _urgent(key: str, name: Promise, metric: str, threshold: str, **more: Any) -> Default:
    """About programs: critical at any hour, told again each hour, after one also to the owner."""
    values = {
        "severity": Severity.CRITICAL,
        "ignores_quiet": True,
        "cooldown_minutes": HOUR,
        "escalate_minutes": HOUR,
        "escalate_roles": [roles.OWNER],
        "by_mail": True,
        "lasts_minutes": 1,
    }
    return _above(key, name, metric, threshold, **{**values, **more})


WORK: Final = (
    _daily("overdue", _("Overdue watches"), "overdue"),
    Default(
        "not_accepted",
        _("Masters have not accepted"),
        _limit("not_accepted", _("Masters have not accepted")).values,
    ),
    _limit("hand_out", _("Watches wait too long for a master")),
    _limit("master", _("Watches are too long at a master")),
    _limit("qc", _("Watches are too long at quality control")),
    _limit("returned", _("Returned watches are not handed back")),
    _limit("not_collected", _("Ready watches are not collected"), cooldown_minutes=7 * DAY),
    _daily("polishing_long", _("Polishing takes too long"), "polishing_oldest", "7"),
    _daily(
        "quality_drop",
        _("Somebody's quality dropped"),
        "quality_drops",
        cooldown_minutes=14 * DAY,
        roles=[roles.MANAGER, roles.OWNER],
    ),
)

PROGRAMS: Final = (
    _urgent("scheduler_silent", _("The schedule of jobs is silent"), "scheduler_silent", "120"),
    _urgent(
        "worker_silent",
        _("The worker of jobs is silent"),
        "worker_silent",
        "240",
        unless=["scheduler_silent"],
    ),
    _urgent(
        "relay_silent",
        _("Events are not passed on"),
        "relay_silent",
        "360",
        unless=["scheduler_silent", "worker_silent"],
    ),
    _urgent("bot_silent", _("The bot is silent"), "bot_silent", "120"),
    _urgent(
        "outbox_lag",
        _("Events wait to be passed on"),
        "outbox_lag",
        "600",
        clear_at=Decimal(60),
        unless=["scheduler_silent", "worker_silent", "relay_silent"],
    ),
    _urgent(
        "outgoing_lag",
        _("Notices are not sent"),
        "outgoing_oldest",
        "600",
        clear_at=Decimal(60),
        unless=["bot_silent"],
    ),
    _above(
        "jobs_failed",
        _("Jobs fail"),
        "jobs_failed",
        lasts_minutes=5,
        cooldown_minutes=12 * HOUR,
        by_mail=True,
    ),
)

DELIVERY: Final = (
    _above("reminders_failed", _("Reminders did not arrive"), "reminders_failed", **QUIET),
    _above("webhook_dead", _("Webhook messages were given up"), "webhook_dead", **QUIET),
    _above("webhook_paused", _("A webhook stands"), "webhook_paused", **QUIET),
)

BACKUP: Final = (
    _above(
        "backup_old",
        _("The backup is old"),
        "backup_age",
        "30",
        severity=Severity.CRITICAL,
        roles=[roles.MANAGER, roles.OWNER],
        by_mail=True,
        **QUIET,
    ),
    _above(
        "backup_missing",
        _("No backup was ever made"),
        "backup_missing",
        "30",
        severity=Severity.CRITICAL,
        roles=[roles.MANAGER, roles.OWNER],
        by_mail=True,
        **QUIET,
    ),
    _above(
        "backup_failed",
        _("The backup failed"),
        "backups_failed",
        roles=[roles.MANAGER, roles.OWNER],
        by_mail=True,
        **QUIET,
    ),
)

DISKS: Final = (
    _above(
        "disk_low",
        _("The disk is filling up"),
        "disk_free",
        "2",
        comparison=Comparison.BELOW,
        clear_at=Decimal(3),
        lasts_minutes=5,
        roles=[roles.MANAGER, roles.OWNER],
        unless=["disk_full"],
        by_mail=True,
        **QUIET,
    ),
    _urgent(
        "disk_full",
        _("The disk is nearly full"),
        "disk_free",
        "0.5",
        comparison=Comparison.BELOW,
        clear_at=Decimal("0.7"),
        roles=[roles.MANAGER, roles.OWNER],
    ),
)

DEFAULTS: Final = (*WORK, *PROGRAMS, *DELIVERY, *BACKUP, *DISKS)


def shown_name(key: str, name: str) -> str:
    """The name of a rule for whoever reads it: of one that was seeded and never renamed, in his
    language.

    Seeding writes the name in the language of the installation; every name that the catalogue has
    for it in any language counts as not renamed.
    """
    own = _by_key().get(key)
    return str(own.name) if own is not None and name in _names()[key] else name


def shown_names() -> Case:
    """The same as a column, in the active language."""
    cases = [
        When(key=one.key, name__in=sorted(_names()[one.key]), then=Value(str(one.name)))
        for one in DEFAULTS
    ]
    return Case(*cases, default=F("name"), output_field=CharField())


@cache
def _by_key() -> Mapping[str, Default]:
    return {one.key: one for one in DEFAULTS}


@cache
def _names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {one.key: set() for one in DEFAULTS}
    for language, _label in settings.LANGUAGES:
        with translation.override(language):
            for one in DEFAULTS:
                found[one.key].add(str(one.name))
    return {key: frozenset(names) for key, names in found.items()}
