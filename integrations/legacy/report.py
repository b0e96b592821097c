"""Both sides counted, every row accounted for, every deviation listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Count

from history.models import Command, Event
from integrations.legacy.notes import CARRIED, WHY, Notes
from polishing.models import PolishingOrder
from receipts.models import Operation, Receipt, ReturnCase, ReturnItem
from receipts.services.bulk.writer import VERB
from workshop.lib.actor import KIND_STRANGER

AT_ONCE: Final = 1000
MADE: Final = "made"  # rows of ours that no row of theirs stands for
PLANNED_ANEW: Final = "planned anew"


@dataclass
class Report:
    """``source`` and ``ours`` count rows; ``fates`` say what became of each row of theirs."""

    source: Mapping[str, int]
    ours: dict[str, int] = field(default_factory=dict)
    fates: dict[str, Counter[str]] = field(default_factory=dict)
    deviations: list[dict[str, Any]] = field(default_factory=list)

    def unaccounted(self) -> dict[str, str]:
        """Tables whose counts do not match, with the numbers; empty when all is well."""
        wrong = {}
        for table, rows in self.source.items():
            fates = self.fates.get(table, Counter())
            made = fates.get(MADE, 0)
            if rows != fates.total() - made:
                wrong[table] = f"{rows} rows there, {fates.total() - made} accounted for"
            elif self.ours.get(table, fates[CARRIED] + made) != fates[CARRIED] + made:
                wrong[table] = f"{fates[CARRIED] + made} carried over, {self.ours[table]} here"
        return wrong

    def lines(self) -> Iterator[str]:
        """For people at a terminal."""
        yield f"{'table':<22}{'there':>9}{'here':>9}   what became of them"
        for table, rows in self.source.items():
            here = self.ours.get(table)
            fates = ", ".join(f"{name} {number}" for name, number in self.fates[table].items())
            yield f"{table:<22}{rows:>9}{here if here is not None else '–':>9}   {fates}"
        yield ""
        tally = Counter((one["table"], one["why"]) for one in self.deviations)
        yield f"Deviations: {tally.total()}"
        for (table, why), number in sorted(tally.items()):
            yield f"  {number:>7}  {table}: {WHY.get(why, why)}"

    def as_json(self) -> dict[str, Any]:
        return {
            "source": dict(self.source),
            "ours": self.ours,
            "fates": {table: dict(fates) for table, fates in self.fates.items()},
            "unaccounted": self.unaccounted(),
            "deviations": [{**one, "text": WHY.get(one["why"], one["why"])}
                           for one in self.deviations],
        }  # fmt: skip


def report_of(client: str, source: Mapping[str, int], notes: Notes) -> Report:
    """What stands here of ``client``, however many runs it took."""
    report = Report(source, {}, {table: Counter() for table in source}, [])
    _add(report, [notes.stored()])
    report.fates["notifications"][PLANNED_ANEW] = source["notifications"]
    ids: list[int] = []
    rows = Command.objects.filter(client=client).order_by("pk").values_list("verb", "result")
    for verb, result in rows.iterator(AT_ONCE):
        _add(report, [result.get("extra", {})])
        if verb == VERB:
            ids.append(result["id"])
    report.ours |= _counted(ids)
    report.ours["employees"] = _people(client)
    report.deviations += _strangers(client)
    return report


def _add(report: Report, stored: Iterable[Mapping[str, Any]]) -> None:
    for one in stored:
        report.deviations += one.get("deviations", [])
        for table, fates in one.get("tally", {}).items():
            report.fates[table].update(fates)


def _counted(ids: list[int]) -> dict[str, int]:
    """Rows of ours that hang on these receipts, counted in their tables."""
    found: Counter[str] = Counter(
        dict.fromkeys(
            ("receipts", "operations", "polishing_details", "returns", "return_reason_links"), 0
        )
    )
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        found["receipts"] += Receipt.objects.filter(pk__in=some).count()
        found["operations"] += Operation.objects.filter(receipt__in=some).count()
        found["polishing_details"] += PolishingOrder.objects.filter(receipt__in=some).count()
        found["returns"] += ReturnCase.objects.filter(receipt__in=some).count()
        found["return_reason_links"] += ReturnItem.objects.filter(
            return_case__receipt__in=some
        ).count()
    return dict(found)


def _people(client: str) -> int:
    commands = Command.objects.filter(client=client, key__startswith="employee:")
    return Event.objects.filter(command__in=commands, kind="employee.carried_over").count()


def _strangers(client: str) -> list[dict[str, Any]]:
    """Telegram accounts that entered data and belong to nobody of the staff (the inspectors)."""
    rows = (
        Event.objects.filter(correlation_id=client, actor_kind=KIND_STRANGER)
        .values("actor_telegram_id", "actor_label")
        .annotate(number=Count("id"))
        .order_by("-number")
    )
    return [
        {
            "table": "history_events",
            "row": row["actor_telegram_id"],
            "why": "telegram_not_staff",
            "told": f"{row['actor_label']}: {row['number']}",
        }
        for row in rows
    ]
