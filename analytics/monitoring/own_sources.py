"""What analytics itself measures; the apps above register theirs."""

from __future__ import annotations

from analytics.monitoring import disks, doings, programs, watches
from analytics.monitoring.sources import register_source


def register() -> None:
    """Called once, while the apps load."""
    register_source("watches", watches.WATCHES, watches.watches)
    register_source("limits", watches.LIMITS, watches.limits)
    register_source("today", doings.TODAY, doings.today)
    register_source("quality", doings.QUALITY, doings.quality)
    register_source("programs", programs.PROGRAMS, programs.programs)
    register_source("disks", disks.DISKS, disks.disks)
    register_source("backup", programs.BACKUP, programs.backup)
