"""Long work that somebody asked for: an import, an export."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from workshop.lib import clock

FOLDER = "data-jobs"


class DataJob(models.Model):
    """One import or export on its way through a worker.

    The claim is one conditional UPDATE of this row; a worker that was killed is taken over when
    ``lease_until`` is past, and its work goes on from ``checkpoint``. Technical: what an import
    changes is recorded with the rows it changes. Both files are removed after ``expires_at``.
    """

    class Kind(models.TextChoices):
        IMPORT = "import", _("import")
        EXPORT = "export", _("export")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    # What it is about: a kind of rows, a list.
    subject = models.CharField(_("what"), max_length=60)
    # How it is to be done; JSON values only, read by the work of the kind.
    options = models.JSONField(_("options"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    # Who asked, as columns of an event; his rights are looked up again when the work begins.
    asked_kind = models.CharField(max_length=12)
    asked_id = models.BigIntegerField(null=True)
    asked_label = models.CharField(_("who"), max_length=150)
    channel = models.CharField(_("through which door"), max_length=10)
    language = models.CharField(_("language"), max_length=5, default=settings.LANGUAGE_CODE)

    file = models.FileField(_("file"), max_length=200, blank=True)
    file_name = models.CharField(_("file name"), max_length=150, blank=True)
    result_file = models.FileField(_("result"), max_length=200, blank=True)
    result_name = models.CharField(_("name of the result"), max_length=150, blank=True)
    # What came out, as counts by name.
    result = models.JSONField(_("result"), default=dict)
    error = models.CharField(_("error"), max_length=500, blank=True)

    total = models.PositiveIntegerField(_("rows"), default=0)
    done = models.PositiveIntegerField(_("rows done"), default=0)
    # How far it got, in the terms of the work; written together with what it stands for.
    checkpoint = models.JSONField(default=dict)
    cancel_asked_at = models.DateTimeField(_("cancel asked at"), null=True, blank=True)

    token = models.CharField(max_length=32, blank=True)
    owner = models.CharField(_("by which process"), max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)

    created_at = models.DateTimeField(_("created at"), default=clock.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("files are kept until"), null=True, blank=True)

    class Meta:
        verbose_name = _("import or export")
        verbose_name_plural = _("imports and exports")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "running"]),
                name="data_job_unfinished",
            ),
            models.Index(fields=["expires_at"], name="data_job_expiry"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed", "cancelled"]),
                name="data_job_state",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def stream(self) -> str:
        return f"integration:data:{self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state not in {self.State.WAITING, self.State.RUNNING}

    @property
    def percent(self) -> int:
        """How much is done, 0–100; 100 only when it is finished."""
        if self.state == self.State.DONE:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0
