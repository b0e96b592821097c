"""Refusals of a whole file, each with its words once."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from workshop.lib.errors import RuleViolation


def unreadable() -> RuleViolation:
    return RuleViolation(
        "imports.unreadable", _("This is no readable .xlsx or .csv file."), field="file"
    )


def too_long(most: int) -> RuleViolation:
    return RuleViolation(
        "imports.too_long", _("More than %(most)s rows."), field="file", params={"most": most}
    )


def too_wide(most: int) -> RuleViolation:
    return RuleViolation(
        "imports.too_wide",
        _("More than %(most)s columns, or too many cells."),
        field="file",
        params={"most": most},
    )


def unpacks_too_big() -> RuleViolation:
    return RuleViolation(
        "imports.unpacks_too_big", _("The workbook is too large when it is unpacked."), field="file"
    )
