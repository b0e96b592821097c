"""Periodic jobs: how they stand, what their runs did; starting and switching them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import django_filters as filters
from rest_framework import serializers

from history import locks
from history.api.verbs import RowVerb
from history.jobs import words
from history.jobs.rows import schedules
from history.jobs.standing import standing
from history.models import Job, JobRun
from staff.services.jobs import ask_for_job, switch_job
from workshop.lib import clock
from workshop.lib.api.access import Access
from workshop.lib.api.fields import YesNoField
from workshop.lib.api.filters import IdFilter, YesNoFilter
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.resources import Resource
from workshop.lib.api.views import expansion

READ: Final = "system:read"


class JobForm(serializers.Serializer[Any]):
    """A job of the clock. In words and with its schedule: `?expand=standing`."""

    example: ClassVar = {
        "name": "receipts.fire_reminders",
        "last_outcome": "done",
        "last_result": {"sent": 3},
    }

    id = serializers.IntegerField()
    name = serializers.CharField()
    done_slot = serializers.DateTimeField(allow_null=True, help_text="the last one that was run")
    running_since = serializers.DateTimeField(allow_null=True)
    asked_at = serializers.DateTimeField(allow_null=True, help_text="by hand, and not taken yet")
    retry_at = serializers.DateTimeField(allow_null=True)
    last_started_at = serializers.DateTimeField(allow_null=True)
    last_ms = serializers.IntegerField(allow_null=True)
    last_outcome = serializers.ChoiceField(choices=Job.OUTCOMES, allow_blank=True)
    last_result = serializers.DictField(help_text="counts by name")
    failures = serializers.IntegerField(help_text="in a row")


class RunForm(serializers.Serializer[Any]):
    """A run that is kept: of a rare job, by hand, or one that went wrong."""

    id = serializers.IntegerField()
    job_id = serializers.IntegerField()
    slot = serializers.DateTimeField()
    by_hand = serializers.BooleanField()
    attempt = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(choices=Job.OUTCOMES)
    result = serializers.DictField(help_text="counts by name")


class RunFilter(filters.FilterSet):
    job = IdFilter("job_id")
    outcome = filters.ChoiceFilter(choices=Job.OUTCOMES)
    by_hand = YesNoFilter()
    started_from = MomentFilter("started_at", lookup_expr="gte")
    started_to = MomentFilter("started_at", lookup_expr="lt")

    class Meta:
        model = JobRun
        fields: tuple[str, ...] = ()


JOBS: Final = Resource(
    "jobs",
    JobForm,
    Job.objects.all,
    READ,
    many="Periodic jobs, by name.",
    one="A periodic job.",
    orders={"name": "name", "id": "id"},
)
RUNS: Final = Resource(
    "job-runs",
    RunForm,
    JobRun.objects.all,
    READ,
    many="Runs of periodic jobs, the newest first.",
    one="A run of a periodic job.",
    filters=RunFilter,
)


@expansion("jobs", "standing")
def standing_of(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """Title, schedule and state in the language that was asked for."""
    known, now, found = schedules(), clock.now(), {}
    for job in Job.objects.filter(pk__in=ids):
        told = standing(job, known.get(job.name), at=now)
        found[job.pk] = {
            "title": words.title(job.name),
            "schedule": words.when(told.schedule),
            "state": told.text,
            "next_at": told.next_at,
        }
    return found


class JobVerb(RowVerb):
    scopes = {"POST": "system:manage"}
    of = JOBS
    key = "job_id"
    lock = locks.job


class Nothing(serializers.Serializer[Any]):
    """Nothing to say besides."""


class RunNow(JobVerb):
    """Start the job now, also one that is switched off: a worker takes it."""

    body: ClassVar[type[serializers.Serializer[Any]]] = Nothing
    service = ask_for_job


class SwitchForm(serializers.Serializer[Any]):
    enabled = YesNoField()


class Switch(JobVerb):
    """Switch the job on or off."""

    body: ClassVar[type[serializers.Serializer[Any]]] = SwitchForm
    service = switch_job
