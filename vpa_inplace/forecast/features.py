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

from vpa_inplace.forecast.character import character
from vpa_inplace.forecast.past import CELLS, FLOOR, MINUTE, REACH, TINY, UNKNOWN, Mask, Past, difference, mean_known
from vpa_inplace.forecast.windows import NOTHING, Matrix, Moments, Peaks, Sums
from vpa_inplace.history.history import DAY, HOUR

NAMES: Final = (
    "last",
    "max_15m",
    "max_30m",
    "max_2h",
    "max_3h",
    "max_6h",
    "max_12h",
    "max_1d",
    "max_2d",
    "max_3d",
    "max_7d",
    "mean_15m",
    "mean_1h",
    "mean_3h",
    "mean_1d",
    "mean_7d",
    "half_day_ago_3h",
    "yesterday_1h",
    "yesterday_3h",
    "yesterday_around",
    "yesterday_before",
    "last_week_1h",
    "last_week_around",
    "days_max_1h",
    "days_mean_1h",
    "rise_yesterday_1h",
    "rise_last_week_1h",
    "rise_mean_1h",
    "rise_max_1h",
    "days_max_3h",
    "days_mean_3h",
    "rise_yesterday_3h",
    "rise_last_week_3h",
    "rise_mean_3h",
    "rise_max_3h",
    "days_higher_3h",
    "hours_lowest",
    "hours_p25",
    "hours_p50",
    "hours_p75",
    "hours_p90",
    "age_of_max_3h",
    "age_of_max_1d",
    "jumps_quarter_6d",
    "jumps_quarter_1d",
    "jumps_double_6d",
    "jumps_double_1d",
    "jumps_fourfold_6d",
    "change_3h",
    "change_1d",
    "change_6d",
    "level_mean_1d",
    "level_sd_1d",
    "level_mean_6d",
    "level_sd_6d",
    "excess_top1",
    "excess_top2",
    "excess_top4",
    "excess_top8",
    "excess_top16",
    "excess_p50",
    "excess_last",
    "idle_6d",
    "lived_days",
    "step",
)


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
        past = Past.of(usage[rows], step, moments, None if censored is None else censored[rows])
        found = _levels(past) | _same_time(past) | _order(past) | character(past)
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


_SPANS: Final = {"15m": 15 * MINUTE, "30m": 30 * MINUTE} | {f"{h}h": h * HOUR for h in (2, 3, 6, 12)}
_DAYS: Final = {f"{d}d": d * DAY for d in (1, 2, 3, 7)}


def _levels(past: Past) -> dict[str, Matrix]:
    """Where usage stands, over spans from one sample to a week."""
    found = {"last": past.ratio(past.usage[:, past.moments.shifted(-1)])}
    found |= {f"max_{name}": past.peak(seconds) for name, seconds in (_SPANS | _DAYS).items()}
    found |= {f"mean_{name}": past.mean(s) for name, s in {"15m": 15 * MINUTE, "1h": HOUR, "3h": 3 * HOUR}.items()}
    found |= {f"mean_{name}": past.mean(s) for name, s in _DAYS.items() if name in {"1d", "7d"}}
    return found


def _same_time(past: Past) -> dict[str, Matrix]:
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
        found[f"days_mean_{name}"] = mean_known(after)
        rises = [difference(a, b) for a, b in zip(after, before, strict=True)]
        found[f"rise_yesterday_{name}"] = rises[0]
        found[f"rise_last_week_{name}"] = rises[-1]
        found[f"rise_mean_{name}"] = mean_known(rises)
        found[f"rise_max_{name}"] = np.maximum.reduce(rises)
        if hours == 3:
            higher = np.add.reduce([a > np.float32(0.1) for a in after], dtype=np.float32)
            lived = np.add.reduce([a > UNKNOWN for a in after], dtype=np.float32)
            found["days_higher_3h"] = np.where(lived > 0, higher / np.maximum(lived, 1), UNKNOWN)
    return found


def _order(past: Past) -> dict[str, Matrix]:
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
