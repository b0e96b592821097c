"""P8: import of 20 000 receipts with their histories, with its dry run and its row errors.

Parts: `checked`, the dry run and then the import, both as the worker does them, against the floor:
a fast reader (calamine) and COPY of the very rows that the import wrote (hashes and all) into the
same tables. `import`, the import without its dry run, against the same floor. `save`, against what
is usually built: openpyxl and one `save()` for each row of each table (a tenth of the receipts).

Each measurement begins in a fresh copy of the database.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.base import Run, Sample
from benchmarks.machine import copied, cores, cpu_seconds, pin
from benchmarks.p8_table import is_wrong, workbook
from tests.faults.setup import Place, say

RECEIPTS = 20_000
SAVED = 10  # the stock way does one receipt of so many: its rate is what is compared

Tables = dict[Any, list[Any]]


class Bench:
    def __init__(self, run: Run, place: Place) -> None:
        self.place = place
        self.n = run.size(RECEIPTS)
        self.right = sum(not is_wrong(number) for number in range(self.n))
        self.content = workbook(self.n, run.seed)
        say(f"{len(self.content)} bytes of .xlsx")
        self.actor = self._people()
        self.import_id = self._upload()
        self.tables = self._written()
        gc.freeze()  # what the floor keeps ready is nothing that an import looks through

    def _people(self) -> Any:
        from tests.cast import make_cast

        return make_cast().actor("anna", "admin")

    def _upload(self) -> int:
        from integrations.services.imports import upload

        row = upload(
            subject="receipts", content=self.content, file_name="p8.xlsx", actor=self.actor
        ).object
        return int(row.pk)

    def _cpu(self) -> float:
        """Seconds that this process and its server process have used: other work of the machine
        does not count here."""
        from django.db import connection

        if connection.vendor != "postgresql":
            return time.process_time()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            server = int(cursor.fetchone()[0])
        return time.process_time() + cpu_seconds(server)

    # --- ours ---------------------------------------------------------------------------------

    def _job(self, *, dry: bool) -> float:
        """Seconds of the worker on one job of the import."""
        from integrations import data_jobs
        from integrations.models import DataJob
        from integrations.services.imports import start

        start(import_id=self.import_id, dry=dry, actor=self.actor)
        began = time.perf_counter()
        data_jobs.run_waiting()
        seconds = time.perf_counter() - began
        job = DataJob.objects.order_by("-pk")[0]
        expected = {"created": self.right, "error": self.n - self.right}
        if (job.state, job.result) != ("done", {k: v for k, v in expected.items() if v}):
            raise SystemExit(f"the import went wrong: {job.state} {job.result} {job.error}")
        return seconds

    def checked(self) -> Sample:
        with copied(self.place):
            began = self._cpu()
            seconds = self._job(dry=True) + self._job(dry=False)
            return Sample(self.n / seconds, self._counts(), (self._cpu() - began) / self.n)

    def imported(self) -> Sample:
        with copied(self.place):
            began = self._cpu()
            seconds = self._job(dry=False)
            return Sample(self.n / seconds, self._counts(), (self._cpu() - began) / self.n)

    def checked_rate(self) -> Sample:
        """The rate alone: the stock way writes a tenth, its answers cannot be equal."""
        return Sample(self.checked().value)

    def _written(self) -> Tables:
        """The rows that an import writes, table by table, as the floor copies them."""
        from django.db import connection

        found: Tables = {}
        with copied(self.place):
            self._job(dry=False)
            for model in _models():
                fields = model._meta.concrete_fields
                rows = model.objects.filter(_ours(model)).order_by("pk")
                columns = rows.values_list(*(field.attname for field in fields))
                found[model] = [_plain(fields, row) for row in columns]
                say(f"{model.__name__}: {len(found[model])} rows")
            connection.close()
        return found

    # --- floors -------------------------------------------------------------------------------

    def copy(self) -> Sample:
        """The file read by the fast reader, the rows by COPY in one transaction."""
        import python_calamine
        from django.db import connection, transaction

        with copied(self.place):
            cpu, began = self._cpu(), time.perf_counter()
            sheet = python_calamine.load_workbook(io.BytesIO(self.content)).get_sheet_by_index(0)
            read = sum(1 for _row in sheet.iter_rows())
            with transaction.atomic(), connection.cursor() as cursor:
                for model, rows in self.tables.items():
                    columns = ", ".join(f'"{f.column}"' for f in model._meta.concrete_fields)
                    table = model._meta.db_table
                    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                        for row in rows:
                            copy.write_row(row)
            seconds = time.perf_counter() - began
            return Sample(read / seconds, self._counts(), (self._cpu() - cpu) / read)

    def stock(self) -> Sample:
        """openpyxl and save(), of a tenth of the receipts with everything that hangs on them."""
        import openpyxl
        from django.db import transaction

        with copied(self.place):
            began = time.perf_counter()
            book = openpyxl.load_workbook(io.BytesIO(self.content), read_only=True)
            for _row in book.worksheets[0].iter_rows(values_only=True):
                pass
            read = (time.perf_counter() - began) / SAVED
            began = time.perf_counter()
            with transaction.atomic():
                for row in self._tenth():
                    row.save(force_insert=True)
            saved = time.perf_counter() - began
        return Sample(self.n / SAVED / (read + saved))

    def _tenth(self) -> Iterator[Any]:
        """The first tenth of the receipts with everything that hangs on them, as instances."""
        kept: dict[str, set[Any]] = {}
        for model, rows in self.tables.items():
            names = [field.attname for field in model._meta.concrete_fields]
            for row in rows:
                columns = dict(zip(names, row, strict=True))
                if model.__name__ == "Command":
                    if len(kept.setdefault("command_id", set())) >= self.right // SAVED:
                        break
                    kept["command_id"].add(columns["id"])
                    made = json.loads(columns["result"])["id"]
                    kept.setdefault("receipt_id", set()).add(made)
                elif not _hangs_on(model.__name__, columns, kept):
                    continue
                yield model(**{k: json.loads(v) if k in _JSON else v for k, v in columns.items()})

    def _counts(self) -> list[Any]:
        from django.db.models import Count

        from receipts.models import Receipt

        rows = [model.objects.filter(_ours(model)).count() for model in _models()]
        status = Receipt.objects.values_list("status").annotate(Count("pk")).order_by("status")
        return [rows, list(status)]


_JSON = {"payload", "result"}


def _ours(model: Any) -> Any:
    """What an import itself writes: not the events and commands of asking for it."""
    from django.db.models import Q

    if model.__name__ == "Command":
        return Q(verb="receipt.write_history")
    if model.__name__ == "Event":
        return Q(command__verb="receipt.write_history")
    if model.__name__ == "Stream":
        return Q(name__regex="^(receipt|watch|customer):")
    if model.__name__ == "Mark":
        return Q(event__command__verb="receipt.write_history")
    return Q()


def _hangs_on(name: str, columns: dict[str, Any], kept: dict[str, set[Any]]) -> bool:
    """Does a row belong to the receipts that are kept?"""
    if name == "Receipt":
        return columns["id"] in kept["receipt_id"]
    if name in {"Watch", "Customer", "Stream"}:  # as many of them, they refer to nothing
        kept.setdefault(name, set()).add(columns["id"])
        return len(kept[name]) <= len(kept["receipt_id"]) * (3 if name == "Stream" else 1)
    return any(columns.get(link) in kept[link] for link in ("command_id", "receipt_id"))


def _models() -> list[Any]:
    from analytics.models import Mark
    from history.models import Command, Event, Stream
    from receipts.models import Assignment, Customer, Operation, QualityCheck, Receipt, Watch

    return [
        Command, Watch, Stream, Event, Customer, Receipt, Assignment, Operation, QualityCheck, Mark,
    ]  # fmt: skip


def _plain(fields: Any, row: Any) -> tuple[Any, ...]:
    return tuple(
        json.dumps(value) if field.name in _JSON else value
        for field, value in zip(fields, row, strict=True)
    )


def main() -> None:
    run = Run("P8", __doc__, parts=("checked", "import", "save"))
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(run.place(cpus=cores().server))
        pin(0, cores().client)
        bench = Bench(run, place)
        for name, ours in (("checked", bench.checked), ("import", bench.imported)):
            if run.wants(name):
                run.compare(name, bench.copy, ours, at_least=0.4, unit="receipts/s", n=bench.n)
        if run.wants("save"):
            part = run.compare(
                "save", bench.stock, bench.checked_rate, at_least=8, unit="receipts/s", n=bench.n
            )
            part.details["saved receipts"] = bench.n // SAVED
    run.finish()


if __name__ == "__main__":
    main()
