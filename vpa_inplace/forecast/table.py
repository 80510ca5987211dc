"""What followed when things looked like this before: a table that fills while it is used and needs no training.

A moment falls into one of 1,176 cells by four features: how far this row has jumped lately, how far the last day and the
same time on other days stand above the last hour, and whether usage is falling off. Each cell counts what came next. Cells
with little to say lean on all cells of the same kind of row, those on the whole fleet, and that on a wide guess, so that an
empty table asks for much and a full one for what is needed. For clusters of which no model knows anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.features import NAMES
from vpa_inplace.forecast.past import UNKNOWN
from vpa_inplace.forecast.windows import Matrix

Float = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

AXES: Final = (
    ("excess_top4", (0.1, 0.3, 0.6, 1.0, 2.0)),
    ("max_1d", (0.05, 0.2, 0.5, 1.0, 2.0)),
    ("days_max_3h", (-0.1, 0.1, 0.3, 0.7, 1.5)),
    ("mean_15m", (-0.5, -0.2, -0.05)),
)
"""Features and the borders of their classes, in logs; where a feature may be unknown that is a class of its own."""
OPEN: Final = frozenset({"excess_top4", "days_max_3h"})
SHAPE: Final = tuple(len(borders) + 1 + (name in OPEN) for name, borders in AXES)
EDGES: Final = np.concatenate(
    [np.linspace(-4, -0.5, 14), np.arange(-0.475, 0.75, 0.025), np.arange(0.75, 1.5, 0.05), np.arange(1.5, 5.01, 0.25)]
)
"""Borders of what is counted: logs of the coming maximum over the last hour's; finest around no change at all."""
LEAN: Final = 100.0  # counts that the wider group is worth in a narrower one
GUESS: Final = 30.0  # counts that the guess is worth in the whole fleet
GUESS_SCALE: Final = 0.7  # of the guess: exponential, so that one hour in thirty is followed by ten times as much
HALF_LIFE: Final = 21.0  # days after which what was counted weighs half: fleets change


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Counts of what followed, for every head and cell."""

    heads: tuple[int, ...]  # seconds ahead
    levels: tuple[float, ...]  # in (0, 1)
    counts: Matrix  # [heads, cells, bins]
    _quantiles: Matrix = field(init=False, repr=False)  # [heads * levels, cells]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_quantiles", _quantiles(self.counts.astype(np.float64), self.levels))

    @classmethod
    def empty(cls, heads: tuple[int, ...], levels: tuple[float, ...]) -> Table:
        return cls(
            heads=heads,
            levels=levels,
            counts=np.zeros((len(heads), int(np.prod(SHAPE)), len(EDGES) - 1), np.float32),
        )

    def __call__(self, values: Matrix) -> Matrix:
        """[heads * levels, rows] logs for features ``values`` [f, rows]."""
        return self._quantiles[:, cells_of(values)]

    def absorbed(self, values: Matrix, targets: Matrix, *, days: float) -> Table:
        """The table with more counted.

        Args:
            values: [f, rows] features of moments that have passed.
            targets: [heads, rows] what came after them, NaN where that is not known.
            days: since the last time; what was counted before fades by so much.
        """
        counts = self.counts * np.float32(0.5 ** (days / HALF_LIFE))
        cells = cells_of(values)
        for head, target in enumerate(targets):
            known = np.isfinite(target)
            bins = np.clip(np.searchsorted(EDGES, target[known], side="right") - 1, 0, len(EDGES) - 2)
            np.add.at(counts[head], (cells[known], bins), np.float32(1))
        return replace(self, counts=counts)


def cells_of(values: Matrix) -> Places:
    """[rows] the cell of each moment."""
    classes = []
    for name, borders in AXES:
        feature = values[NAMES.index(name)]
        place = np.searchsorted(borders, feature, side="right")
        classes.append(np.where(feature == UNKNOWN, len(borders) + 1, place) if name in OPEN else place)
    return np.ravel_multi_index(tuple(classes), SHAPE)


def _quantiles(counts: Float, levels: tuple[float, ...]) -> Matrix:
    """[heads * levels, cells] of the counts, each leaning on the wider groups that it belongs to."""
    heads, cells, bins = counts.shape
    kinds = SHAPE[0]
    by_kind = counts.reshape(heads, kinds, -1, bins).sum(axis=2)
    above = 1 - np.exp(-np.maximum(EDGES, 0) / GUESS_SCALE)
    guess = np.diff(above) / above[-1]
    fleet = _leaning(by_kind.sum(axis=1), guess, GUESS)  # [heads, bins]
    kind = _leaning(by_kind, fleet[:, None], LEAN)
    cell = _leaning(counts.reshape(heads, kinds, -1, bins), kind[:, :, None], LEAN).reshape(heads, cells, bins)
    reached = np.cumsum(cell, axis=2)
    found = np.empty((heads, len(levels), cells), np.float32)
    for place, level in enumerate(levels):
        at = np.minimum((reached < level).sum(axis=2), bins - 1)
        before = np.take_along_axis(reached - cell, at[:, :, None], axis=2)[:, :, 0]
        inside = np.take_along_axis(cell, at[:, :, None], axis=2)[:, :, 0]
        share = np.clip((level - before) / np.maximum(inside, 1e-12), 0, 1)
        found[:, place] = EDGES[at] + share * np.diff(EDGES)[at]
    return found.reshape(heads * len(levels), cells)


def _leaning(counts: Float, wider: Float, weight: float) -> Float:
    """Shares of the counts [..., bins] with ``weight`` counts spread like the wider group's shares."""
    total = counts.sum(axis=-1, keepdims=True)
    shares: Float = (counts + weight * wider) / (total + weight)
    return shares
