"""Features of a whole series: how often it jumps, how far, how much it trembles, how long it idles."""

from __future__ import annotations

import numpy as np

from vpa_inplace.forecast.past import FLOOR, STATISTICS, TINY, UNKNOWN, Mask, Past
from vpa_inplace.forecast.windows import NOTHING, Matrix, Sums
from vpa_inplace.history.history import DAY, HOUR


def character(past: Past) -> dict[str, Matrix]:
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


def _floors(past: Past, day: int) -> Matrix:
    """[n, reach + t] what counts as none at each column: a share of the maximum of the day that ends with it."""
    floor = np.full(past.usage.shape, TINY, np.float32)
    floor[:, day - 1 :] = np.maximum(FLOOR * past.peaks.every(day), TINY)
    return floor


def _spread(past: Past, level: Matrix, known: Mask, span: int, day: int) -> dict[str, Matrix]:
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


def _excesses(past: Past, level: Matrix, known: Mask, floor: Matrix) -> dict[str, Matrix]:
    """By how much the next 3 h exceeded the hour before, over the days behind: what this row did when it was asked before."""
    width = past.columns(3 * HOUR)
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
