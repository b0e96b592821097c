"""Files of the demonstration: sign-ins, people of the simulated Telegram, the true rates."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from integrations.demo.roster import PEOPLE, SignIn, simulator_people
from integrations.demo.telling import Plan
from integrations.demo.truth import Truth
from staff.models import Employee
from workshop.lib import clock


def true_rates() -> Path:
    return Path(settings.DATA_DIR) / "demo" / "true_rates.json"


def people() -> Path:
    return Path(settings.DATA_DIR) / "simulator" / "people.json"


def sign_ins() -> Path:
    return Path(settings.DATA_DIR) / "demo-sign-ins.txt"


def write_plan(plan: Plan) -> None:
    """Noted before the first receipt: an interrupted run goes on with the same plan."""
    _write_plan(plan, complete=False)


def write_true_rates(plan: Plan, truth: Truth, rows: dict[str, Employee]) -> None:
    """The probabilities used and what came of them, per person and type of work."""
    ids = {key: row.pk for key, row in rows.items()}
    names = {key: row.short_name for key, row in rows.items()}
    _write_plan(plan, complete=True, rates=truth.rows(ids, names))


def _write_plan(plan: Plan, **more: Any) -> None:
    content = {"label": "demo", **asdict(plan), "now": clock.iso(plan.now), **more}
    _write(true_rates(), json.dumps(content, ensure_ascii=False, indent=1))


def interrupted_plan() -> Plan | None:
    """The plan that was begun and not completed."""
    if not true_rates().exists():
        return None
    found = json.loads(true_rates().read_text(encoding="utf-8"))
    now = clock.from_iso(found["now"])
    if found["complete"] or now is None:
        return None
    return Plan(found["receipts"], found["seed"], found["days"], now, found["in_bulk"])


def write_access(made: Sequence[SignIn]) -> None:
    """How to get in: by the office and by the simulated Telegram."""
    write_people()
    write_sign_ins(made)


def write_people() -> None:
    _write(people(), json.dumps(simulator_people(), ensure_ascii=False, indent=1))


def write_sign_ins(made: Sequence[SignIn]) -> None:
    """Shown as it is by the supervisor; readable by the owner of the installation alone."""
    lines = ["Demo data: invented people and watches. Office sign-ins:"]
    lines += [f"  {row.username:<8} {row.password}   {row.role}" for row in made]
    inspector = PEOPLE[0]
    name = f"{inspector.first_name} {inspector.surname}"
    lines.append(f"In the simulated Telegram begin as {name}, the inspector.")
    _write(sign_ins(), "\n".join(lines) + "\n", mode=0o600)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """All or nothing: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
