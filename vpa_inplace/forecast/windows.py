"""Maxima and means of windows that end at or before a moment, for all rows and one or many moments at once.

Maxima of every length come from a table of maxima over 1, 2, 4, 8 ... columns: any window is the union of two of them.
Means come from running sums. Nothing is looped over but offsets, so the cost of a window does not depend on its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NOTHING: Final = np.float32(-1)
"""A maximum or mean of no sample at all. Usage is never negative, so the number says it without NaN's slow arithmetic."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Columns at which one looks back: ``first, first + stride, ...``, ``count`` of them. A moment sees columns before it."""

    first: int
    count: int = 1
    stride: int = 1

    def shifted(self, by: int) -> slice:
        """The moments themselves, moved by so many columns, as a slice."""
        start = self.first + by
        return slice(start, start + (self.count - 1) * self.stride + 1, self.stride)


@dataclass(frozen=True, slots=True)
class Peaks:
    """Maxima of every window of a matrix [n, t]."""

    levels: tuple[Matrix, ...]  # level k, [n, t - 2^k + 1]: maximum of the 2^k columns from there on

    @classmethod
    def of(cls, values: Matrix, longest: int) -> Peaks:
        """``values`` hold ``NOTHING`` for gaps; ``longest`` is the longest window that will be asked for, in columns."""
        levels = [values]
        while 2 ** len(levels) <= longest:
            half, below = 2 ** (len(levels) - 1), levels[-1]
            levels.append(np.maximum(below[:, :-half], below[:, half:]))
        return cls(tuple(levels))

    def between(self, moments: Moments, first: int, stop: int) -> Matrix:
        """[n, moments] maximum of columns ``moment + first`` up to and without ``moment + stop``."""
        level = (stop - first).bit_length() - 1
        table = self.levels[level]
        begin = table[:, moments.shifted(first)]
        if stop - first == 2**level:
            return begin
        return np.maximum(begin, table[:, moments.shifted(stop - 2**level)])

    def every(self, width: int) -> Matrix:
        """[n, t - width + 1] maximum of each ``width`` columns, by the column where they begin."""
        count = self.levels[0].shape[1] - width + 1
        return self.between(Moments(0, count), 0, width)


@dataclass(frozen=True, slots=True)
class Sums:
    """Means of the known values of a matrix [n, t]."""

    values: Matrix  # [n, t], zero where unknown
    known: Mask  # [n, t]
    running: tuple[Float, Float] | None  # [n, t + 1] sums and counts up to each column; none for a lone moment

    @classmethod
    def of(cls, values: Matrix, known: Mask, *, alone: bool = False) -> Sums:
        """``alone``: one moment only will be asked about, for which adding up its windows is cheaper."""
        values = np.where(known, values, np.float32(0))
        return cls(values, known, None if alone else (_running(values), _running(known)))

    def mean(self, moments: Moments, first: int, stop: int, missing: np.float32 = NOTHING) -> Matrix:
        """[n, moments] mean of the known values from ``moment + first`` up to and without ``moment + stop``."""
        count, total = self.count(moments, first, stop), self.total(moments, first, stop)
        mean: Matrix = np.where(count > 0, total / np.maximum(count, 1), missing).astype(np.float32)
        return mean

    def total(self, moments: Moments, first: int, stop: int) -> Float:
        """[n, moments] sum of the known values."""
        if self.running is None:
            window = self.values[:, moments.first + first : moments.first + stop]
            total: Float = window.sum(axis=1, keepdims=True, dtype=np.float64)
            return total
        running = self.running[0]
        between: Float = running[:, moments.shifted(stop)] - running[:, moments.shifted(first)]
        return between

    def count(self, moments: Moments, first: int, stop: int) -> Float:
        """[n, moments] how many values are known."""
        if self.running is None:
            window = self.known[:, moments.first + first : moments.first + stop]
            return np.asarray(np.count_nonzero(window, axis=1)[:, None], np.float64)
        running = self.running[1]
        between: Float = running[:, moments.shifted(stop)] - running[:, moments.shifted(first)]
        return between


def _running(values: npt.NDArray[np.generic]) -> Float:
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=out[:, 1:])
    return out
