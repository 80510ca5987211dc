"""Upstream VPA's histogram: exponential buckets, weights that double every half life, percentiles at bucket ends.

Source: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender/util/{histogram,decaying_histogram}.go.

A sample at time t weighs ``weight * 2^((t - reference) / half life)``, so that nothing has to be aged: old samples stay
and new ones weigh more. Upstream moves the reference when a sample lies 100 half lives after it; here it moves at fixed
times, every 100 half lives, for all rows at once. Only powers of two are multiplied, so percentiles are the same.
Upstream's epsilon serves the subtraction of replaced memory peaks; here a running peak is kept apart and added when
its window is over, so nothing is ever subtracted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.resource import Resource

Float = npt.NDArray[np.float64]

RATIO: Final = 1.05  # each bucket is 5 % wider than the one before
FIRST: Final = {Resource.CPU: 0.01, Resource.MEMORY: 1e7}  # width of the first bucket: cores, bytes
LARGEST: Final = {Resource.CPU: 1000.0, Resource.MEMORY: 1e12}  # start of the last bucket, or just above: cores, bytes
BUCKETS: Final = 176  # ceil(log_r(largest * (r - 1) / first + 1)) + 1 for both
MAX_EXPONENT: Final = 100  # half lives between two moves of the reference


def bucket_starts(resource: Resource) -> Float:
    """[BUCKETS + 1] start of each bucket and of the one that would follow the last: ``first * (r^k - 1) / (r - 1)``."""
    growth: Float = RATIO ** np.arange(BUCKETS + 1, dtype=np.float64)
    return FIRST[resource] * (growth - 1) / (RATIO - 1)


def bucket_of(values: Float, resource: Resource) -> npt.NDArray[np.intp]:
    """The bucket of each value (cores or bytes, no NaN), same shape."""
    first = FIRST[resource]
    found = np.log(np.maximum(values, first) * (RATIO - 1) / first + 1) / np.log(RATIO)
    return np.where(values < first, 0, np.minimum(found.astype(np.intp), BUCKETS - 1))


def reference_of(epoch: float, half_life: float) -> float:
    """The reference time (epoch seconds) in force at ``epoch``."""
    span = half_life * MAX_EXPONENT
    return float(np.floor(epoch / span) * span)


def percentiles(histogram: Float, fractions: tuple[float, ...], resource: Resource) -> Float:
    """The end of the bucket in which each fraction of the weight is reached: [len(fractions), n], NaN where empty.

    The last bucket has no end: its start is returned, as upstream does.

    Args:
        histogram: [n, BUCKETS] weights.
        fractions: of the weight, in 0..1.
        resource: decides the buckets; the result is in its cores or bytes.
    """
    ends = bucket_starts(resource)[1:].copy()
    ends[-1] = bucket_starts(resource)[BUCKETS - 1]
    reached = np.cumsum(histogram, axis=1)
    total = reached[:, -1]
    weighty = histogram > 0
    last = (
        BUCKETS - 1 - weighty[:, ::-1].argmax(axis=1)
    )  # rounding must not walk past the last bucket that holds weight
    found = [np.minimum((reached < (p * total)[:, None]).sum(axis=1), last) for p in fractions]
    # fraction 0 is the first bucket that holds anything
    found = [np.maximum(k, weighty.argmax(axis=1)) for k in found]
    return np.where(total > 0, ends[np.array(found)], np.nan)
