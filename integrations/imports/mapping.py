"""Which column of the file is which: guessed from the headers, corrected by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from integrations.imports.cells import folded
from integrations.imports.columns import Column, Subject
from workshop.lib.errors import RuleViolation

Mapped = dict[str, int]  # column → place in the file, from 0


def guess(subject: Subject, headers: Sequence[str]) -> Mapped:
    """The columns whose names stand above the file's; the first one where several do."""
    known: dict[str, str] = {}
    for column in subject.columns:
        for title in column.titles():
            known.setdefault(_bare(title), column.name)
    found: Mapped = {}
    for place, header in enumerate(headers):
        name = known.get(_bare(header))
        if name is not None:
            found.setdefault(name, place)
    return found


def checked(subject: Subject, mapping: Mapping[str, object], width: int) -> Mapped:
    """A mapping that a person sent. Raises RuleViolation ``imports.mapping`` on the column."""
    found: Mapped = {}
    for name, place in mapping.items():
        if subject.column(name) is None:
            raise _wrong(name, _("There is no such column."))
        if place is None or place == "":
            continue
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < width:
            raise _wrong(name, _("There is no such column in the file."))
        if place in found.values():
            raise _wrong(name, _("This column of the file is used twice."))
        found[name] = place
    return found


def ensure_complete(subject: Subject, mapping: Mapping[str, int]) -> None:
    """Everything required has its place; RuleViolation ``imports.mapping``."""
    for column in subject.columns:
        if column.required and column.name not in mapping:
            raise _lacking(column)


def _lacking(column: Column) -> RuleViolation:
    return RuleViolation(
        "imports.mapping",
        _("Which column of the file is “%(column)s”?"),
        field=column.name,
        params={"column": column.label},
    )


def _wrong(name: str, text: object) -> RuleViolation:
    return RuleViolation("imports.mapping", text, field=name)  # type: ignore[arg-type]  # lazy


def _bare(title: str) -> str:
    """A header without what is only decoration: stars, colons, units in brackets stay."""
    return folded(title).strip(" *:.№#_") or folded(title)
