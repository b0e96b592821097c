"""Files: tables that are none or hold what no column takes, pictures that are none."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.test import Client

from integrations import data_jobs
from integrations.imports.subjects import SUBJECTS
from integrations.models import DataJob, Import
from integrations.tests.tables import as_csv, as_xlsx
from integrations.tests.test_hostile_tables import broken, shaped
from tests.api.bed import BASE, picture_bytes
from tests.fuzz.judge import Fault, judged
from tests.fuzz.values import odd

ENCODINGS: Final = ("utf-8-sig", "utf-16", "cp1251", "koi8-r", "utf-32", "cp866")
# They unpack or repeat to hundreds of megabytes: each once, not at random.
HEAVY: Final = frozenset(
    {"bomb in the texts", "bomb in the styles", "too many rows", "empty lines", "too big"}
)
REFUSED: Final = frozenset({400, 404, 413, 415, 422})
# Of these columns each cell is wrong, whatever stands in the others.
WRONG_CELLS: Final = (
    "31.02.2026", "99.99.9999 99:99", "0001-01-01", "9999-12-31T23:59:59+14:00", "вчера", "∞",
    "25.12.2026 18:00 +99:99", "1e999",
)  # fmt: skip


class FileDoor:
    """``send`` uploads a table or a picture; what was accepted as a table is imported at once."""

    name = "files"

    def __init__(self, key: str, receipts: Sequence[int]) -> None:
        self._http = Client(
            raise_request_exception=False,
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "ru"},
        )
        self._receipts = receipts
        self._shaped = [one for one in shaped() if one[0] not in HEAVY]
        self._once = (one for one in shaped() if one[0] in HEAVY)

    def send(self, draw: random.Random) -> Iterator[Fault]:
        kind = draw.random()
        if kind < 0.2:
            yield from self._picture(draw)
        elif kind < 0.5:
            yield from self._rows(draw)
        else:
            yield from self._table(draw)

    # --- pictures ---------------------------------------------------------------------------------

    def _picture(self, draw: random.Random) -> Iterator[Fault]:
        good = picture_bytes()
        content = draw.choice(
            (b"", b"x", good[: draw.randrange(len(good) // 2)], draw.randbytes(2000),
             b"GIF89a" + b"\xff" * 100, b"\x89PNG\r\n\x1a\n" + draw.randbytes(99), b"<svg/>",
             odd(draw).encode("utf-8", "replace"), b"%PDF-1.7", b"\xff\xd8\xff\xe0" * 50)
        )  # fmt: skip
        path = f"{BASE}/receipts/{draw.choice(self._receipts)}/photos/"
        file = _named(content, draw, "photo.jpg")
        answer = self._http.post(path, {"photo": file})
        yield from judged(answer, REFUSED, f"{path} {content[:40]!r}", field="photo")

    # --- tables ---------------------------------------------------------------------------------

    def _table(self, draw: random.Random) -> Iterator[Fault]:
        """Bytes that are no table, or nearly one: refused, or taken and only looked at."""
        if draw.random() < 0.02 and (heavy := next(self._once, None)):
            name, content = heavy
        elif draw.random() < 0.3:
            name, content = draw.choice(self._shaped)
        else:
            name, content = next(broken(draw.randrange(2**30), 1))
        yield from self._bring(content, name, draw, then="check")

    def _rows(self, draw: random.Random) -> Iterator[Fault]:
        """A table each row of which is wrong: imported, it changes nothing and tells each row."""
        subject = SUBJECTS[draw.choice(list(SUBJECTS))]
        titles = [str(column.label) for column in subject.columns]
        days = [at for at, column in enumerate(subject.columns) if _is_moment(column)]
        rows: list[list[Any]] = [titles]
        for number in range(draw.randrange(1, 30)):
            row: list[Any] = [odd(draw)[:500].replace("\x00", "") for _title in titles]
            if not days or number % 2:
                row = [""] * len(titles)  # what must be there is missing
                row[-1] = draw.choice(WRONG_CELLS)
            else:
                row[draw.choice(days)] = draw.choice(WRONG_CELLS)
            rows.append(row)
        content = as_xlsx(rows) if draw.random() < 0.3 else _csv(rows, draw)
        yield from self._bring(content, "rows", draw, then="import", subject=subject.name)

    def _bring(
        self,
        content: bytes,
        name: str,
        draw: random.Random,
        *,
        then: str,
        subject: str = "",
    ) -> Iterator[Fault]:
        subject = subject or draw.choice([*SUBJECTS, "receipts"])
        sent: dict[str, Any] = {"subject": subject, "then": then}
        sent["file"] = _named(content, draw, "table.xlsx")
        answer = self._http.post(f"{BASE}/imports/", sent)
        told = f"{name} as {subject}: {content[:60]!r}"
        if answer.status_code == 201:
            yield from self._looked_at(answer.json()["result"]["id"], told)
        else:
            yield from judged(answer, REFUSED, told)

    def _looked_at(self, pk: int, told: str) -> Iterator[Fault]:
        """The job has come to its end, with a reason in words or with one for each row."""
        while data_jobs.run_waiting():
            pass
        row = Import.objects.select_related("check_job", "run_job").get(pk=pk)
        job = row.job
        if job is None or (job.state == DataJob.State.FAILED and not job.error):
            yield Fault("untold", f"{told}: failed without a word")
        elif not job.is_finished:
            yield Fault("given_up", f"{told}: {job.state}")
        elif row.run_job and (job.result.get("created") or job.result.get("updated")):
            yield Fault("effects", f"{told}: {job.result}")


def _is_moment(column: Any) -> bool:
    return any(word in column.name for word in ("_at", "deadline", "_on", "date"))


def _csv(rows: list[list[Any]], draw: random.Random) -> bytes:
    for encoding in itertools.chain((draw.choice(ENCODINGS),), ENCODINGS):
        try:
            return as_csv(rows, encoding=encoding, delimiter=draw.choice(";,\t"))
        except UnicodeEncodeError:
            continue
    raise AssertionError("UTF-8 takes every text")


def _named(content: bytes, draw: random.Random, usual: str) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = draw.choice(
        (usual, usual, "../../etc/passwd", "x" * 300, "CON", "🔥.xlsx", "a.exe")
    )
    return file
