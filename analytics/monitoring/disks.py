"""Metrics of the disks, as seen by the machine that takes the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from analytics.monitoring.catalogue import Better, Category, Metric, Unit, key
from analytics.monitoring.sources import Measured
from workshop.lib import disk

GIGABYTE: Final = 10**9


def _names() -> Mapping[str, str]:
    return {
        disk.DATA: _now("data"),
        disk.PHOTOS: _now("photos"),
        disk.BACKUPS: _now("backups"),
        disk.DATABASE: _now("database"),
    }


DISKS: Final = (
    Metric(
        code="disk_free",
        category=Category.PROGRAMS,
        label=_("Free disk space"),
        about=_(
            "Gigabytes free on each disk that is written to, as the worker sees them. What lies on"
            " one disk is counted once; that of the database only where it is known."
        ),
        unit=Unit.GIGABYTES,
        better=Better.HIGHER,
        alert=True,
        status=True,
        labelled=True,
        minutely=True,
        label_names=_names,
    ),
)


def disks(at: datetime) -> Measured:
    """Room by disk; one query on PostgreSQL on this machine, else none."""
    return {
        key("disk_free", name): room / GIGABYTE for name, room in disk.free_everywhere().items()
    }
