"""What a deadline text says, before anything is computed: a day, a time of day, or both.

Words are compared whole and phrases to their end, never by what they contain: ``послезавтра``
cannot be taken for ``завтра``. Russian and English are one grammar.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import time

LONGEST = 80
"""Characters; a longer text is no deadline."""

_LINK = r"(?:(?:в|во|к|ко|до|на|on|by|until|till) )?"
_DATE_LINK = r"(?:(?:к|ко|до|на|on|by|until|till) )?"  # "в 18.05" is a time
_TIME_LINK = r"(?P<link>(?:в|во|к|ко|до|на|at|by|until|till) )?"

_DAY_WORDS = {
    # Understood, so that the answer is "in the past" and not "not understood".
    "позавчера": -2,
    "вчера": -1,
    "yesterday": -1,
    "сегодня": 0,
    "today": 0,
    "завтра": 1,
    "tomorrow": 1,
    "послезавтра": 2,
    "day after tomorrow": 2,
    "the day after tomorrow": 2,
}
_WEEKDAYS = (
    r"понедельник[ау]?|пн|monday|mon",
    r"вторник[ау]?|вт|tuesday|tues?",
    r"сред[аеуы]|ср|wednesday|wed",
    r"четверг[ау]?|чт|thursday|thu(?:rs?)?",
    r"пятниц[аеуы]|пт|friday|fri",
    r"суббот[аеуы]|сб|saturday|sat",
    r"воскресен[иь][еюя]|вс|sunday|sun",
)
_MONTHS = (
    r"январ[ья]|янв|january|jan",
    r"феврал[ья]|фев|february|feb",
    r"марта?|мар|march|mar",
    r"апрел[ья]|апр|april|apr",
    r"ма[йя]|may",
    r"июн[ья]|june?",
    r"июл[ья]|july?",
    r"августа?|авг|august|aug",
    r"сентябр[ья]|сент?|september|sept?",
    r"октябр[ья]|окт|october|oct",
    r"ноябр[ья]|ноя|november|nov",
    r"декабр[ья]|дек|december|dec",
)
_COUNTS = {
    **dict.fromkeys(("", "a", "an", "one", "один", "одну", "одного"), 1),
    **dict.fromkeys(("two", "два", "две", "пару"), 2),
    **dict.fromkeys(("three", "три"), 3),
    **dict.fromkeys(("four", "четыре"), 4),
    **dict.fromkeys(("five", "пять"), 5),
    **dict.fromkeys(("six", "шесть"), 6),
    **dict.fromkeys(("seven", "семь"), 7),
    **dict.fromkeys(("eight", "восемь"), 8),
    **dict.fromkeys(("nine", "девять"), 9),
    **dict.fromkeys(("ten", "десять"), 10),
}
_UNITS = {
    "minutes": r"минут[ауы]?|мин|minutes?|min",
    "hours": r"час(?:а|ов)?|ч|hours?|h",
    "days": r"день|дня|дней|сутки|суток|days?",
    "weeks": r"недел[юяьи]|weeks?",
    "months": r"месяц(?:а|ев)?|мес|months?",
    "years": r"год|года|лет|years?",
}
_HALVES = {"am": 0, "утра": 0, "pm": 12, "дня": 12, "вечера": 12}

_NUMERIC = re.compile(
    _DATE_LINK + r"(?P<day>[0-9]{1,2})(?P<sign>[./-])(?P<month>[0-9]{1,2})"
    r"(?:(?P=sign)(?P<year>[0-9]{4}|[0-9]{2}))?(?: ?(?:г|года))?"
)
_ISO = re.compile(
    _DATE_LINK
    + r"(?P<year>[0-9]{4})(?P<sign>[./-])(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})"
)
_WITH_MONTH = re.compile(
    _LINK + r"(?P<day>[0-9]{1,2}) (?:of )?(?P<month>[a-zа-я]+)\.?"
    r"(?: (?P<year>[0-9]{4})(?: ?(?:г|года))?)?"
)
_AFTER = re.compile(
    r"(?:через|in) (?:(?P<digits>[0-9]{1,6}) ?|(?P<word>[a-zа-я]+) )?(?P<unit>[a-zа-я]+)"
)
_CLOCK = re.compile(
    _TIME_LINK + r"(?P<hour>[0-9]{1,2})(?:(?P<sign>[:.-])(?P<minute>[0-9]{2})(?::[0-5][0-9])?)?"
    r"(?: ?(?:(?P<half>[ap]\.?m|утра|вечера)|(?P<weak>дня|ч|часа?|часов|h)))?"
)


@dataclass(frozen=True, slots=True)
class InDays:
    """Today, tomorrow, the day after; below zero what has passed."""

    days: int


@dataclass(frozen=True, slots=True)
class OnWeekday:
    """The next such weekday, 0 = Monday."""

    weekday: int


@dataclass(frozen=True, slots=True)
class OnDate:
    """A calendar date, perhaps impossible, perhaps without a year."""

    day: int
    month: int
    year: int | None


@dataclass(frozen=True, slots=True)
class After:
    """So many units from now; minutes and hours are exact, longer units keep the time of day."""

    count: int
    unit: str

    @property
    def exact(self) -> bool:
        """True when it is a moment by itself and takes no time of day."""
        return self.unit in {"minutes", "hours"}


Day = InDays | OnWeekday | OnDate | After


@dataclass(frozen=True, slots=True)
class Phrase:
    """A whole text understood: at least one of day and time is there."""

    day: Day | None
    clock: time | None


def read(text: str) -> Phrase | None:
    """What ``text`` says, or None when it is not understood to its last word."""
    if len(text) > LONGEST:
        return None
    words = _words(text)
    for count in range(len(words), -1, -1):
        head, tail = " ".join(words[:count]), " ".join(words[count:])
        for day_text, clock_text in ((head, tail), (tail, head)):
            phrase = _phrase(day_text, clock_text)
            if phrase:
                return phrase
    return None


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    plain = re.sub(r"[\u2010-\u2015\u2212]", "-", plain)
    plain = re.sub(r"(?<=[0-9])t(?=[0-9])", " ", plain)  # ISO 8601 joins date and time by a T
    words = (word.strip(".,;!") for word in re.split(r"[\s,;]+", plain))
    return [word for word in words if word]


def _phrase(day_text: str, clock_text: str) -> Phrase | None:
    day = _day(day_text) if day_text else None
    clock = _clock(clock_text, bare=isinstance(day, InDays)) if clock_text else None
    understood = (day or not day_text) and (clock or not clock_text) and (day or clock)
    if not understood or (clock and isinstance(day, After) and day.exact):
        return None
    return Phrase(day, clock)


def _day(text: str) -> Day | None:
    unlinked = re.sub(f"^{_LINK}", "", text)
    for word in (text, unlinked):
        if word in _DAY_WORDS:
            return InDays(_DAY_WORDS[word])
    weekday = _index(_WEEKDAYS, unlinked)
    if weekday is not None:
        return OnWeekday(weekday)
    return _date(text) or _after(text)


def _date(text: str) -> OnDate | None:
    if match := _ISO.fullmatch(text):
        return OnDate(int(match["day"]), int(match["month"]), int(match["year"]))
    if match := _WITH_MONTH.fullmatch(text):
        month = _index(_MONTHS, match["month"])
        year = match["year"]
        return None if month is None else OnDate(int(match["day"]), month + 1, _year(year))
    match = _NUMERIC.fullmatch(text)
    if not match:
        return None
    found = OnDate(int(match["day"]), int(match["month"]), _year(match["year"]))
    # 18.30 has no such month and is a time; 18.05 may be either and is a date.
    return found if found.month in range(1, 13) or not _clock(text, bare=False) else None


def _year(digits: str | None) -> int | None:
    if digits is None:
        return None
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _after(text: str) -> After | None:
    if text in {"через полчаса", "in half an hour"}:
        return After(30, "minutes")
    match = _AFTER.fullmatch(text)
    if not match:
        return None
    count = int(match["digits"]) if match["digits"] else _COUNTS.get(match["word"] or "")
    unit = next((name for name, form in _UNITS.items() if re.fullmatch(form, match["unit"])), None)
    return None if count is None or unit is None else After(count, unit)


def _clock(text: str, *, bare: bool) -> time | None:
    """A time of day. A lone figure is one only where ``bare`` says so or "at" leads it in, and
    so is ``3 дня`` or ``3 часа``, which may be meant as "in 3 days" or "in 3 hours".
    """
    match = _CLOCK.fullmatch(text)
    if not match or not (bare or match["link"] or match["minute"] or match["half"]):
        return None
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or match["weak"] or "").replace(".", "")
    if half in _HALVES:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + _HALVES[half]
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _index(forms: tuple[str, ...], word: str) -> int | None:
    return next((place for place, form in enumerate(forms) if re.fullmatch(form, word)), None)
