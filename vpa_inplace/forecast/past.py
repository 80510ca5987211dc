"""What the features of one moment start from: the padded matrix, its maxima and sums, and the level to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.windows import NOTHING, Matrix, Moments, Peaks, Sums
from vpa_inplace.history.history import DAY, HOUR

Mask = npt.NDArray[np.bool_]

REVISION: Final = 1
"""Raised when a feature keeps its name and changes its meaning; models trained before are then refused."""
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
class Past:
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
    def of(cls, usage: Matrix, step: int, moments: Moments, censored: Mask | None) -> Past:
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


def difference(one: Matrix, other: Matrix) -> Matrix:
    return np.where((one == UNKNOWN) | (other == UNKNOWN), UNKNOWN, one - other)


def mean_known(values: list[Matrix]) -> Matrix:
    known = [value != UNKNOWN for value in values]
    count = np.add.reduce(known, dtype=np.float32)
    total = np.add.reduce([np.where(k, v, np.float32(0)) for k, v in zip(known, values, strict=True)])
    return np.where(count > 0, total / np.maximum(count, np.float32(1)), UNKNOWN)
