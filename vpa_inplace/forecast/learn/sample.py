"""Rows to learn from: features of random moments, and what came after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.features import features, outcome
from vpa_inplace.forecast.windows import Moments
from vpa_inplace.history.history import HOUR

Matrix = npt.NDArray[np.float32]

LEAST: float = -4.0  # logs: an hour that falls to 2 % or
MOST: float = 5.0  # rises to 150 times the last one teaches no more than that


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Features and what was to be foreseen, one row a moment."""

    values: Matrix  # [rows, f]
    targets: Matrix  # [heads, rows] log ratios, NaN where not known

    @classmethod
    def joined(cls, parts: Sequence[Sample]) -> Sample:
        return cls(
            values=np.concatenate([part.values for part in parts]),
            targets=np.concatenate([part.targets for part in parts], axis=1),
        )


def sample(
    usage: Matrix, step: int, heads: Sequence[int], count: int, rng: np.random.Generator, rows_at_once: int = 8
) -> Sample:
    """About ``count`` moments, spread evenly at random over rows and time.

    Args:
        usage: [n, t] of one resource, NaN for gaps.
        step: seconds of a column.
        heads: seconds that each target looks ahead.
        count: how many; all there are, where there are fewer.
        rng: seeded, so that training again gives the same model.
        rows_at_once: features of so many rows are held at a time.
    """
    n, width = usage.shape
    known = np.isfinite(usage).sum()
    stride = max(1, int(known / max(3 * count, 1)))
    parts = []
    for first in range(0, n, rows_at_once):
        some = usage[first : first + rows_at_once]
        begin = HOUR // step + int(rng.integers(stride))
        moments = Moments(begin, max(0, (width - begin) // stride), stride)
        if moments.count < 1:
            continue
        found = features(some, step, moments)
        targets = np.stack([outcome(some, step, moments, found.base, found.peak, ahead) for ahead in heads])
        usable = np.isfinite(found.base) & np.isfinite(targets).any(axis=0)
        parts.append(Sample(values=found.values[:, usable].T, targets=np.clip(targets[:, usable], LEAST, MOST)))
    every = Sample.joined(parts)
    chosen = rng.permutation(len(every.values))[:count]
    return Sample(values=np.ascontiguousarray(every.values[chosen]), targets=every.targets[:, chosen])
