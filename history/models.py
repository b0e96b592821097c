"""The record of everything: append-only events in hash-chained streams, and what hangs on them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from workshop.lib.models import Kept


class Command(Kept):
    """One press, request or job slot. The same key of the same client has one effect.

    ``result`` keeps the ids of what it made, so that a repetition is answered alike.
    """

    client = models.CharField(_("client"), max_length=100)
    key = models.CharField(_("key"), max_length=200)
    verb = models.CharField(_("verb"), max_length=60)
    actor_kind = models.CharField(_("kind of actor"), max_length=12)
    actor_id = models.BigIntegerField(_("actor"), null=True)
    arguments_hash = models.CharField(_("hash of the arguments"), max_length=64)
    result = models.JSONField(_("result"), default=dict)
    created_at = models.DateTimeField(_("created at"))

    next_ordinal = 1  # of this process only: how many events the open command has written

    class Meta:
        verbose_name = _("command")
        verbose_name_plural = _("commands")
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="command_key_once")]

    def __str__(self) -> str:
        return f"{self.verb} {self.client}:{self.key}"


class Stream(Kept):
    """The head of one chain: locked and advanced with every event of it."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    last_sequence = models.PositiveIntegerField(_("last number"), default=0)
    last_hash = models.CharField(_("last hash"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")

    def __str__(self) -> str:
        return self.name


class Event(Kept):
    """One fact, written in the transaction of the change. Never updated, never deleted.

    The database itself refuses both (``history.triggers``); ``hash`` covers every other column
    and the hash before it (``history.chain``).
    """

    stream = models.CharField(_("stream"), max_length=80)
    sequence = models.PositiveIntegerField(_("number in the stream"))
    kind = models.CharField(_("kind"), max_length=60)
    version = models.PositiveSmallIntegerField(_("version of the payload"))
    payload = models.JSONField(_("payload"))
    actor_kind = models.CharField(_("kind of actor"), max_length=12)
    actor_id = models.BigIntegerField(_("actor"), null=True)
    actor_label = models.CharField(_("who"), max_length=150)
    actor_telegram_id = models.BigIntegerField("Telegram id", null=True)
    actor_username = models.CharField("Telegram username", max_length=64, blank=True)
    channel = models.CharField(_("through which door"), max_length=10)
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("recorded at"))
    command = models.ForeignKey(
        Command, models.PROTECT, related_name="events", verbose_name=_("command")
    )
    ordinal = models.PositiveSmallIntegerField(_("number in the command"))
    correlation_id = models.CharField(_("correlation id"), max_length=64, blank=True)
    previous_hash = models.CharField(_("previous hash"), max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["stream", "sequence"], name="event_place_once"),
            models.UniqueConstraint(fields=["command", "ordinal"], name="event_ordinal_once"),
        ]
        indexes = [models.Index(fields=["kind", "occurred_at"], name="event_kind_time")]

    def __str__(self) -> str:
        return f"{self.stream} {self.sequence} {self.kind}"


class Outbox(models.Model):
    """One row per event, waiting for the relay. Technical: may be cleaned up when done."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="outbox")
    stream = models.CharField(max_length=80)
    done_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("outbox row")
        verbose_name_plural = _("outbox")
        indexes = [
            models.Index(
                fields=["event"], condition=models.Q(done_at__isnull=True), name="outbox_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"outbox {self.event_id}"


class Lease(models.Model):
    """Who does a job that only one process may do, and until when. Taken over when it runs out."""

    name = models.CharField(max_length=60, unique=True)
    owner = models.CharField(max_length=100, blank=True)
    token = models.CharField(max_length=32, blank=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    # The last sign of life of whoever holds or held it, by the clock of the database.
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return self.name


class Job(models.Model):
    """What a periodic job has done, and which run holds it now.

    The claim is one conditional UPDATE of this row: ``done_slot`` is still the one that was read,
    and nobody's ``running_until`` lies ahead. A run that was killed is taken over when it is past.
    """

    DONE, FAILED, MISSED, LOST = "done", "failed", "missed", "lost"
    OUTCOMES = (
        (DONE, _("done")),
        (FAILED, _("failed")),
        (MISSED, _("not run: too late")),
        (LOST, _("broken off")),
    )

    name = models.CharField(_("name"), max_length=80, unique=True)
    done_slot = models.DateTimeField(_("last slot"), null=True)
    token = models.CharField(max_length=32, blank=True)
    owner = models.CharField(_("by which process"), max_length=100, blank=True)
    slot = models.DateTimeField(_("slot of the run"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    running_since = models.DateTimeField(_("running since"), null=True)
    running_until = models.DateTimeField(_("running until"), null=True)
    retry_at = models.DateTimeField(_("next attempt at"), null=True)
    asked_at = models.DateTimeField(_("asked for by hand"), null=True)
    last_started_at = models.DateTimeField(_("last run"), null=True)
    last_ms = models.PositiveIntegerField(_("duration, ms"), null=True)
    last_outcome = models.CharField(_("outcome"), max_length=8, choices=OUTCOMES, blank=True)
    last_result = models.JSONField(_("result"), default=dict)
    last_error = models.CharField(_("error"), max_length=300, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["name"]

    def __str__(self) -> str:
        from history.jobs.words import title  # the jobs import these models

        return title(self.name)

    @property
    def stream(self) -> str:
        return f"settings:job:{self.pk}"


class JobRun(models.Model):
    """One run that is worth keeping: of a job of 15 minutes and more, by hand, or gone wrong."""

    job = models.ForeignKey(Job, models.PROTECT, related_name="runs", verbose_name=_("job"))
    slot = models.DateTimeField(_("slot"))
    by_hand = models.BooleanField(_("by hand"), default=False)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    owner = models.CharField(_("by which process"), max_length=100, blank=True)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Job.OUTCOMES)
    result = models.JSONField(_("result"), default=dict)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("run of a job")
        verbose_name_plural = _("runs of jobs")
        indexes = [
            models.Index(fields=["job", "-id"], name="job_runs_newest"),
            models.Index(fields=["started_at"], name="job_run_age"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.slot:%Y-%m-%d %H:%M}"


class Checkpoint(models.Model):
    """How far a job that walks along a growing table has come."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    position = models.BigIntegerField(_("last row"), default=0)
    reached_at = models.DateTimeField(_("when"), null=True)

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")

    def __str__(self) -> str:
        return f"{self.name} {self.position}"
