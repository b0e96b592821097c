"""Refusals of a whole file, each with its words once."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from workshop.lib.errors import Message, RuleViolation


def refused(code: str, text: Message, **params: Any) -> RuleViolation:
    return RuleViolation(code, text, field="file", params=params)


def unreadable() -> RuleViolation:
    return refused("imports.unreadable", _("This is no readable .xlsx or .csv file."))


def too_long(most: int) -> RuleViolation:
    return refused("imports.too_long", _("More than %(most)s rows."), most=most)


def too_wide(most: int) -> RuleViolation:
    return refused(
        "imports.too_wide", _("More than %(most)s columns, or too many cells."), most=most
    )


def unpacks_too_big() -> RuleViolation:
    return refused("imports.unpacks_too_big", _("The workbook is too large when it is unpacked."))
