"""The receivers' samples of docs/webhooks.md, run by their own interpreters."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from integrations.tests import pages
from integrations.webhooks import signing

PAGE = pages.ROOT / "docs" / "webhooks.md"
BODY = '{"type":"receipt.passed","data":{"note":"\\u0433\\u043e\\u0442\\u043e\\u0432\\u043e"}}'
SECRET, OTHER = signing.new_secret(), signing.new_secret()
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")

Headers = dict[str, str]
DRIVERS = {
    "python": (
        [sys.executable, "-"],
        "{sample}\nimport json\nprint(json.dumps([verify(s, h, b.encode()) for s, h, b in "
        "json.loads({cases!r})]))",
    ),
    "js": (
        ["node", "--input-type=module", "-"],
        "{sample}\nconsole.log(JSON.stringify(JSON.parse({cases_json})"
        ".map(([s, h, b]) => verify(s, h, Buffer.from(b)))));",
    ),
    "php": (
        ["php"],
        "{sample}\n$cases = json_decode({cases_json}, true);\n"
        "echo json_encode(array_map(fn($c) => verify($c[0], $c[1], $c[2]), $cases));",
    ),
}


def ours(at: datetime, *secrets: str) -> Headers:
    return signing.headers("msg_1", at, BODY.encode(), secrets)


def theirs(at: datetime) -> Headers:
    """Signed by the library of the specification."""
    signature = Webhook(SECRET).sign("msg_1", at, BODY)
    return dict(zip(NAMES, ("msg_1", str(int(at.timestamp())), signature), strict=True))


def cases() -> list[tuple[bool, str, Headers, str]]:
    """(is it genuine?, secret, headers, body)."""
    now = datetime.now(UTC)
    good = ours(now, SECRET)
    return [
        (True, SECRET, good, BODY),
        (True, SECRET, theirs(now), BODY),
        (True, SECRET, ours(now, OTHER, SECRET), BODY),
        (True, OTHER, ours(now, OTHER, SECRET), BODY),
        (False, OTHER, good, BODY),
        (False, SECRET, good, BODY + " "),
        (False, SECRET, good | {"webhook-id": "msg_2"}, BODY),
        (False, SECRET, good | {"webhook-signature": "v1,ключ v1a,x"}, BODY),
        (False, SECRET, good | {"webhook-signature": ""}, BODY),
        (False, SECRET, good | {"webhook-timestamp": "0"}, BODY),
        (False, SECRET, ours(now - timedelta(minutes=10), SECRET), BODY),
        (False, SECRET, ours(now + timedelta(minutes=10), SECRET), BODY),
    ]


def sample(language: str) -> str:
    """The code under "Verify a message" in this language."""
    section = PAGE.read_text(encoding="utf-8").partition("## Verify a message")[2]
    found = re.search(rf"```{language}\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    assert found is not None, f"no sample in {language}"
    return found[1]


@pytest.mark.parametrize("language", sorted(DRIVERS))
def test_the_sample_tells_genuine_messages_from_others(language: str) -> None:
    command, driver = DRIVERS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: the sample in {language} was not run")
    made = cases()
    text = json.dumps([given for _genuine, *given in made])
    program = (
        driver.replace("{sample}", sample(language))
        .replace("{cases!r}", repr(text))
        .replace("{cases_json}", _quoted(text))
    )
    done = subprocess.run(
        command, input=program, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [genuine for genuine, *_given in made]


def _quoted(text: str) -> str:
    """A literal that JavaScript and PHP read alike."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
