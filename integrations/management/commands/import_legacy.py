"""``manage.py import_legacy DATABASE_URL``: carry the earlier platform's database over."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from integrations.legacy.importing import Busy, Import
from integrations.legacy.report import Report, report_of
from integrations.legacy.source import Source, SourceError, counts, open_source

EVERY = 2.0  # seconds between two lines of progress


class Command(BaseCommand):
    help = (
        "Carries the earlier platform's database over: people, receipts with their whole history, "
        "works, polishing, returns. Reads only; goes on after an interruption; run again it "
        "changes nothing. Nobody is notified."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "url",
            help="postgres://user@host/name or sqlite:///path; - reads it from standard input, "
            "so that a password is seen in no list of processes",
        )
        parser.add_argument(
            "--name",
            default="legacy",
            help="tells two earlier databases apart, should there be more than one",
        )
        parser.add_argument("--report", help="file of the whole report (JSON)")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if not re.fullmatch(r"[a-z0-9_-]{1,40}", name):
            raise CommandError("--name takes up to 40 of a-z, 0-9, - and _.")
        url = sys.stdin.readline().strip() if options["url"] == "-" else options["url"]
        try:
            with open_source(url) as source:
                report = self._carry(source, name)
        except SourceError as error:
            raise CommandError(str(error)) from error
        except Busy as error:
            raise CommandError(
                f"Somebody writes the same rows: is another import running? ({error})"
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted. The same command goes on where it stopped.") from None
        self._tell(report, Path(options["report"] or self._place(name)))

    def _carry(self, source: Source, name: str) -> Report:
        there = counts(source)
        self._total, self._begun = there["receipts"], time.monotonic()
        self._shown = self._begun
        run = Import(source, name, self._progress)
        run.run()
        seconds = time.monotonic() - self._begun
        _say(self.stdout, f"{run.added} receipts carried over in {seconds:.1f} s.")
        return report_of(run.client, there, run.notes)

    def _progress(self, done: int) -> None:
        moment = time.monotonic()
        if moment - self._shown >= EVERY or done == self._total:
            self._shown = moment
            speed = done / max(moment - self._begun, 0.001)
            _say(self.stderr, f"{done} of {self._total} receipts, {speed:.0f}/s")

    def _tell(self, report: Report, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(report.as_json(), ensure_ascii=False, indent=1)
        place.write_text(text, encoding="utf-8")
        for line in (*report.lines(), f"The whole list: {place}"):
            _say(self.stdout, line)
        if wrong := report.unaccounted():
            told = "; ".join(f"{table}: {words}" for table, words in wrong.items())
            raise CommandError(f"The counts do not match: {told}.")

    @staticmethod
    def _place(name: str) -> str:
        return str(Path(settings.DATA_DIR) / "legacy" / f"report-{name}.json")


def _say(stream: OutputWrapper, line: str) -> None:
    """A line for whoever reads; one who left (``| head``) neither stops nor fails the work."""
    try:
        stream.write(line)
        stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # else the interpreter stumbles over it when it ends
        os.close(nowhere)
