"""What stands in a cell: texts, numbers, moments, yes and no. One function per kind of column.

Each takes a cell as the reader hands it over and answers with the value; it raises
:class:`CellError` with the reason in words. What a fast reader does to cells is undone here: whole
numbers come as floats, midnights as dates, and in a CSV everything is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from workshop.lib import clock
from workshop.lib.errors import RuleViolation
from workshop.lib.export import unguarded
from workshop.lib.text import clean_text, clip

Parser = Callable[[Any], Any]

FIRST_YEAR: Final = 1950
LAST_YEAR: Final = 2100
SHOWN: Final = 40  # characters of a wrong value that are repeated to the person
LONGEST: Final = 2000

_DAY = re.compile(
    r"(?:(?P<d>\d{1,2})[./-](?P<m>\d{1,2})[./-](?P<y>\d{4})|(?P<y2>\d{4})-(?P<m2>\d{1,2})-(?P<d2>\d{1,2}))"
    r"(?:[T\s,]+(?P<h>\d{1,2})[:.](?P<min>\d{2})(?:[:.](?P<s>\d{2}))?(?:\.\d+)?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
_YES: Final = frozenset({"да", "д", "yes", "y", "true", "истина", "+", "1", "v", "x", "✓", "есть"})
_NO: Final = frozenset({"нет", "н", "no", "n", "false", "ложь", "-", "−", "–", "0"})


class CellError(Exception):
    """Why a cell cannot be taken, in the language of the person."""


class Moment(NamedTuple):
    """A day, or an instant; ``at`` of a day is its beginning in the workshop's zone."""

    at: datetime
    is_day: bool

    @property
    def day(self) -> date:
        return day_of(self.at)


def day_of(at: datetime) -> date:
    """The workshop's day of an instant."""
    return at.astimezone(clock.zone()).date()


def text(cell: Any) -> str:
    """As it would be typed: 101.0 is 101, a day 25.12.2026."""
    if isinstance(cell, str):
        return unguarded(cell.strip())
    if isinstance(cell, bool):
        return _("yes") if cell else _("no")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.strftime("%d.%m.%Y %H:%M")
    if isinstance(cell, date):
        return cell.strftime("%d.%m.%Y")
    return str(cell).strip()


def line(limit: int) -> Parser:
    """A text of at most ``limit`` characters."""

    def parse(cell: Any) -> str:
        try:
            return clean_text(text(cell), field="", limit=limit)
        except RuleViolation as error:
            raise CellError(error.text()) from None

    return parse


def digits(cell: Any) -> str:
    """A number that is a name (a phone, an id): no point, no exponent."""
    return text(cell)


def decimal(cell: Any) -> Decimal:
    """Not negative; a decimal comma or point, blanks between the thousands."""
    raw = repr(cell) if isinstance(cell, float) else text(cell)
    try:
        value = Decimal(re.sub(r"[\s\u00a0\u202f₽]", "", raw).replace(",", "."))
    except InvalidOperation:
        raise CellError(_("“%(value)s” is no number.") % _shown(raw)) from None
    if not value.is_finite() or value < 0 or value >= Decimal(10) ** 12:
        raise CellError(_("“%(value)s” is out of range.") % _shown(raw))
    return value.quantize(Decimal("0.01")) if value.as_tuple().exponent < -2 else value  # type: ignore[operator]


def whole(most: int) -> Parser:
    """A whole number from 0 to ``most``."""

    def parse(cell: Any) -> int:
        value = decimal(cell)
        if value != int(value) or value > most:
            raise CellError(_("A whole number from 0 to %(most)s.") % {"most": most})
        return int(value)

    return parse


def flag(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    word = text(cell).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError(_("“%(value)s”: write yes or no.") % _shown(word))


def moment(cell: Any) -> Moment:
    """A day or a day with its time, in the workshop's zone unless the text names another."""
    if isinstance(cell, datetime):
        found = cell if cell.tzinfo else datetime.combine(cell, cell.time(), clock.zone())
        return Moment(_in_range(found, cell), is_day=False)
    if isinstance(cell, date):
        return Moment(_in_range(_start(cell), cell), is_day=True)
    raw = text(cell)
    match = _DAY.fullmatch(raw)
    if match is None:
        example = "25.12.2026 18:00"
        raise CellError(
            _("“%(value)s” is no date. Example: %(example)s") % {**_shown(raw), "example": example}
        )
    return _read(match, raw)


def _read(match: re.Match[str], raw: str) -> Moment:
    day_, month, year, year2, month2, day2, hour, minute, second, zone_ = match.groups()
    try:
        day = date(int(year or year2), int(month or month2), int(day_ or day2))
        if hour is None:
            return Moment(_in_range(_start(day), raw), is_day=True)
        at = time(int(hour), int(minute), int(second or 0))
        zone = _zone(zone_)
        return Moment(_in_range(datetime.combine(day, at, tzinfo=zone), raw), is_day=False)
    except (ValueError, OverflowError):
        raise CellError(_("There is no such date: %(value)s") % _shown(raw)) from None


def _zone(text_: str | None) -> Any:
    if text_ is None:
        return clock.zone()
    if text_ == "Z":
        text_ = "+00:00"
    return datetime.strptime(text_.replace(":", ""), "%z").tzinfo


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=clock.zone())


def _in_range(found: datetime, raw: Any) -> datetime:
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise CellError(_("There is no such date: %(value)s") % _shown(text(raw)))
    return found.astimezone(UTC)


def choice(known: Mapping[str, Any], what: str) -> Parser:
    """One of the names in ``known`` (by :func:`folded` name); ``what`` they are."""

    def parse(cell: Any) -> Any:
        raw = text(cell)
        try:
            found = known[folded(raw)]
        except KeyError:
            raise CellError(
                _("%(what)s “%(value)s” is not known.") % {"what": what, **_shown(raw)}
            ) from None
        if isinstance(found, Several):
            raise CellError(_("There are several with the name “%(value)s”.") % _shown(raw))
        return found

    return parse


class Several:
    """Stands where a name belongs to more than one."""


def several(parse_one: Parser) -> Parser:
    """Several values in one cell, separated by commas, semicolons or lines."""

    def parse(cell: Any) -> list[Any]:
        parts = [part.strip() for part in re.split(r"[,;\n]", text(cell))]
        return [parse_one(part) for part in parts if part]

    return parse


@lru_cache(maxsize=8192)  # of the rows of an import each asks several times
def folded(name: str) -> str:
    """How names are compared: case, doubled blanks and ё do not matter."""
    return " ".join(name.casefold().replace("ё", "е").split())


def _shown(raw: str) -> dict[str, str]:
    return {"value": clip(raw, SHOWN)}
