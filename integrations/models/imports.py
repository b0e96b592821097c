"""An uploaded table on its way into the workshop, and what became of its rows."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.tasks import DataJob
from workshop.lib import clock


class Import(models.Model):
    """A file that was looked at and accepted, with its mapping. Technical, like the jobs it is
    checked and written by; the file goes after ``expires_at``.
    """

    subject = models.CharField(_("what"), max_length=20)
    file = models.FileField(_("file"), max_length=200, blank=True)
    file_name = models.CharField(_("file name"), max_length=150)
    sha256 = models.CharField(max_length=64)
    # integrations.imports.files.Table
    table = models.JSONField(default=dict)
    # Column of ours → place in the file, from 0.
    mapping = models.JSONField(default=dict)
    update_known = models.BooleanField(
        _("correct what is there already"),
        default=False,
        help_text=_("Otherwise rows that are known are left as they are."),
    )
    all_or_nothing = models.BooleanField(
        _("all or nothing"),
        default=False,
        help_text=_("One wrong row, and nothing is imported. Otherwise the right rows are."),
    )
    check_job = models.ForeignKey(
        DataJob, models.PROTECT, null=True, related_name="+", verbose_name=_("dry run")
    )
    run_job = models.ForeignKey(
        DataJob, models.PROTECT, null=True, related_name="+", verbose_name=_("import")
    )
    asked_kind = models.CharField(max_length=12)
    asked_id = models.BigIntegerField(null=True)
    asked_label = models.CharField(_("who"), max_length=150)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    expires_at = models.DateTimeField(_("files are kept until"))

    class Meta:
        verbose_name = _("import of a file")
        verbose_name_plural = _("imports")
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at"], name="import_expiry")]

    def __str__(self) -> str:
        return f"{self.file_name}"

    @property
    def stream(self) -> str:
        return f"integration:import:{self.pk}"

    @property
    def rows(self) -> int:
        return int(self.table.get("rows", 0))

    @property
    def job(self) -> DataJob | None:
        """The latest of its jobs."""
        jobs = [job for job in (self.check_job, self.run_job) if job is not None]
        return max(jobs, key=lambda job: job.pk, default=None)


class ImportChunk(models.Model):
    """What became of some rows of an import, written together with them.

    ``rows`` is a list of [number in the file, outcome, id of the object, [[column, why], …]].
    """

    job = models.ForeignKey(DataJob, models.PROTECT, related_name="chunks")
    first_row = models.PositiveIntegerField()
    problems = models.PositiveIntegerField(default=0)  # rows with an error
    rows = models.JSONField(default=list)

    class Meta:
        verbose_name = _("rows of an import")
        verbose_name_plural = _("rows of imports")
        constraints = [
            models.UniqueConstraint(fields=["job", "first_row"], name="import_chunk_once")
        ]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.first_row}"
