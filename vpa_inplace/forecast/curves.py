"""How much a row may need over the next hours, at every level of certainty: what prices are weighed against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Quantiles of the maximum of the next hours for n rows, for several heads (spans ahead).

    Kept as logs relative to the last hour's maximum, at a few levels; between and beyond them quantiles run straight in
    ``-log(1 - level)``, as those of an exponential tail do.
    """

    heads: tuple[int, ...]  # seconds ahead, ascending
    levels: tuple[float, ...]  # ascending, in (0, 1)
    base: Matrix  # [n] log of an amount, NaN where nothing is known
    peak: Matrix  # [n] amount: the maximum of the week, NaN where nothing is known
    ratio: Matrix  # [heads, n, levels] logs; never falling along levels

    @classmethod
    def of(cls, ratio: Matrix, *, base: Matrix, peak: Matrix, heads: Sequence[int], levels: Sequence[float]) -> Curves:
        """From the output of models [heads * levels, n], which may cross: a higher level never asks for less.

        Nor does a longer head, which contains the shorter one. Where they cross the shorter one yields: sizes are taken
        from the longer one, and raising it cost 0.01 of slack on bursty machines.
        """
        shaped = ratio.reshape(len(heads), len(levels), -1).transpose(0, 2, 1)
        ordered = np.minimum.accumulate(np.maximum.accumulate(shaped, axis=2)[::-1], axis=0)[::-1]
        return cls(heads=tuple(heads), levels=tuple(levels), base=base, peak=peak, ratio=ordered)

    def amounts(self, head: int, weights: Matrix) -> Matrix:
        """[n, L] amounts of one head at the levels that ``weights`` [levels, L] stand for (see :func:`weights_of`)."""
        amounts: Matrix = np.exp(self.base[:, None] + self.ratio[head] @ weights)
        return amounts

    def quantile(self, head: int, level: npt.NDArray[np.float64]) -> Matrix:
        """[n] the amount of one head, for each row at a ``level`` [n] of its own."""
        at, wanted = -np.log1p(-np.asarray(self.levels)), -np.log1p(-level)
        left = np.clip(np.searchsorted(at, wanted) - 1, 0, len(at) - 2)
        share = ((wanted - at[left]) / (at[left + 1] - at[left])).astype(np.float32)
        rows = np.arange(len(level))
        low, high = self.ratio[head, rows, left], self.ratio[head, rows, left + 1]
        amount: Matrix = np.exp(self.base + low + share * (high - low))
        return amount


@lru_cache(maxsize=8)
def weights_of(knots: tuple[float, ...], levels: tuple[float, ...]) -> Matrix:
    """[knots, levels] weights that turn values at the knots into values at the levels, straight in ``-log(1 - level)``."""
    at, wanted = -np.log1p(-np.asarray(knots)), -np.log1p(-np.asarray(levels))
    left = np.clip(np.searchsorted(at, wanted) - 1, 0, len(at) - 2)
    share = (wanted - at[left]) / (at[left + 1] - at[left])
    weights = np.zeros((len(at), len(wanted)), np.float32)
    columns = np.arange(len(wanted))
    weights[left, columns] = 1 - share
    weights[left + 1, columns] += share
    weights.setflags(write=False)
    return weights
