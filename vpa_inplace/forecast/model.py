"""A trained model: from a usage matrix to curves, for one moment (a tick) or for all moments at once (replay, training)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.curves import Curves, Matrix
from vpa_inplace.forecast.features import features
from vpa_inplace.forecast.past import Mask
from vpa_inplace.forecast.table import Table
from vpa_inplace.forecast.trees import Trees
from vpa_inplace.forecast.windows import Moments

CELLS: Final = 2**18  # moments of rows whose features are held at a time: 70 MB of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """Curves of n rows at m moments, kept so that each moment is one piece of memory."""

    heads: tuple[int, ...]  # seconds ahead
    levels: tuple[float, ...]
    base: Matrix  # [m, n]
    peak: Matrix  # [m, n]
    ratio: Matrix  # [m, heads * levels, n] as the trees said it; may cross

    def at(self, moment: int) -> Curves:
        """The curves of one moment, counted from the first."""
        return Curves.of(
            self.ratio[moment],
            base=self.base[moment],
            peak=self.peak[moment],
            heads=self.heads,
            levels=self.levels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Trees for every head and level, heads outermost."""

    trees: Trees | Table
    heads: tuple[int, ...]  # seconds ahead, ascending
    levels: tuple[float, ...]  # ascending, in (0, 1)

    def film(self, usage: Matrix, step: int, moments: Moments, censored: npt.NDArray[np.bool_] | None = None) -> Film:
        """Curves of all rows at these moments; a moment sees columns before it only.

        Args:
            usage: [n, t] of one resource, NaN for gaps.
            step: seconds of a column.
            moments: columns at which to look ahead.
            censored: [n, t] steps whose usage is a lower bound.
        """
        n, m = len(usage), moments.count
        base, peak = np.empty((m, n), np.float32), np.empty((m, n), np.float32)
        ratio = np.empty((m, len(self.heads) * len(self.levels), n), np.float32)
        size = max(1, CELLS // max(m, 1))
        for first in range(0, n, size):
            rows = slice(first, first + size)
            found = features(usage[rows], step, moments, _some(censored, rows))
            flat = found.values.reshape(len(found.values), -1)
            ratio[:, :, rows] = self.trees(flat).reshape(ratio.shape[1], -1, m).transpose(2, 0, 1)
            base[:, rows], peak[:, rows] = found.base.T, found.peak.T
        return Film(heads=self.heads, levels=self.levels, base=base, peak=peak, ratio=ratio)

    def curves(self, usage: Matrix, step: int, censored: npt.NDArray[np.bool_] | None = None) -> Curves:
        """Curves at the end of the matrix."""
        return self.film(usage, step, Moments(usage.shape[1]), censored).at(0)


def _some(marks: Mask | None, rows: slice) -> Mask | None:
    return None if marks is None else marks[rows]
