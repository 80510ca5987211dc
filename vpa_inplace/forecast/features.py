"""What a row's past says about its next hours, as numbers that do not depend on its size.

Every feature but shares and ages is a logarithm relative to the maximum of the last hour, so containers of all sizes and
resources speak one language and one pooled model serves them all. A moment at column t sees columns up to t - 1, and of
these no more than ``REACH``: the features of a moment are the same whether it is computed alone from eight days or together
with all moments of two months (replay, training), up to the rounding of sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.windows import NOTHING, Matrix, Moments, Peaks, Sums
from vpa_inplace.history.history import DAY, HOUR

Mask = npt.NDArray[np.bool_]

REACH: Final = 7 * DAY + 4 * HOUR
"""Seconds that a moment looks back: a week, the hours around the same time then, and what those are compared with."""
UNKNOWN: Final = np.float32(-20)
"""A feature whose window holds no sample: below e^-20 of the last hour nothing real is found, so trees can tell it apart."""
FLOOR: Final = np.float32(0.02)
"""Share of the week's maximum below which usage counts as none: ratios to an idle hour would have no end otherwise."""
TINY: Final = np.float32(1e-9)  # millicores or bytes: what stands for zero where the whole week was idle
STATISTICS: Final = 6 * DAY  # seconds; with the day that a floor needs they stay within the reach
MINUTE: Final = 60
CELLS: Final = 2**18  # samples looked at together: some of their many temporaries stay in the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Features of n rows at m moments; rows that nothing is known of in a week have NaN as their base."""

    base: Matrix  # [n, m] log of the last hour's maximum (of the shortest longer window with a sample, where that is a gap)
    peak: Matrix  # [n, m] maximum of the week; NaN where nothing is known
    values: Matrix  # [f, n, m], f as in ``NAMES``


def features(usage: Matrix, step: int, moments: Moments | None = None, censored: Mask | None = None) -> Features:
    """Features of one resource.

    Args:
        usage: [n, t] millicores or bytes, NaN for gaps.
        step: seconds of a column.
        moments: columns at which to look back; the end of the matrix when left out.
        censored: [n, t] steps whose usage is only a lower bound of demand; they count as the highest of the hour before,
            if that is more.
    """
    moments = Moments(usage.shape[1]) if moments is None else moments
    n = len(usage)
    base = np.empty((n, moments.count), np.float32)
    peak = np.empty_like(base)
    values = np.empty((len(NAMES), n, moments.count), np.float32)
    width = REACH // step + moments.count * moments.stride
    size = max(1, CELLS // width)
    for first in range(0, n, size):
        rows = slice(first, first + size)
        past = _Past.of(usage[rows], step, moments, None if censored is None else censored[rows])
        found = _levels(past) | _same_time(past) | _order(past) | _character(past)
        assert tuple(found) == NAMES, "the names of the features and their order are part of every trained model"
        for place, value in enumerate(found.values()):
            values[place, rows] = value
        unknown = past.week < 0
        base[rows] = np.where(unknown, np.float32(np.nan), past.base)
        peak[rows] = np.where(unknown, np.float32(np.nan), past.week)
    return Features(base=base, peak=peak, values=values)


def outcome(usage: Matrix, step: int, moments: Moments, base: Matrix, peak: Matrix, ahead: int) -> Matrix:
    """[n, m] log of the maximum of the ``ahead`` seconds from each moment on, relative to ``base``: what is to be foreseen.

    NaN where fewer than half of the samples exist. For training and scoring only: it looks ahead.
    """
    width = ahead // step
    pad = np.full((len(usage), width), np.nan, np.float32)
    padded = np.concatenate([usage, pad], axis=1)
    known = np.isfinite(padded)
    highest = Peaks.of(np.where(known, padded, NOTHING), width).between(moments, 0, width)
    count = Sums.of(padded, known).count(moments, 0, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.maximum(highest, np.maximum(FLOOR * peak, TINY))) - base
    return np.where(count * 2 >= width, ratio, np.float32(np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """The padded matrix and what most features start from."""

    step: int
    moments: Moments  # in columns of the padded matrix
    usage: Matrix  # [n, reach + t] padded, NOTHING for gaps
    peaks: Peaks
    sums: Sums
    week: Matrix  # [n, m] maximum of 7 days, NOTHING where unknown
    floor: Matrix  # [n, m]
    base: Matrix  # [n, m] log

    @classmethod
    def of(cls, usage: Matrix, step: int, moments: Moments, censored: Mask | None) -> _Past:
        reach, hour = REACH // step, HOUR // step
        # a lone moment needs no more than its reach; many moments need what lies before the first of them
        skip = max(0, moments.first - reach)
        stop = moments.shifted(0).stop - 1
        seen = usage[:, skip:stop]
        padded = np.full((len(usage), reach - (moments.first - skip) + seen.shape[1]), NOTHING, np.float32)
        inside = padded[:, padded.shape[1] - seen.shape[1] :]
        known = np.isfinite(seen)
        np.copyto(inside, seen, where=known)
        moments = Moments(reach, moments.count, moments.stride)
        if censored is not None and censored[:, skip:stop].any():
            lifted = Peaks.of(padded, hour).every(hour)  # the hour that ends with each column
            marks = np.zeros(padded.shape, np.bool_)
            marks[:, padded.shape[1] - seen.shape[1] :] = censored[:, skip:stop]
            marks[:, : hour - 1] = False
            padded[:, hour - 1 :] = np.where(marks[:, hour - 1 :], lifted, padded[:, hour - 1 :])
        peaks = Peaks.of(padded, 7 * DAY // step)
        week = peaks.between(moments, -7 * DAY // step, 0)
        floor = np.maximum(FLOOR * week, TINY)
        last = peaks.between(moments, -hour, 0)
        for seconds in (3 * HOUR, DAY, 7 * DAY):
            last = np.where(last < 0, peaks.between(moments, -seconds // step, 0), last)
        return cls(
            step=step,
            moments=moments,
            usage=padded,
            peaks=peaks,
            sums=Sums.of(padded, padded >= 0, alone=moments.count == 1),
            week=week,
            floor=floor,
            base=np.log(np.maximum(last, floor)),
        )

    def columns(self, seconds: int) -> int:
        return max(1, round(seconds / self.step)) if seconds > 0 else -max(1, round(-seconds / self.step))

    def peak(self, begin: int, end: int = 0) -> Matrix:
        """Log ratio of the maximum from ``begin`` to ``end`` seconds before the moment."""
        stop = -self.columns(end) if end else 0
        return self.ratio(self.peaks.between(self.moments, min(-self.columns(begin), stop - 1), stop))

    def mean(self, seconds: int) -> Matrix:
        return self.ratio(self.sums.mean(self.moments, -self.columns(seconds), 0))

    def ratio(self, amount: Matrix) -> Matrix:
        return np.where(amount < 0, UNKNOWN, np.log(np.maximum(amount, self.floor)) - self.base)


_SPANS: Final = {"15m": 15 * MINUTE, "30m": 30 * MINUTE} | {f"{h}h": h * HOUR for h in (2, 3, 6, 12)}
_DAYS: Final = {f"{d}d": d * DAY for d in (1, 2, 3, 7)}


def _levels(past: _Past) -> dict[str, Matrix]:
    """Where usage stands, over spans from one sample to a week."""
    found = {"last": past.ratio(past.usage[:, past.moments.shifted(-1)])}
    found |= {f"max_{name}": past.peak(seconds) for name, seconds in (_SPANS | _DAYS).items()}
    found |= {f"mean_{name}": past.mean(s) for name, s in {"15m": 15 * MINUTE, "1h": HOUR, "3h": 3 * HOUR}.items()}
    found |= {f"mean_{name}": past.mean(s) for name, s in _DAYS.items() if name in {"1d", "7d"}}
    return found


def _same_time(past: _Past) -> dict[str, Matrix]:
    """What came after this time of day yesterday, over the week, and twelve and six hours ago."""
    found = {
        "half_day_ago_3h": past.peak(12 * HOUR, 9 * HOUR),
        "yesterday_1h": past.peak(DAY, DAY - HOUR),
        "yesterday_3h": past.peak(DAY, DAY - 3 * HOUR),
        "yesterday_around": past.peak(DAY + HOUR, DAY - 4 * HOUR),
        "yesterday_before": past.peak(DAY + HOUR, DAY),
        "last_week_1h": past.peak(7 * DAY, 7 * DAY - HOUR),
        "last_week_around": past.peak(7 * DAY + HOUR, 7 * DAY - 4 * HOUR),
    }
    days = range(DAY, 8 * DAY, DAY)
    before = [past.peak(day + HOUR, day) for day in days]
    for name, hours in (("1h", 1), ("3h", 3)):
        after = [past.peak(day, day - hours * HOUR) for day in days]
        found[f"days_max_{name}"] = np.maximum.reduce(after)
        found[f"days_mean_{name}"] = _mean_known(after)
        rises = [_difference(a, b) for a, b in zip(after, before, strict=True)]
        found[f"rise_yesterday_{name}"] = rises[0]
        found[f"rise_last_week_{name}"] = rises[-1]
        found[f"rise_mean_{name}"] = _mean_known(rises)
        found[f"rise_max_{name}"] = np.maximum.reduce(rises)
        if hours == 3:
            higher = np.add.reduce([a > np.float32(0.1) for a in after], dtype=np.float32)
            lived = np.add.reduce([a > UNKNOWN for a in after], dtype=np.float32)
            found["days_higher_3h"] = np.where(lived > 0, higher / np.maximum(lived, 1), UNKNOWN)
    return found


def _order(past: _Past) -> dict[str, Matrix]:
    """How the hours of the last day rank, and when its maxima were."""
    hour, day = past.columns(HOUR), 24
    hours = np.stack([past.peaks.between(past.moments, -hour * (k + 1), -hour * k) for k in range(day)])
    quarter = past.columns(15 * MINUTE)
    quarters = np.stack([past.peaks.between(past.moments, -quarter * (k + 1), -quarter * k) for k in range(12)])
    age_day, age_3h = hours.argmax(axis=0), quarters.argmax(axis=0)
    hours.sort(axis=0)
    return {
        "hours_lowest": past.ratio(hours[0]),
        "hours_p25": past.ratio(hours[6]),
        "hours_p50": past.ratio(hours[12]),
        "hours_p75": past.ratio(hours[18]),
        "hours_p90": past.ratio(hours[21]),
        "age_of_max_3h": age_3h.astype(np.float32),
        "age_of_max_1d": age_day.astype(np.float32),
    }


def _character(past: _Past) -> dict[str, Matrix]:
    """What kind of series this is: how often it jumps, how far, how much it trembles, how long it idles."""
    step, usage, moments = past.step, past.usage, past.moments
    hour, day, span = past.columns(HOUR), past.columns(DAY), past.columns(STATISTICS)
    alone = moments.count == 1
    floor = _floors(past, day)
    log = np.log(np.maximum(usage, floor))
    known = usage >= 0
    before = np.full(usage.shape, NOTHING, np.float32)  # maximum of the hour before each column
    before[:, hour:] = past.peaks.every(hour)[:, : usage.shape[1] - hour]
    level = np.log(np.maximum(before, floor))
    both = known & (before >= 0)
    found: dict[str, Matrix] = {}
    rise = np.where(both, log - level, np.float32(0))
    for name, least in (("quarter", 0.223), ("double", 0.693), ("fourfold", 1.386)):  # logs of 1.25, 2 and 4
        jumps = Sums.of((rise > np.float32(least)).astype(np.float32), both, alone=alone)
        found[f"jumps_{name}_6d"] = jumps.mean(moments, -span, 0, UNKNOWN)
        if name != "fourfold":
            found[f"jumps_{name}_1d"] = jumps.mean(moments, -day, 0, UNKNOWN)
    change = np.zeros(usage.shape, np.float32)
    change[:, 1:] = np.abs(log[:, 1:] - log[:, :-1])
    pairs = known.copy()
    pairs[:, 1:] &= known[:, :-1]
    pairs[:, 0] = False
    trembling = Sums.of(change, pairs, alone=alone)
    for name, columns in (("3h", 3 * hour), ("1d", day), ("6d", span)):
        found[f"change_{name}"] = trembling.mean(moments, -columns, 0, UNKNOWN)
    found |= _spread(past, level, before >= 0, span, day)
    found |= _excesses(past, level, before >= 0, floor)
    blocks = [past.peaks.between(moments, -hour * (k + 1), -hour * k) for k in range(0, STATISTICS // HOUR, 3)]
    idle = np.add.reduce([(b >= 0) & (b < np.float32(0.1) * past.week) for b in blocks], dtype=np.float32)
    lived = np.add.reduce([b >= 0 for b in blocks], dtype=np.float32)
    found["idle_6d"] = np.where(lived > 0, idle / np.maximum(lived, 1), UNKNOWN)
    found["lived_days"] = lived * np.float32(3 * HOUR / DAY)
    found["step"] = np.full(past.base.shape, np.float32(np.log(step / 300)))
    return found


def _floors(past: _Past, day: int) -> Matrix:
    """[n, reach + t] what counts as none at each column: a share of the maximum of the day that ends with it."""
    floor = np.full(past.usage.shape, TINY, np.float32)
    floor[:, day - 1 :] = np.maximum(FLOOR * past.peaks.every(day), TINY)
    return floor


def _spread(past: _Past, level: Matrix, known: Mask, span: int, day: int) -> dict[str, Matrix]:
    """Mean and deviation of the log of hourly maxima."""
    alone = past.moments.count == 1
    sums, squares = (Sums.of(x, known, alone=alone) for x in (level, level * level))
    found = {}
    for name, columns in (("1d", day), ("6d", span)):
        mean = sums.mean(past.moments, -columns, 0, UNKNOWN)
        square = squares.mean(past.moments, -columns, 0, UNKNOWN)
        some = square >= 0
        found[f"level_mean_{name}"] = np.where(some, mean - past.base, UNKNOWN)
        found[f"level_sd_{name}"] = np.where(some, np.sqrt(np.maximum(square - mean * mean, 0)), UNKNOWN)
    return found


def _excesses(past: _Past, level: Matrix, known: Mask, floor: Matrix) -> dict[str, Matrix]:
    """By how much the next 3 h exceeded the hour before, over the days behind: what this row did when it was asked before."""
    hour, width = past.columns(HOUR), past.columns(3 * HOUR)
    after = np.full(past.usage.shape, NOTHING, np.float32)
    after[:, : past.usage.shape[1] - width + 1] = past.peaks.every(width)
    excess = np.where(known & (after >= 0), np.log(np.maximum(after, floor)) - level, UNKNOWN)
    blocks = range(STATISTICS // (3 * HOUR))
    stack = np.stack([excess[:, past.moments.shifted(-width * (k + 1))] for k in blocks])
    stack.sort(axis=0)
    count = len(blocks)
    found = {f"excess_top{k}": stack[count - k] for k in (1, 2, 4, 8, 16)}
    found["excess_p50"] = stack[count // 2]
    found["excess_last"] = excess[:, past.moments.shifted(-width)]
    return found


def _difference(one: Matrix, other: Matrix) -> Matrix:
    return np.where((one == UNKNOWN) | (other == UNKNOWN), UNKNOWN, one - other)


def _mean_known(values: list[Matrix]) -> Matrix:
    known = [value != UNKNOWN for value in values]
    count = np.add.reduce(known, dtype=np.float32)
    total = np.add.reduce([np.where(k, v, np.float32(0)) for k, v in zip(known, values, strict=True)])
    return np.where(count > 0, total / np.maximum(count, np.float32(1)), UNKNOWN)


NAMES: Final = tuple(
    "last max_15m max_30m max_2h max_3h max_6h max_12h max_1d max_2d max_3d max_7d mean_15m mean_1h mean_3h mean_1d mean_7d "
    "half_day_ago_3h yesterday_1h yesterday_3h yesterday_around yesterday_before last_week_1h last_week_around "
    "days_max_1h days_mean_1h rise_yesterday_1h rise_last_week_1h rise_mean_1h rise_max_1h "
    "days_max_3h days_mean_3h rise_yesterday_3h rise_last_week_3h rise_mean_3h rise_max_3h days_higher_3h "
    "hours_lowest hours_p25 hours_p50 hours_p75 hours_p90 age_of_max_3h age_of_max_1d "
    "jumps_quarter_6d jumps_quarter_1d jumps_double_6d jumps_double_1d jumps_fourfold_6d change_3h change_1d change_6d "
    "level_mean_1d level_sd_1d level_mean_6d level_sd_6d excess_top1 excess_top2 excess_top4 excess_top8 excess_top16 "
    "excess_p50 excess_last idle_6d lived_days step".split()
)
