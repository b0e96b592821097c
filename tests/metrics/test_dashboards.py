"""What dashboard and alerts ask for is what the programs tell: every name, every label."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import ProcessCollector

from tests.metrics.scrape import samples
from workshop.lib import connections, scraping, telemetry
from workshop.settings.env import BASE_DIR

DEPLOY = BASE_DIR / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "repassage.json"
RULES = DEPLOY / "prometheus" / "rules.yml"
CONFIG = DEPLOY / "prometheus" / "prometheus.yml"
PAGE = BASE_DIR / "docs" / "observability.md"
# What Prometheus adds to everything it has read.
ADDED = {"job", "instance"}
_METRIC = re.compile(r"\b((?:repassage|process)_\w+|up)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_BY = re.compile(r"\bby\s*\(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    whole = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in whole["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    whole = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [one for one in whole["panels"] if one["type"] != "row"]


def questions() -> Iterator[tuple[str, str, str]]:
    """Where it stands, the question, and what its answer is called by."""
    for rule in rules():
        yield rule["alert"], rule["expr"], " ".join(rule["annotations"].values())
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


def told() -> dict[str, set[str]]:
    """Names that a real scrape of site, bot or worker delivers, each with its labels."""
    found: dict[str, set[str]] = {"up": set()}
    text = scraping.own().decode()
    for one in telemetry.CATALOGUE.values():
        if one.kind == "gauge" and f"# TYPE {one.name} gauge" not in text:
            found[one.name] = set(one.labels)  # of the database: see test_the_readers_tell_all
            continue
        name = one.name + ("_total" if one.kind == "counter" else "")
        assert f"# TYPE {name} {one.kind}" in text, name
        for suffix in one.suffixes:
            more = {"le"} if suffix == "_bucket" else set()
            found[one.name + suffix] = {*one.labels, *more}
    for family in ProcessCollector(registry=None).collect():
        found |= {sample.name: set() for sample in family.samples}
    return found


@pytest.mark.parametrize(("where", "question", "called"), list(questions()))
def test_what_is_asked_for_is_told(where: str, question: str, called: str) -> None:
    known = told()
    asked = set()
    for name, matchers in _METRIC.findall(question):
        assert name in known, f"{where}: nobody tells {name}"
        labels = known[name] | ADDED
        used = {label for label, _value in _MATCHER.findall(matchers)}
        assert used <= labels, f"{where}: {name} has no {used - labels}"
        asked |= labels
    assert asked, f"{where} asks for nothing of ours"
    by = {label.strip() for found in _BY.findall(question) for label in found.split(",")}
    in_words = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", called)) - {"value"}
    assert by | in_words <= asked, f"{where}: no {(by | in_words) - asked}"


def test_the_readers_tell_all_that_stands_in_the_database(db: None) -> None:
    """Of the catalogue: nothing is described that nobody reads."""
    names = {one.name for one in samples(scraping.text_of(scraping.look()))}
    gauges = {one.name for one in telemetry.CATALOGUE.values() if one.kind == "gauge"}
    levels = {telemetry.pool._metric._name, telemetry.leads._metric._name}
    # Connections are PostgreSQL's, signs of life those of running programs, the build the site's.
    absent = {f"repassage_{name}" for name in ("heartbeat_age_seconds", "build_info")}
    if not list(connections.read()):
        absent |= {telemetry.CONNECTIONS.name, telemetry.CONNECTIONS_MOST.name}
    assert names == gauges - levels - absent


def test_words_that_alerts_look_for_exist() -> None:
    """A misspelt value would never match anything."""
    from analytics.system_state import BOT, SCHEDULER, WORKER
    from botapp.counting import GIVEN_UP
    from botapp.deliverer import LEASE_NAME
    from history.relay import LEASE

    text = RULES.read_text(encoding="utf-8")
    programs = set(re.findall(r'program="([\w-]+)"', text))
    assert programs == {BOT, SCHEDULER, WORKER, LEASE, LEASE_NAME}
    assert f'outcome="{GIVEN_UP}"' in text
    queues = {"outbox", "inbox", "notices", "screens", "webhooks", "data_jobs"}
    asked = {part for found in re.findall(r'queue=~?"([^"]+)"', text) for part in found.split("|")}
    assert asked == queues
    jobs = {one["job_name"] for one in yaml.safe_load(CONFIG.read_text())["scrape_configs"]}
    for one in re.findall(r'job=~?"([^"]+)"', text):
        assert any(re.fullmatch(one, name) for name in jobs), one


def test_every_alert_says_what_is_wrong_and_where_to_look() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["annotations"]["summary"].endswith(".")


def test_the_dashboard_lies_flat_and_has_its_source() -> None:
    whole = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    ids = [one["id"] for one in whole["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for one in whole["panels"]:
        place = one["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, one["title"]
        assert not cells & taken, one["title"]
        taken |= cells
    (source,) = (one for one in whole["templating"]["list"] if one["type"] == "datasource")
    used = {panel["datasource"]["uid"] for panel in panels()}
    assert used == {f"${{{source['name']}}}"}
    for path in (DEPLOY / "grafana").rglob("*.yml"):
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["apiVersion"] == 1


needs_prometheus = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool on this machine"
)


def promtool(*arguments: str, place: Path) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
def test_prometheus_itself_reads_it(tmp_path: Path) -> None:
    recorded = [
        {"record": f"panel:{n}", "expr": target["expr"].replace("$__rate_interval", "1m")}
        for n, target in enumerate(t for panel in panels() for t in panel["targets"])
    ]
    whole = {"groups": [{"name": "dashboard", "rules": recorded}]}
    (tmp_path / "dashboard.yml").write_text(yaml.safe_dump(whole))
    promtool("check", "rules", "dashboard.yml", place=tmp_path)
    promtool("check", "rules", RULES.name, place=RULES.parent)
    promtool("check", "config", "--syntax-only", CONFIG.name, place=CONFIG.parent)


@needs_prometheus
def test_alerts_fire_when_they_should_and_not_before(tmp_path: Path) -> None:
    for path in (RULES, Path(__file__).with_name("alerts_test.yml")):
        shutil.copy(path, tmp_path)
    promtool("test", "rules", "alerts_test.yml", place=tmp_path)
