"""Durations as people write them: ``14d``, ``168h``, ``1h30m``, ``15s``. A number without a unit is a mistake."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from vpa_inplace.domain.errors import UsageError

_MILLIS: Final = {"w": 7 * 86_400_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
"""Prometheus' units, largest first."""
_FORM: Final = re.compile("".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in _MILLIS))
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
LONGEST: Final = timedelta(days=3650)  # nothing here looks further; keeps sums of durations far from overflow


def parse_duration(text: str) -> timedelta:
    """A duration; units may be joined, largest first.

    Raises:
        UsageError: no unit, an unknown unit, negative, or more than ten years.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        raise UsageError(f"{text!r} is a duration without unit: write 30s, 5m, 1h or 7d")
    match = _FORM.fullmatch(text)
    if not text or match is None:
        raise UsageError(f"{text!r} is no duration: write it like 30s, 5m, 1h30m or 7d")
    millis = sum(float(number) * unit for number, unit in zip(match.groups(), _MILLIS.values(), strict=True) if number)
    if millis > LONGEST.total_seconds() * 1000:
        raise UsageError(f"{text!r} is longer than {LONGEST.days}d")
    return timedelta(milliseconds=millis)


def format_duration(span: timedelta) -> str:
    """The shortest text that :func:`parse_duration` reads back as the same span: ``36h`` is ``1d12h``."""
    rest = round(span.total_seconds() * 1000)
    parts = []
    for unit, size in _MILLIS.items():
        if unit == "w":  # people say 7d and 14d
            continue
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
