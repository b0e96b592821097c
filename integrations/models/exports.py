"""Exports as the office sees them: the jobs of that kind."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.tasks import DataJob


class ExportJobs(models.Manager["ExportJob"]):
    def get_queryset(self) -> models.QuerySet[ExportJob]:
        return super().get_queryset().filter(kind=DataJob.Kind.EXPORT)


class ExportJob(DataJob):
    """An export: a page of its own in the office, the rows are those of all jobs."""

    objects: ClassVar[ExportJobs] = ExportJobs()

    class Meta:
        proxy = True
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{_('export')} {self.pk}"
