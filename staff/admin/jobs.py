"""Periodic jobs: how they stand, what their runs did, and the verbs of those who may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from history import lease
from history.commands import Outcome
from history.jobs import words
from history.jobs.declaring import declared_jobs
from history.jobs.rows import periodic_row, schedule_of, schedules
from history.jobs.running import AT_ONCE, WORKER, run_by_hand
from history.jobs.scheduler import LEASE
from history.jobs.schedules import WEEKDAYS, Cron, Every, Schedule
from history.jobs.standing import Standing, standing
from history.jobs.turn import Declared
from history.models import Checkpoint, Event, Job, JobRun
from history.render import line
from staff import roles
from staff.office.forms import OfficeVerb, is_id
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from staff.services.jobs import LAST_DAY, ask_for_job, reschedule_job, switch_job
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import DayRangeFilter, KeptAdmin, TechnicalAdmin, columns

JOB: Final = "history.Job"
MAY: Final = frozenset({roles.MANAGER, roles.ADMINISTRATOR})
RUNS: Final = 20  # on a page
TONES: Final = {Job.DONE: "success", Job.FAILED: "danger"}
UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600}


class JobVerb(OfficeVerb):
    roles = MAY

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and periodic_row(target.name) is not None


@office_verb(JOB)
class RunNow(JobVerb):
    slug = "run"
    label = _("▶ Run now")

    def intro(self) -> list[str]:
        told = [str(declared_jobs()[self.target.name].about)]
        if lease.is_held(WORKER):
            told.append(_now("A worker starts it at once, also when it is not due."))
        else:
            told.append(_now("No worker is alive: it runs here, while you wait."))
        return told

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return ask_for_job(job_id=self.target.pk, **common)


@office_verb(JOB)
class Reschedule(JobVerb):
    slug = "schedule"
    label = _("Change the schedule")
    how = forms.ChoiceField(
        label=_("When"),
        choices=[
            ("every", _("each so often")),
            ("daily", _("every day")),
            ("weekly", _("once a week")),
            ("monthly", _("once a month")),
        ],
        widget=forms.RadioSelect,
    )
    number = forms.IntegerField(label=_("Every …"), required=False, min_value=1, max_value=100_000)
    unit = forms.ChoiceField(
        label=_("Unit"),
        required=False,
        choices=[("seconds", _("seconds")), ("minutes", _("minutes")), ("hours", _("hours"))],
    )
    time = forms.TimeField(
        label=_("Time of the day"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    weekday = forms.ChoiceField(label=_("Weekday"), required=False)
    day = forms.IntegerField(
        label=_("Day of the month"), required=False, min_value=1, max_value=LAST_DAY
    )

    def build(self) -> None:
        names = words.weekday_names()
        self.fields["weekday"].choices = [(key, names[key]) for key in WEEKDAYS]  # type: ignore[attr-defined]  # of a ChoiceField
        for name, value in _shown_in_form(_schedule_of(self.target)).items():
            self.fields[name].initial = value

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        needed = {"every": ["number"], "daily": ["time"], "weekly": ["time"]}
        for name in needed.get(data.get("how", ""), ["time", "day"]):
            if data.get(name) is None and name not in self.errors:
                self.add_error(name, self.fields["how"].error_messages["required"])
        return data

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        how = data["how"]
        return reschedule_job(
            job_id=self.target.pk,
            every=data["number"] * UNITS[data["unit"] or "seconds"] if how == "every" else None,
            clock_time=data["time"] if how != "every" else None,
            weekday=data["weekday"] if how == "weekly" else "",
            month_day=data["day"] if how == "monthly" else None,
            **common,
        )


def _schedule_of(job: Job) -> Schedule | None:
    periodic = periodic_row(job.name)
    return schedule_of(periodic) if periodic else None


def _shown_in_form(schedule: Schedule | None) -> dict[str, Any]:
    if isinstance(schedule, Every):
        seconds = int(schedule.period.total_seconds())
        unit = next(name for name in ("hours", "minutes", "seconds") if not seconds % UNITS[name])
        return {"how": "every", "number": seconds // UNITS[unit], "unit": unit}
    if not isinstance(schedule, Cron):
        return {}
    found: dict[str, Any] = {"how": "daily"}
    if schedule.hour.isdecimal() and schedule.minute.isdecimal():
        found["time"] = f"{int(schedule.hour):02}:{int(schedule.minute):02}"
    if schedule.day_of_week in WEEKDAYS:
        found |= {"how": "weekly", "weekday": schedule.day_of_week}
    elif schedule.day_of_month.isdecimal():
        found |= {"how": "monthly", "day": int(schedule.day_of_month)}
    return found


class SwitchJob(JobVerb):
    """On or off."""

    enabled = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        periodic = periodic_row(target.name)
        return (
            cls.permitted(target, actor)
            and periodic is not None
            and periodic.enabled != cls.enabled
        )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return switch_job(job_id=self.target.pk, enabled=self.enabled, **common)


@office_verb(JOB)
class SwitchOn(SwitchJob):
    slug = "on"
    label = _("Switch on")

    def intro(self) -> list[str]:
        return [_now("It goes on with its next time; what it missed meanwhile stays undone.")]


@office_verb(JOB)
class SwitchOff(SwitchJob):
    slug = "off"
    label = _("Switch off")
    enabled = False
    danger = True

    def intro(self) -> list[str]:
        return [str(declared_jobs()[self.target.name].about), _now("Nobody else does this work.")]


def chip(found: Standing) -> SafeString:
    """The state as a coloured word."""
    return SafeString(
        render_to_string("office/chip.html", {"tone": found.tone, "text": found.text})
    )


class FailingFilter(admin.SimpleListFilter):
    """Jobs that are switched on and whose last run failed."""

    title = _("State")
    parameter_name = "failing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("last run failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "1":
            return queryset
        on = PeriodicTask.objects.filter(enabled=True).values("name")
        return queryset.filter(failures__gt=0, name__in=on)


@admin.register(Job)
class JobAdmin(OfficeAdmin):
    page_template = "office/object.html"
    list_before_template = "office/jobs/programs.html"
    list_display = (
        "title_column",
        "state_column",
        "when_column",
        "last_column",
        "took_column",
        "result_column",
        "next_column",
    )
    list_display_links = ("title_column",)
    list_filter = (FailingFilter,)
    list_per_page = 100
    ordering = ("name",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Jobs of the code; one that is gone is still shown by its address."""
        rows = super().get_queryset(request)
        at = request.resolver_match.url_name if request.resolver_match else ""
        return rows.filter(name__in=declared_jobs()) if at == "history_job_changelist" else rows

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        self.complete(changelist.result_list)
        return changelist

    def complete(self, rows: Any) -> None:
        known, now = schedules(), clock.now()
        for row in rows:
            row.standing = standing(row, known.get(row.name), at=now)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"job_programs": _programs(), **(extra_context or {})}
        return super().changelist_view(request, more)

    @columns(label=_("Job"))
    def title_column(self, row: Job) -> str:
        return str(row)

    @columns(label=_("State"))
    def state_column(self, row: Any) -> SafeString:
        return chip(row.standing)

    @columns(label=_("When"))
    def when_column(self, row: Any) -> str:
        return words.when(row.standing.schedule)

    @columns(label=_("Last run"))
    def last_column(self, row: Job) -> str:
        return clock.show(row.last_started_at) or "–"

    @columns(label=_("Took"))
    def took_column(self, row: Job) -> str:
        return words.duration(row.last_ms)

    @columns(label=_("Result"))
    def result_column(self, row: Job) -> str:
        return row.last_error or words.result(declared_jobs().get(row.name), row.last_result)

    @columns(label=_("Next run"))
    def next_column(self, row: Any) -> str:
        return clock.show(row.standing.next_at) or "–"

    def verb_done(
        self, request: HttpRequest, form: OfficeVerb, outcome: Outcome[Any]
    ) -> HttpResponse:
        if isinstance(form, RunNow) and not outcome.replayed:
            _run_here_if_alone(request, outcome.object)
        return super().verb_done(request, form, outcome)


def _run_here_if_alone(request: HttpRequest, job: Job) -> None:
    """Nobody else would do it: the page does, within the time a browser waits."""
    if lease.is_held(WORKER):
        messages.info(request, _now("A worker has been woken; look again in a moment."))
        return
    found = run_by_hand(declared_jobs()[job.name], limit=AT_ONCE)
    told = {
        None: _now("It is running already."),
        Job.DONE: _now("No worker is alive, so it was run here: done."),
        Job.FAILED: _now("No worker is alive, so it was run here: it failed, see below."),
    }
    messages.info(request, told[found])


def _programs() -> list[tuple[str, str, str]]:
    """The two kinds of processes behind the jobs: name, state, tone."""
    leading, working = lease.is_held(LEASE), lease.is_held(WORKER)
    return [
        (_now("Scheduler"), *_alive(leading)),
        (_now("Worker"), *_alive(working)),
    ]


def _alive(alive: bool) -> tuple[str, str]:
    return (_now("alive"), "success") if alive else (_now("gives no sign of life"), "danger")


@page_section(JOB, "office/object/facts.html", order=10)
def job_facts(target: Job, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    declared, now = declared_jobs().get(target.name), clock.now()
    found = standing(target, periodic_row(target.name), at=now)
    rows = [
        (_now("State"), chip(found)),
        (_now("What it does"), str(declared.about) if declared else "–"),
        (_now("When"), words.when(found.schedule)),
        (_now("Next run"), clock.show(found.next_at) or "–"),
        (_now("Last run"), clock.show(target.last_started_at) or "–"),
        (_now("Took"), words.duration(target.last_ms)),
        (_now("Result"), words.result(declared, target.last_result)),
        (_now("Error"), target.last_error or "–"),
        (_now("Name in logs and metrics"), target.name),
    ]
    if target.token:
        rows.append((_now("Running in"), target.owner))
    return {"title": _now("Job"), "facts": rows}


@page_section(JOB, "office/object/runs.html", order=20)
def runs(target: Job, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    """A page of the runs that are kept, the newest first; ``?before=`` goes on below an id."""
    before = request.GET.get("before", "")
    rows = target.runs.order_by("-pk")
    if is_id(before):
        rows = rows.filter(pk__lt=int(before))
    page = list(rows[: RUNS + 1])
    declared = declared_jobs().get(target.name)
    return {
        "title": _now("Runs kept: of rare jobs, by hand, and those that went wrong"),
        "runs": [_run_in_words(run, declared) for run in page[:RUNS]],
        "is_first_page": not before,
        "next_before": page[RUNS - 1].pk if len(page) > RUNS else None,
    }


def _run_in_words(run: JobRun, declared: Declared | None) -> dict[str, str]:
    details = [_now("for %(moment)s") % {"moment": clock.show(run.slot)}]
    if run.by_hand:
        details.append(_now("by hand"))
    if run.attempt > 1:
        details.append(_now("attempt %(number)s") % {"number": run.attempt})
    if run.ended_at:
        took = (run.ended_at - run.started_at).total_seconds() * 1000
        details.append(words.duration(int(took)))
    return {
        "when": clock.show(run.started_at),
        "tone": TONES.get(run.outcome, "warning"),
        "outcome": run.get_outcome_display(),
        "told": run.error or words.result(declared, run.result),
        "details": " · ".join(details),
    }


@page_section(JOB, "office/object/facts.html", order=30)
def job_changes(target: Job, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    events = Event.objects.filter(stream=target.stream).order_by("-sequence")[:RUNS]
    told = [
        (f"{clock.show(event.occurred_at)} · {event.actor_label}", line(event).words)
        for event in events
    ]
    return {"title": _now("What people changed"), "facts": told}


@admin.register(JobRun)
class JobRunAdmin(KeptAdmin):
    list_display = ("job", "slot", "outcome", "started_at", "ended_at", "by_hand", "attempt")
    list_select_related = ("job",)
    list_filter = (
        ("job", RelatedDropdownFilter),
        ("outcome", ChoicesDropdownFilter),
        ("started_at", DayRangeFilter),
    )
    ordering = ("-id",)


@admin.register(Checkpoint)
class CheckpointAdmin(TechnicalAdmin):
    list_display = ("name", "position", "reached_at")
