"""What reports forget: their files, and the addresses they went to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.files.storage import default_storage

from analytics.models import Report, ReportFile, ReportMail

MOST: Final = 500  # reports of one run


def forget_files(*, at: datetime) -> int:
    """Remove files and addresses of reports older than ``REPORTS_DAYS``; the rows stay."""
    border = at - timedelta(days=settings.REPORTS_DAYS)
    rows = Report.objects.filter(forgotten_at__isnull=True, created_at__lt=border)
    rows = rows.filter(state__in=[Report.State.READY, Report.State.FAILED])
    found = list(rows.order_by("created_at").values_list("pk", flat=True)[:MOST])
    for name in ReportFile.objects.filter(report__in=found).values_list("file", flat=True):
        if name:
            default_storage.delete(name)
    ReportFile.objects.filter(report__in=found).update(file="")
    ReportMail.objects.filter(report__in=found).update(address="")
    Report.objects.filter(pk__in=found).update(forgotten_at=at)
    return len(found)
