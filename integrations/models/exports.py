"""Exports as the office sees them: the jobs of that kind."""

from __future__ import annotations

from typing import ClassVar

from django.apps import apps
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from integrations.models.tasks import DataJob
from workshop.lib import clock


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
        """What was exported, when and by whom: ``Export: Receipts, 25.12.2026 18:00, Anna M.``"""
        when = clock.show(self.created_at)
        asked = {"what": self.list_name, "when": when, "who": self.asked_label}
        return _now("Export: %(what)s, %(when)s, %(who)s") % asked

    @property
    def list_name(self) -> str:
        """The list by the name that the office has for it."""
        try:
            model = apps.get_model(self.subject)
        except (LookupError, ValueError):  # a list of the API: its address
            return self.subject
        return capfirst(str(model._meta.verbose_name_plural))
