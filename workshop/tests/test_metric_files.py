"""The site's processes are added up, and what one that has ended counted is not lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.web import Site, get, serving, together
from workshop.lib import metric_files
from workshop.lib.telemetry import NAMESPACE

LIVE = get("/health/live")


@pytest.fixture
def site() -> Iterator[Site]:
    environment = {
        **os.environ,
        "WEB_WORKERS": "3",
        "DJANGO_SETTINGS_MODULE": "workshop.settings.test",
        "LOG_LEVEL": "ERROR",
    }
    with serving("workshop.wsgi", environment) as found:
        yield found


def counted(site: Site) -> float:
    """The health probes that all processes together have answered."""
    answer = site.ask(get("/metrics"))
    assert answer.status == 200, answer
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            asked = sample.labels.get("route") == "health/live"
            if sample.name == f"{NAMESPACE}_http_requests_total" and asked:
                return sample.value
    return 0


def folders() -> set[Path]:
    return set(Path("/dev/shm").glob(f"{metric_files.PREFIX}*"))


@pytest.mark.program
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no memory to write files into")
def test_processes_count_together_and_take_over_from_each_other(site: Site) -> None:
    (folder,) = {one for one in folders() if f"-{site.pid}-" in one.name.replace("metrics", "")}
    before = counted(site)
    together(6, lambda _n: [site.ask(LIVE) for _ in range(20)])
    assert counted(site) == before + 120
    files = {path.name for path in folder.iterdir()}

    former = site.workers()
    os.kill(former[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while set(site.workers()) & {former[0]} or len(site.workers()) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    together(6, lambda _n: [site.ask(LIVE) for _ in range(20)])
    assert counted(site) == before + 240
    # The new process counts on in the files of the one before.
    assert {path.name for path in folder.iterdir()} <= files | {
        f"{kind}_{place}.db"
        for kind in ("counter", "histogram", "summary", "gauge_livesum")
        for place in (1, 2, 3)
    }


@pytest.mark.program
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no memory to write files into")
def test_nothing_is_left_behind() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "workshop.settings.test"}
    with serving("workshop.wsgi", environment) as first:
        mine = {one for one in folders() if str(first.pid) in one.name}
        assert mine
    assert not mine & folders()


def test_places_are_the_lowest_free_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(metric_files, "_taken", {})
    monkeypatch.setattr(metric_files.multiprocess, "mark_process_dead", ended.append)
    assert [metric_files.assign(number) for number in (7, 8, 9)] == [1, 2, 3]
    metric_files.leave(8)
    metric_files.leave(8)  # told twice
    assert (metric_files.assign(12), metric_files.assign(13)) == (2, 4)
    assert ended == [2]


def test_of_a_server_that_was_killed(tmp_path: Path) -> None:
    gone, living, other = (tmp_path / f"{metric_files.PREFIX}{n}-x" for n in (2**22 + 1, 1, "no"))
    for folder in (gone, living, other):
        folder.mkdir()
    metric_files._remove_left_behind(tmp_path)
    assert set(tmp_path.iterdir()) == {living, other}
