"""Every command of docs/api.md is run, and answers with the status that stands under it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from integrations import scopes
from receipts.models import Receipt
from receipts.services.registration import register_receipt
from tests.api.callers import SYSTEM, make_caller
from tests.cast import make_cast, type_id

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
COMMAND = re.compile(r"```sh\n(curl .*?)\n```\n`(\d{3})`", re.S)


def commands() -> list[tuple[str, int]]:
    return [(text, int(status)) for text, status in COMMAND.findall(GUIDE.read_text())]


def test_no_command_is_left_out() -> None:
    assert GUIDE.read_text().count("curl ") == len(commands()) > 15


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")
@pytest.mark.django_db(transaction=True)
def test_the_walk(live_server: Any, tmp_path: Path) -> None:
    cast = make_cast()
    receipt = register_receipt(number="A-77", actor=SYSTEM).object
    shop = make_caller(held=scopes.ALL, employee_id=cast.igor.pk)
    environment = {
        "PATH": os.environ["PATH"],
        "API": f"{live_server.url}/api/v1",
        "KEY": shop.key,
        "RECEIPT": str(receipt.pk),
        "NUMBER": receipt.number,
        "ETAG": '"v1"',
        "MASTER": str(cast.maxim.pk),
        "ASSEMBLY": str(type_id("assembly")),
    }
    body = tmp_path / "body"
    for text, wanted in commands():
        asked = f"{text} -o {body} -w '%{{http_code}}'"
        run = subprocess.run(
            ["sh", "-c", asked], env=environment, capture_output=True, text=True, check=True
        )
        answer = body.read_text() if body.exists() else ""
        assert run.stdout == str(wanted), (text, run.stdout, answer, run.stderr)
    assert Receipt.objects.filter(number="T-1001").count() == 1
    receipt.refresh_from_db()
    assert receipt.status == "ready"
