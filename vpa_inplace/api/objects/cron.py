"""Cron's five fields, as CronJob reads them: numbers, names, lists, ranges and steps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.errors import UsageError

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each month, in a leap year
_PART: Final = re.compile(r"(?P<all>[*?])|(?P<first>\w+)(?:-(?P<last>\w+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: dict[str, int]


_FIELDS: Final = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, {name: i for i, name in enumerate(_MONTHS, 1)}),
    _Field("day of week", 0, 7, {name: i for i, name in enumerate(_DAYS)}),  # 0 and 7 are Sunday
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """When something begins, in local time. Days fit when one of ``days`` and ``weekdays`` does, unless one is open."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    open_days: bool  # the field of days is * or ?
    open_weekdays: bool

    @property
    def never(self) -> bool:
        """Whether no month has such a day, as with the 31st of February."""
        by_weekday = not self.open_weekdays
        return not by_weekday and all(min(self.days) > _LONGEST[month - 1] for month in self.months)


def parse_cron(text: str) -> Cron:
    """``0 22 * * mon-fri``

    Raises:
        UsageError: not five fields, a number out of its range, or a day that never comes.
    """
    parts = text.split()
    if len(parts) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        raise UsageError(f"cron {text!r} has {len(parts)} fields; write five: {names}, like 0 22 * * *")
    minutes, hours, days, months, weekdays = (_values(text, *pair) for pair in zip(parts, _FIELDS, strict=True))
    found = Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        open_days=parts[2] in {"*", "?"},
        open_weekdays=parts[4] in {"*", "?"},
    )
    if found.never:
        raise UsageError(f"cron {text!r} never comes: no such month has such a day")
    return found


def _values(text: str, part: str, field: _Field) -> frozenset[int]:
    found: set[int] = set()
    for item in part.split(","):
        span, slash, step = item.partition("/")
        match = _PART.fullmatch(span)
        if match is None or (slash and not (step.isdecimal() and int(step))):
            raise UsageError(f"cron {text!r}: {item!r} is no {field.name}; write numbers, lists, a-b, * or */n")
        if match["all"]:
            first, last = field.least, field.most
        else:
            first = _number(text, match["first"], field)
            # as in cron, 5/15 starts at 5 and goes on to the end
            last = _number(text, match["last"], field) if match["last"] else field.most if slash else first
        if last < first:
            raise UsageError(f"cron {text!r}: {span} of {field.name} runs backwards; write two ranges")
        found.update(range(first, last + 1, int(step) if slash else 1))
    return frozenset(found)


def _number(text: str, word: str, field: _Field) -> int:
    number = field.names.get(word.casefold(), int(word) if word.isdecimal() else -1)
    if not field.least <= number <= field.most:
        raise UsageError(f"cron {text!r}: {word} is no {field.name}; it goes from {field.least} to {field.most}")
    return number
