"""Upstream VPA's decaying histogram for n rows at once: exponential buckets, weights that double every half life.

Source: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender/util/{histogram,decaying_histogram}.go.

A sample at time t weighs ``weight * 2^((t - reference) / half life)``, so that nothing has to be aged: old samples stay
and new ones weigh more. Before the exponent exceeds 100 a row's reference moves to the new sample and its weights are
scaled by a power of two, which costs no precision. Times are whole epoch seconds; references count half lives.

Every function that adds changes its arrays in place, and in the order of time: adding a matrix at once or column by
column ends in the same numbers, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.resource import Resource

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

RATIO: Final = 1.05  # each bucket is 5 % wider than the one before
FIRST: Final = {Resource.CPU: 0.01, Resource.MEMORY: 1e7}  # width of the first bucket: cores, bytes
BUCKETS: Final = 176  # ceil(log_r(largest * (r - 1) / first + 1)) + 1, for 1000 cores and for 1e12 bytes alike
EPSILON: Final = 1e-4  # 0.001 of a CPU sample's weight: a bucket that holds less counts as empty
MAX_EXPONENT: Final = 100  # half lives that a sample may lie after the reference
YEAR_ONE: Final = 62_135_596_800  # seconds from Go's zero time, where upstream's references begin, to the epoch
AT_ONCE: Final = 1024  # rows whose percentiles are taken together: their temporaries stay in the cache
_CLIP: Final = 600  # exponents of rows without a sample to add may be anything; 2^600 times a weight is still finite


def bucket_starts(resource: Resource) -> Float:
    """[BUCKETS] where each bucket begins, in cores or bytes: ``first * (r^k - 1) / (r - 1)``."""
    growth: Float = RATIO ** np.arange(BUCKETS, dtype=np.float64)
    return FIRST[resource] * (growth - 1) / (RATIO - 1)


_STARTS: Final = {resource: bucket_starts(resource) for resource in Resource}
_ENDS: Final = {
    resource: np.append(starts[1:], starts[-1]) for resource, starts in _STARTS.items()
}  # the last has none


def bucket_of(values: Float, resource: Resource) -> Places:
    """The bucket of each value (cores or bytes, no NaN), same shape."""
    first = FIRST[resource]
    found: Places = (np.log(values * (RATIO - 1) / first + 1) / np.log(RATIO)).astype(np.intp)
    found[values < first] = 0
    np.minimum(found, BUCKETS - 1, out=found)
    return found


def add_columns(
    weights: Float, reference: Int, *, buckets: Places, known: Mask, times: Int, weight: float, half_life: int
) -> None:
    """Add one sample per row and column.

    Args:
        weights: [n, BUCKETS], contiguous; changed.
        reference: [n] half lives since year one; changed.
        buckets: [n, k] where each sample falls.
        known: [n, k] whether there is a sample.
        times: [k] ascending; spans that are not much longer than ``MAX_EXPONENT`` half lives.
        weight: of a sample at the reference.
        half_life: seconds.
    """
    growth = weight * np.exp2(_since(times, half_life)[1] / half_life)
    columns = np.arange(len(times))
    while times[-1] > _limit(reference, half_life).min():
        late = known & (times > _limit(reference, half_life)[:, None])
        moving = np.flatnonzero(late.any(axis=1))
        if not len(moving):
            break
        event = late[moving].argmax(axis=1)
        before = np.zeros(known.shape, np.bool_)
        before[moving] = columns < event[:, None]
        if (known & before).any():
            _add(weights, reference, buckets, known & before, times, growth, half_life)
        known = known & ~before
        _move(weights, reference, moving, times[event], half_life)
    _add(weights, reference, buckets, known, times, growth, half_life)


def add_each(weights: Float, reference: Int, rows: Places, buckets: Places, times: Int, half_life: int) -> None:
    """Add one sample of weight 1 to each of these rows, at a time of its own [len(rows)]."""
    late = times > _limit(reference[rows], half_life)
    if late.any():
        _move(weights, reference, rows[late], times[late], half_life)
    whole, rest = _since(times, half_life)
    weights[rows, buckets] += np.ldexp(np.exp2(rest / half_life), whole - reference[rows])


def percentiles(weights: Float, fractions: Sequence[float], resource: Resource) -> Float:
    """The end of the bucket in which each fraction of the weight is reached: [len(fractions), n], NaN where empty.

    In cores or bytes. The last bucket has no end: its start is returned, as upstream does.
    """
    found = np.empty((len(fractions), len(weights)))
    for first in range(0, len(weights), AT_ONCE):
        batch = slice(first, first + AT_ONCE)
        found[:, batch] = _percentiles(weights[batch], fractions, _ENDS[resource])
    return found


def _percentiles(weights: Float, fractions: Sequence[float], ends: Float) -> Float:
    rows = np.arange(len(weights))
    held = weights >= EPSILON
    lowest, highest = held.argmax(axis=1), BUCKETS - 1 - held[:, ::-1].argmax(axis=1)
    reached = np.cumsum(weights, axis=1)
    total = reached[:, -1].copy()
    if (reached[rows, lowest] != weights[rows, lowest]).any():
        # what lies below the lowest bucket that counts is part of the total, not of the walk
        reached = np.cumsum(np.where(np.arange(BUCKETS) < lowest[:, None], 0.0, weights), axis=1)
    reached[rows, highest] = np.inf  # the walk ends there, however rounding left the sum
    found = [(reached >= (fraction * total)[:, None]).argmax(axis=1) for fraction in fractions]
    return np.where(held[rows, lowest], ends[np.maximum(found, lowest)], np.nan)


def _since(times: Int, half_life: int) -> tuple[Int, Int]:
    """Whole half lives since year one, and the seconds that remain."""
    whole, rest = np.divmod(times + YEAR_ONE, half_life)
    return whole, rest


def _limit(reference: Int, half_life: int) -> Int:
    """Epoch seconds after which a sample moves the reference."""
    limit: Int = (reference + MAX_EXPONENT) * half_life - YEAR_ONE
    return limit


def _move(weights: Float, reference: Int, rows: Places, to: Int, half_life: int) -> None:
    """Move references to the half life nearest to ``to`` (half up, as Go rounds) and scale the weights along."""
    whole, rest = _since(to, half_life)
    new = whole + (2 * rest >= half_life)
    weights[rows] *= np.ldexp(1.0, reference[rows] - new)[:, None]
    reference[rows] = new


def _add(
    weights: Float, reference: Int, buckets: Places, known: Mask, times: Int, growth: Float, half_life: int
) -> None:
    whole, _ = _since(times, half_life)
    # 2^whole is split so that neither factor overflows; both are powers of two, so the product is exact
    row = np.ldexp(1.0, np.clip(whole[0] - reference, -_CLIP, _CLIP))
    amounts = (row[:, None] * np.ldexp(growth, whole - whole[0])) * known
    places = buckets + (np.arange(len(weights)) * BUCKETS)[:, None]
    np.add.at(weights.reshape(-1), places.reshape(-1), amounts.reshape(-1))
