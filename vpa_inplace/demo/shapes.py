"""Load curves of the demo fleet: plain functions of the time of day and of a seeded generator.

Every function takes the starts of windows as epoch seconds ``[t]`` and gives fractions of a full load ``[t]``, so that
a workload is written down as a sum: ``60 + 380 * day(t, peak=19.5, width=4) * weekend(t, 0.6)`` millicores. UTC only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Load = npt.NDArray[np.float64]

HOUR: Final = 3600
DAY: Final = 86400
WEDNESDAY: Final = 2  # Monday is 0
SATURDAY: Final = 5


def hour_of(t: Times) -> Load:
    """Hour of the day, 0 to 24."""
    return (t % DAY) / HOUR


def weekday_of(t: Times) -> npt.NDArray[np.int64]:
    """Monday is 0; 1970-01-01 was a Thursday."""
    return (t // DAY + 3) % 7


def day(t: Times, *, peak: float, width: float) -> Load:
    """One smooth hill a day, 1 at the hour ``peak``; ``width`` hours before and after it the load is about 0.6.

    A normal curve bent round the clock (von Mises): near the peak exp(-x^2 / 2 width^2).
    """
    angle = 2 * np.pi * (hour_of(t) - peak) / 24
    sharpness = (24 / (2 * np.pi * width)) ** 2
    hill: Load = np.exp(sharpness * (np.cos(angle) - 1))
    return hill


def weekend(t: Times, share: float) -> Load:
    """1 on working days, ``share`` on Saturday and Sunday."""
    return np.where(weekday_of(t) >= SATURDAY, share, 1.0)


def between(t: Times, begin: float, end: float, *, weekday: int | None = None) -> Load:
    """1 from the hour ``begin`` to the hour ``end`` of each day, or of one day of the week; 0 else."""
    hour = hour_of(t)
    inside = (hour >= begin) & (hour < end)
    if weekday is not None:
        inside &= weekday_of(t) == weekday
    return inside.astype(np.float64)


def every(t: Times, seconds: int, *, lasting: int) -> Load:
    """1 during the first ``lasting`` seconds of each period of ``seconds``; 0 else."""
    return (t % seconds < lasting).astype(np.float64)


def since(t: Times, moment: int) -> Load:
    """0 before a moment (epoch seconds), 1 from it on."""
    return (t >= moment).astype(np.float64)


def wobble(t: Times, rng: np.random.Generator, spread: float, *, lasting: float = HOUR) -> Load:
    """Noise to multiply with, mean about 1: half of it (in variance) drifts over ``lasting`` seconds, half is new each time.

    ``spread`` is the deviation of the logarithm. The drift joins random knots by straight lines.
    """
    if not len(t):
        return np.ones(0)
    knots = np.arange(t[0], t[-1] + 2 * lasting, lasting)
    drift = np.interp(t, knots, rng.standard_normal(len(knots)))
    noise: Load = np.exp(spread * (drift + rng.standard_normal(len(t))) / np.sqrt(2) - spread**2 / 2)
    return noise


def bursts(t: Times, rng: np.random.Generator, *, per_day: float, lasting: int) -> Load:
    """Sudden loads out of nowhere: each jumps to a height between 0.3 and 1 and falls away within ``lasting`` seconds."""
    load = np.zeros(len(t))
    if not len(t):
        return load
    span = int(t[-1] - t[0])
    for _ in range(int(rng.poisson(per_day * span / DAY))):
        begin = t[0] + rng.integers(0, max(span, 1))
        age = (t - begin) / lasting
        load = np.maximum(load, np.where((age >= 0) & (age < 1), rng.uniform(0.3, 1.0) * (1 - age), 0.0))
    return load


def gaps(t: Times, begin: int, end: int) -> Load:
    """NaN between two moments (epoch seconds), 1 else: to multiply with, where nobody measured."""
    return np.where((t >= begin) & (t < end), np.nan, 1.0)
