"""Buckets, percentiles, decay: upstream's arithmetic on n rows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecast.upstream import Histogram, buckets_for
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.decaying import (
    BUCKETS,
    EPSILON,
    YEAR_ONE,
    add_columns,
    add_each,
    bucket_of,
    bucket_starts,
    percentiles,
)

DAY = 86400
CPU = Resource.CPU
LARGEST = {Resource.CPU: (1000.0, 0.01), Resource.MEMORY: (1e12, 1e7)}


def test_there_are_176_buckets_of_cpu_and_of_memory() -> None:
    # ceil(log_1.05(1e5 * 0.05 + 1)) + 1 = ceil(174.57) + 1 for both: 1000 / 0.01 = 1e12 / 1e7
    assert [buckets_for(*LARGEST[resource]) for resource in Resource] == [BUCKETS, BUCKETS] == [176, 176]


@pytest.mark.parametrize(
    ("value", "bucket"),
    [
        pytest.param(0.0, 0, id="zero"),
        pytest.param(0.0099, 0, id="below-the-first-end"),
        pytest.param(0.0204, 1, id="second-from-10m-to-20.5m"),
        pytest.param(0.0206, 2, id="third"),
        pytest.param(1000.0, 174, id="largest-that-must-fit"),  # log_1.05(5001) = 174.57
        pytest.param(1e9, 175, id="beyond"),
    ],
)
def test_bucket_of_cores(value: float, bucket: int) -> None:
    assert bucket_of(np.array([value]), CPU).tolist() == [bucket]


@pytest.mark.parametrize("resource", Resource)
def test_a_value_lies_within_its_bucket(resource: Resource) -> None:
    starts = bucket_starts(resource)
    middles = (starts[1:] + starts[:-1]) / 2
    assert bucket_of(middles, resource).tolist() == list(range(BUCKETS - 1))
    widths = np.diff(starts)
    np.testing.assert_allclose(widths[1:] / widths[:-1], 1.05)
    assert widths[0] == pytest.approx(LARGEST[resource][1])


def held(**weights: float) -> np.ndarray:
    """One row with these weights, ``b7=1.0`` in bucket 7."""
    row = np.zeros((1, BUCKETS))
    for name, weight in weights.items():
        row[0, int(name[1:])] = weight
    return row


@pytest.mark.parametrize(
    ("weights", "fraction", "end"),
    [
        pytest.param(held(b0=90, b1=10), 0.9, 0.01, id="reached-exactly"),
        pytest.param(held(b0=90, b1=10), 0.91, 0.0205, id="just-beyond"),  # 0.01 + 0.01 * 1.05
        pytest.param(held(b3=1), 0.0, 0.04310125, id="nothing-asked-is-the-first-held"),  # 0.01 * (1.05^4 - 1) / 0.05
        pytest.param(held(b0=1, b3=1), 1.0, 0.04310125, id="all-asked-is-the-last-held"),
        pytest.param(held(b175=1), 0.5, bucket_starts(CPU)[175], id="the-last-has-no-end"),
        # total 1.00014; half of it, 0.50007, lies beyond what the walk from bucket 1 has in bucket 1
        pytest.param(held(b0=EPSILON * 0.8, b1=0.50005, b2=0.50001), 0.5, 0.031525, id="too-little-to-start-with"),
        # p = 1 is more than the walk meets before its last bucket that holds enough
        pytest.param(held(b1=1, b9=EPSILON * 0.9), 1.0, 0.0205, id="too-little-to-end-with"),
        pytest.param(held(), 0.5, np.nan, id="empty"),
    ],
)
def test_percentile(weights: np.ndarray, fraction: float, end: float) -> None:
    np.testing.assert_allclose(percentiles(weights, (fraction,), CPU), [[end]])


def test_many_rows_are_taken_in_pieces() -> None:
    rows = np.repeat(held(b0=90, b1=10), 2500, axis=0)
    rows[2400] = held(b0=1)
    found = percentiles(rows, (0.9, 0.95), CPU)
    expected = np.full(2500, 0.0205)
    expected[2400] = 0.01
    np.testing.assert_allclose(found, [np.full(2500, 0.01), expected])


def added(times: list[int], half_life: int = DAY, cut: int | None = None) -> tuple[np.ndarray, int]:
    """Weights of one row with a sample in bucket k at the k-th time, added at once or in two halves."""
    weights, reference = np.zeros((1, BUCKETS)), np.zeros(1, np.int64)
    for part in (slice(0, cut), slice(cut, None)) if cut else (slice(None),):
        when = np.array(times, np.int64)[part]
        add_columns(
            weights,
            reference,
            buckets=np.arange(len(times))[part][None, :],
            known=np.ones((1, len(when)), np.bool_),
            times=when,
            weight=0.1,
            half_life=half_life,
        )
    return weights[0, : len(times)], int(reference[0])


def test_a_sample_one_half_life_younger_weighs_twice() -> None:
    weights, _ = added([0, DAY, 3 * DAY])
    np.testing.assert_allclose(weights, [0.1, 0.2, 0.8])


@pytest.mark.parametrize(
    ("seconds", "reference"), [pytest.param(DAY // 2 - 1, 0, id="down"), pytest.param(DAY // 2, 1, id="half-goes-up")]
)
def test_the_first_sample_sets_the_reference_to_the_nearest_half_life(seconds: int, reference: int) -> None:
    weights, found = added([10 * DAY + seconds])
    assert found - YEAR_ONE // DAY - 10 == reference
    np.testing.assert_allclose(weights, [0.1 * 2 ** (seconds / DAY - reference)])


@pytest.mark.parametrize(
    ("days", "moved", "first"),
    [pytest.param(100, 0, 0.1, id="at-100-it-stays"), pytest.param(101, 101, 0.1 * 2.0**-101, id="beyond-it-moves")],
)
def test_the_reference_moves_after_100_half_lives(days: int, moved: int, first: float) -> None:
    weights, reference = added([0, days * DAY])
    assert reference - YEAR_ONE // DAY == moved
    np.testing.assert_allclose(weights, [first, 0.1 * 2.0 ** (days - moved)], rtol=1e-12)


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_in_two_parts_it_is_the_same_to_the_bit(cut: int) -> None:
    times = [7, 5 * DAY + 11, 99 * DAY, 102 * DAY + 1, 240 * DAY]
    whole, reference = added(times)
    parts, the_same = added(times, cut=cut)
    assert parts.tolist() == whole.tolist()
    assert reference == the_same


def test_rows_whose_references_differ_do_not_disturb_each_other() -> None:
    # row 0 knows a sample of long ago and has none now, row 1 has its first now
    weights, reference = np.zeros((2, BUCKETS)), np.zeros(2, np.int64)
    for when, known in ((0, [True, False]), (5000 * DAY, [False, True])):
        add_columns(
            weights,
            reference,
            buckets=np.array([[3], [4]]),
            known=np.array(known)[:, None],
            times=np.array([when]),
            weight=0.1,
            half_life=DAY,
        )
    assert weights[0].tolist() == held(b3=0.1)[0].tolist()
    assert weights[1].tolist() == held(b4=0.1)[0].tolist()


def test_one_sample_a_row_at_times_of_their_own() -> None:
    weights, reference = np.zeros((3, BUCKETS)), np.zeros(3, np.int64)
    add_each(weights, reference, np.array([0, 2]), np.array([5, 6]), np.array([DAY, 2 * DAY + DAY // 4]), DAY)
    add_each(weights, reference, np.array([2]), np.array([6]), np.array([3 * DAY]), DAY)
    assert (reference - YEAR_ONE // DAY)[[0, 2]].tolist() == [1, 2]
    assert weights[0].tolist() == held(b5=1.0)[0].tolist()
    np.testing.assert_allclose(weights[2, 6], 2**0.25 + 2)
    assert not weights[1].any()


@pytest.mark.parametrize("half_life", [60, 3600, DAY, 1000 * DAY])
def test_as_upstream_adds(half_life: int) -> None:
    rng = np.random.default_rng(half_life)
    times = 1_772_409_600 + np.cumsum(rng.integers(1, 20_000, 400))
    cores = rng.lognormal(-1, 2, 400)
    theirs = Histogram(0.01, 1000.0, half_life)
    ours, reference = np.zeros((1, BUCKETS)), np.zeros(1, np.int64)
    for when, value in zip(times, cores, strict=True):
        theirs.add(value, 0.1, int(when))
        sample = {"buckets": bucket_of(np.array([[value]]), CPU), "known": np.array([[True]])}
        add_columns(ours, reference, **sample, times=np.array([when]), weight=0.1, half_life=half_life)
    np.testing.assert_allclose(ours[0], theirs.weights, rtol=1e-9)
    for fraction in (0.5, 0.9, 0.95):
        assert percentiles(ours, (fraction,), CPU)[0, 0] == pytest.approx(theirs.percentile(fraction))
