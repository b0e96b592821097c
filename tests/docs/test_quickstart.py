"""The quick start: every press of it is pressed, every command of it is run."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
from typing import Any

import pytest
from django.core.management import call_command

from receipts.states import Status
from tests.cast import make_cast
from tests.day.memory import MemoryStage
from tests.day.play import faults
from tests.day.stage import Day
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
STEP = re.compile(r"^\| (write|press|choose) \| (.+?) \| (?:\*(.+)\* )?\|$", re.MULTILINE)
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
STEPS = STEP.findall(PAGE)
# Whoever follows the page presses a name of the demonstration; here it is one of the cast.
A_MASTER = "Максим М."


def play_the_page(day: Day) -> None:
    igor = day.igor
    for what, told, said in STEPS:
        if what == "write":
            igor.type(told.strip("`"))
        else:
            label = re.match(r"\*\*(.+)\*\*", told)
            if label and label[1] == "English":
                igor.language = day.reader["en"]  # what is pressed now answers in it
            igor.press(label[1] if label else A_MASTER)
        if said:
            igor.reads(said)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")
@pytest.mark.django_db(transaction=True)
def test_every_step_leads_where_the_page_says(live_server: Any, media: object) -> None:
    """The presses by the bot in memory, then the commands against a site on the same database."""
    with MemoryStage() as stage:
        play_the_page(Day(stage, make_cast(), "ru"))
    assert list(faults()) == []
    assert len(STEPS) > 20
    asking, proving = (block for block in BLOCKS if "git clone" not in block)
    key = manage(re.search(r"\$\((.+)\)", asking)[1])
    asked = re.search(r"^curl .+$", asking, re.MULTILINE)[0]
    answer = run(asked.replace("http://127.0.0.1:8000", live_server.url), KEY=key.strip())
    assert f'"status": "{Status.IN_WORK}"' in PAGE
    assert json.loads(answer)["status"] == Status.IN_WORK
    assert manage(proving.strip())


def manage(line: str) -> str:
    """A command of the project, in this process: the database of a test is in its memory."""
    program, name, *arguments = shlex.split(line)[1:]
    assert program == "manage.py"
    told = io.StringIO()
    call_command(name, *arguments, stdout=told, stderr=io.StringIO())
    return told.getvalue()


def run(command: str, **environment: str) -> str:
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["sh", "-c", command], env=path | environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_table_is_read_whole() -> None:
    table = PAGE.split("## 2.")[1].split("## 3.")[0]
    assert len(STEPS) == table.count("\n| ") - 1  # its head; the line below it has no blank
