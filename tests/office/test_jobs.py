"""The page of the jobs: how each stands, what the office may do, and what is recorded of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from history import lease
from history.jobs import Turn, declared_jobs
from history.jobs.missed import missed
from history.jobs.rows import periodic_row, schedule_of
from history.jobs.running import ALIVE, WORKER, run_due
from history.jobs.schedules import Cron, daily, every, monthly, weekly
from history.models import Event, Job, JobRun
from history.render import line
from polishing.services.batches import open_batch
from tests.cast import Cast
from tests.office.forms import errors, press
from workshop.lib import clock

pytestmark = pytest.mark.django_db

NAME = "botapp.clean_up"
LIST = reverse("admin:history_job_changelist")


@pytest.fixture
def job(db: None) -> Job:
    return Job.objects.get(name=NAME)


def page(job: Job) -> str:
    return reverse("admin:history_job_change", args=[job.pk])


def verb(job: Job, slug: str) -> str:
    return reverse("admin:history_job_verb", args=[job.pk, slug])


def told(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def words(job: Job) -> list[str]:
    events = Event.objects.filter(stream=job.stream).order_by("sequence")
    return [line(event).words for event in events]


def stored(job: Job) -> Any:
    periodic = periodic_row(job.name)
    assert periodic is not None
    return schedule_of(periodic)


def test_every_job_is_listed_in_words(owner: Client, django_assert_max_num_queries: Any) -> None:
    owner.get(LIST)
    with django_assert_max_num_queries(20):
        text = told(owner, LIST)
    for declared in declared_jobs().values():
        assert str(declared.title) in text
    assert "ежедневно в 04:00" in text
    assert "каждые 5 секунд" in text
    assert text.count("не отвечает") == 2, "neither scheduler nor worker"
    lease.beat(WORKER, "somebody", hold=ALIVE)
    assert told(owner, LIST).count("не отвечает") == 1


def test_the_owner_reads_and_does_not_act(owner: Client, job: Job) -> None:
    text = told(owner, page(job))
    assert "Удаляет обработанные сообщения" in text
    for slug in ("run", "schedule", "off", "on"):
        assert verb(job, slug) not in text
        assert owner.get(verb(job, slug)).status_code == 403
        assert owner.post(verb(job, slug)).status_code == 403
    assert words(job) == []


@pytest.mark.parametrize("role", ["manager", "administrator"])
def test_without_a_worker_it_runs_here_and_says_so(
    role: str, job: Job, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(role)
    assert "прямо здесь, пока вы ждёте" in told(client, verb(job, "run"))
    assert JobRun.objects.count() == 0, "looking at the form starts nothing"
    response = press(client, verb(job, "run"))
    text = told(client, response.headers["Location"])
    assert "Исполнитель не отвечает, поэтому задание выполнено прямо здесь: готово." in text
    run = JobRun.objects.get()
    assert (run.job, run.by_hand, run.outcome) == (job, True, Job.DONE)
    assert words(job) == ["Задание запущено вручную: Уборка бота"]
    job.refresh_from_db()
    assert job.asked_at is None


def test_with_a_worker_it_is_left_to_it(manager: Client, job: Job) -> None:
    lease.beat(WORKER, "somebody", hold=ALIVE)
    assert "Исполнитель запустит его сразу" in told(manager, verb(job, "run"))
    response = press(manager, verb(job, "run"))
    text = told(manager, response.headers["Location"])
    assert "Исполнитель разбужен" in text
    assert "запрошено вручную, ждёт исполнителя" in text
    assert JobRun.objects.count() == 0
    # The message was lost on the way: the sweep finds the wish.
    assert NAME in set(missed(at=clock.now() + timedelta(minutes=1)))
    assert run_due(declared_jobs()[NAME]) == 1
    assert JobRun.objects.get().by_hand
    assert NAME not in set(missed(at=clock.now() + timedelta(minutes=1)))


@pytest.mark.parametrize(
    ("typed", "expected", "said"),
    [
        ({"how": "daily", "time": "05:30"}, daily("05:30"), "ежедневно в 05:30"),
        (
            {"how": "weekly", "time": "09:00", "weekday": "fri"},
            weekly("fri", "09:00"),
            "по пятницам в 09:00",
        ),
        (
            {"how": "monthly", "time": "10:00", "day": "1"},
            monthly(1, "10:00"),
            "1-го числа в 10:00",
        ),
        ({"how": "every", "number": "2", "unit": "hours"}, every(hours=2), "каждые 2 часа"),
        ({"how": "every", "number": "1", "unit": "minutes"}, every(minutes=1), "каждую минуту"),
    ],
)
def test_another_schedule_is_recorded_with_old_and_new(
    manager: Client, job: Job, typed: dict[str, str], expected: Any, said: str
) -> None:
    Job.objects.update(done_slot=clock.now() - timedelta(days=30))
    assert press(manager, verb(job, "schedule"), **typed).status_code == 302
    assert stored(job) == expected
    assert words(job) == [f"Расписание «Уборка бота»: ежедневно в 04:00 → {said}"]
    job.refresh_from_db()
    assert job.done_slot == expected.latest(clock.now()), "what was before is not made good for"
    shown = manager.get(verb(job, "schedule")).context["form"]
    assert shown["how"].value() == typed["how"]
    assert press(manager, verb(job, "schedule"), **typed).status_code == 302
    assert len(words(job)) == 1, "the same schedule is no change"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"how": "daily", "time": ""}, "time"),
        ({"how": "monthly", "time": "10:00", "day": ""}, "day"),
        ({"how": "monthly", "time": "10:00", "day": "31"}, "day"),
        ({"how": "every", "number": ""}, "number"),
        ({"how": "every", "number": "4", "unit": "seconds"}, "how"),
        ({"how": "every", "number": "999", "unit": "hours"}, "how"),
        ({"how": "never"}, "how"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    manager: Client, job: Job, typed: dict[str, str], field: str
) -> None:
    assert field in errors(press(manager, verb(job, "schedule"), **typed))
    assert stored(job) == daily("04:00")
    assert words(job) == []


def test_off_and_on_again(manager: Client, job: Job) -> None:
    assert verb(job, "on") not in told(manager, page(job))
    press(manager, verb(job, "off"))
    assert not PeriodicTask.objects.get(name=NAME).enabled
    text = told(manager, page(job))
    assert "выключено" in text
    assert verb(job, "off") not in text
    Job.objects.filter(name=NAME).update(done_slot=clock.now() - timedelta(days=9))
    press(manager, verb(job, "on"))
    assert PeriodicTask.objects.get(name=NAME).enabled
    assert run_due(declared_jobs()[NAME]) == 0, "the days it was off are not made good for"
    assert words(job) == ["Задание выключено: Уборка бота", "Задание включено: Уборка бота"]


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"last_outcome": Job.DONE}, "в порядке"),
        ({"last_outcome": ""}, "ещё не запускалось"),
        ({"last_outcome": Job.FAILED, "failures": 3}, "ошибка, подряд: 3"),
        ({"last_outcome": Job.MISSED}, "не выполнено: поздно"),
        ({"token": "x", "running_until": Now() - timedelta(seconds=1)}, "прервано"),
        ({"token": "x", "running_until": Now() + timedelta(hours=1)}, "работает с"),
    ],
)
def test_how_it_stands(owner: Client, job: Job, columns: dict[str, Any], text: str) -> None:
    Job.objects.filter(pk=job.pk).update(**columns)
    assert text in told(owner, page(job))


def test_a_late_one_says_so(owner: Client, job: Job) -> None:
    slot = daily("04:00").latest(clock.now())
    assert slot is not None
    Job.objects.filter(pk=job.pk).update(done_slot=slot - timedelta(days=1), last_outcome=Job.DONE)
    is_late = clock.now() - slot > timedelta(minutes=2)
    assert ("опаздывает" in told(owner, page(job))) is is_late


def test_a_schedule_of_another_hand_is_shown_as_it_is(owner: Client, job: Job) -> None:
    periodic = PeriodicTask.objects.select_related("crontab").get(name=NAME)
    assert periodic.crontab is not None
    periodic.crontab.month_of_year = "1-6"
    periodic.crontab.save()
    assert stored(job) == Cron("0", "4", month_of_year="1-6")
    assert "cron 0 4 * * 1-6" in told(owner, page(job))


def test_runs_are_paged_and_nothing_shows_a_raw_error(owner: Client, job: Job) -> None:
    now = clock.now()
    JobRun.objects.bulk_create(
        JobRun(
            job=job,
            slot=now,
            started_at=now - timedelta(hours=45 - number),
            ended_at=now,
            outcome=Job.DONE,
            result={"updates": number},
        )
        for number in range(45)
    )
    text = told(owner, page(job))
    assert "входящих сообщений: 44" in text
    assert "входящих сообщений: 24" not in text
    before = JobRun.objects.order_by("-pk")[19].pk
    assert f"?before={before}#runs" in text
    older = told(owner, f"{page(job)}?before={before}")
    assert "входящих сообщений: 24" in older
    assert "входящих сообщений: 25" not in older
    assert "входящих сообщений: 44" in told(owner, f"{page(job)}?before=9{'9' * 30}")


def test_a_batch_past_its_date_is_found_in_the_list(manager: Client, cast: Cast) -> None:
    igor, now = cast.actor("igor"), clock.now()
    due = {"late": now - timedelta(hours=1), "early": now + timedelta(hours=1), "never": None}
    batches = {
        name: open_batch(
            polisher_id=cast.pavel.pk, due_at=at, actor=igor, at=now - timedelta(hours=9)
        ).object
        for name, at in due.items()
    }
    url = reverse("admin:polishing_polishingbatch_changelist")
    text = told(manager, f"{url}?open=late")
    assert str(batches["late"]) in text
    assert "⚠️ да" in text
    assert str(batches["early"]) not in text
    assert str(batches["never"]) not in text
    job = declared_jobs()["polishing.flag_expired"]
    assert job.work(Turn(job.name, slot=now, at=now)) == {"flagged": 1}
    assert f"⚠️ отмечена {clock.show(now)}" in told(manager, url)
