"""The port against upstream's published values, and against a slow and obvious re-implementation."""

from __future__ import annotations

from collections import defaultdict
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import MIB, NOON, a_history, rows_of_names
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast import Outlook, make_forecaster
from vpa_inplace.forecast.decaying import BUCKETS, bucket_of, bucket_starts, percentiles, reference_of
from vpa_inplace.forecast.vpa import Vpa
from vpa_inplace.history import History

GIB = 2**30
ONE = rows_of_names("w")
NO_RISK = np.array([0.01])


def foreseen(history: History, vpa: Vpa | None = None) -> Outlook:
    vpa = vpa or Vpa()
    return vpa.foresee(history, vpa.learn(history, None), NO_RISK)


# Upstream: 1 sample a minute of constant usage; upper end of its bucket, truncated, + 15 % truncated.
@pytest.mark.parametrize(
    ("used", "target"), [(100, 126), (200, 247), (500, 587), (1000, 1168), (4000, 4742), (16000, 19265)]
)
def test_target_of_constant_cpu(used: int, target: int) -> None:
    assert foreseen(a_history(ONE, cpu=used, step=60, days=1)).ceiling[0, 0, 0] == target


@pytest.mark.parametrize(
    ("used", "target"),
    [
        pytest.param(200 * MIB, 262144000, id="floor"),  # raw 248153480 lies below 250 MiB
        pytest.param(GIB, 1238659775, id="1Gi"),
        pytest.param(4 * GIB, 4992073454, id="4Gi"),
        pytest.param(16 * GIB, 20241202316, id="16Gi"),
        pytest.param(64 * GIB, 80019756702, id="64Gi"),
    ],
)
def test_target_of_constant_memory(used: int, target: int) -> None:
    # an outlook holds float32: 24 bits of the amount
    assert foreseen(a_history(ONE, memory=used, step=60, days=1)).ceiling[1, 0, 0] == pytest.approx(target, rel=2**-24)


def test_memory_without_the_floor() -> None:
    outlook = foreseen(a_history(ONE, memory=200 * MIB, step=60, days=1), Vpa(min_memory=0))
    assert outlook.ceiling[1, 0, 0] == pytest.approx(248153480, rel=2**-24)


# Upstream's multipliers by confidence c = min(days between first and last sample, samples / 1440):
# upper (1 + 1/c), lower (1 + 0.001/c)^-2. The first sample ends a minute after the history starts.
@pytest.mark.parametrize(
    ("minutes", "upper", "lower"),
    [
        pytest.param(6, 289, 0.603, id="5-min"),
        pytest.param(31, 49, 0.911, id="30-min"),
        pytest.param(61, 25, 0.954, id="1-h"),
        pytest.param(721, 3, 0.996, id="12-h"),
        pytest.param(1441, 2, 0.998, id="24-h"),
        pytest.param(10081, 1.143, 0.9997, id="7-d"),
    ],
)
def test_bounds_by_history(minutes: int, upper: float, lower: float) -> None:
    same = Vpa(lower_percentile=0.9, upper_percentile=0.9)
    outlook = foreseen(a_history(ONE, cpu=16000, step=60, days=minutes / 1440), same)
    target = outlook.ceiling[0, 0, 0]
    assert outlook.high[0, 0] / target == pytest.approx(upper, rel=1e-3)
    assert outlook.low[0, 0] / target == pytest.approx(lower, abs=6e-4)


def test_a_five_minute_step_counts_as_five_scrapes() -> None:
    fine, coarse = (foreseen(a_history(ONE, cpu=100, step=step, days=2)) for step in (60, 300))
    # 2 d less one step between the first and the last sample: 2879/1440 and 2875/1440
    assert coarse.high[0, 0] == pytest.approx(fine.high[0, 0], rel=2e-3)


def test_the_floor_is_split_over_the_containers_of_a_workload() -> None:
    rows = Index.of(ContainerKey.of("c", "n", "Deployment", "w", name) for name in ("a", "b", "c"))
    outlook = foreseen(a_history(rows, cpu=1, memory=1))
    # 25/3 = 8.33 -> 8 millicores is less than the first bucket's end, 10m + 15 % = 11m; memory 250 MiB / 3
    assert outlook.ceiling[0, :, 0].tolist() == [11] * 3
    assert outlook.ceiling[1, 0, 0] == pytest.approx(250 * MIB // 3, rel=2**-24)


def test_without_samples_nothing_is_known_and_not_the_floor() -> None:
    outlook = foreseen(a_history(ONE, cpu=np.nan, memory=np.nan))
    assert np.isnan(outlook.ceiling).all()
    assert np.isnan(outlook.high).all()
    assert outlook.confidence.tolist() == [0]


def test_there_are_176_buckets_of_cpu_and_of_memory() -> None:
    for resource, largest in ((Resource.CPU, 1000.0), (Resource.MEMORY, 1e12)):
        starts = bucket_starts(resource)
        assert starts[BUCKETS - 2] < largest <= starts[BUCKETS - 1]
        assert bucket_of(np.array([largest * 10]), resource)[0] == BUCKETS - 1


def test_percentile_returns_the_end_of_the_bucket_and_the_start_of_the_last() -> None:
    histogram = np.zeros((3, BUCKETS))
    histogram[0, 0], histogram[0, 1] = 90, 10
    histogram[1, BUCKETS - 1] = 1
    found = percentiles(histogram, (0.9, 0.91), Resource.CPU)
    assert found[:, 0].tolist() == [0.01, pytest.approx(0.0205)]  # 0.01 and 0.01 + 0.0105
    assert found[0, 1] == bucket_starts(Resource.CPU)[BUCKETS - 1]
    assert np.isnan(found[:, 2]).all()


def test_a_day_old_sample_weighs_half() -> None:
    # yesterday 2000m, today 100m: today's weight is two thirds, so p66 is today's bucket and p67 yesterday's
    day = np.concatenate([np.full(288, 2000.0), np.full(288, 100.0)])
    shares = [foreseen(a_history(ONE, cpu=day, days=2), Vpa(0.5, 0.5, 0.95, 0.0)).ceiling[0, 0, 0]]
    shares += [foreseen(a_history(ONE, cpu=day, days=2), Vpa(p, 0.5, 0.95, 0.0)).ceiling[0, 0, 0] for p in (0.66, 0.68)]
    assert shares[0] == shares[1] < 120
    assert shares[2] > 1900


def test_an_oom_counts_as_more_than_what_it_died_at() -> None:
    history = a_history(ONE, memory=1000 * MIB, days=1)
    marks = np.zeros(history.usage.shape, np.bool_)
    marks[1, 0, 100] = True
    killed = History.of(ONE, start=history.start, step=300, usage=history.usage, censored=marks)
    plain, bumped = (foreseen(h).ceiling[1, 0, 0] for h in (history, killed))
    # 1000 MiB -> 1200 MiB; both are raised to their bucket's end (up to 5 %) and by the margin
    assert 1.14 < bumped / plain < 1.26


@pytest.mark.parametrize(
    "knobs", [{"target_percentile": 1.2}, {"lower_percentile": 0.99}, {"half_life": 0}, {"margin": -1}]
)
def test_knobs_out_of_range_are_refused(knobs: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="forecaster 'vpa'"):
        make_forecaster("vpa", knobs)


# ---------------------------------------------------------------------------------------- slow and obvious


def slowly(history: History, row: int, vpa: Vpa) -> tuple[float, float]:
    """CPU and memory target of one row, one sample at a time, as upstream's code reads."""

    def bucket(value: float, first: float) -> int:
        return 0 if value < first else min(int(log(value * 0.05 / first + 1, 1.05)), 175)

    def end(k: int, first: float) -> float:
        return first * (1.05 ** (k + 1 if k < 175 else k) - 1) / 0.05

    def percentile(weights: dict[int, float], first: float) -> float:
        total, so_far = sum(weights.values()), 0.0
        for k in sorted(weights):
            so_far += weights[k]
            if so_far >= vpa.target_percentile * total * (1 - 1e-12):
                return end(k, first)
        raise AssertionError

    def margin(amount: float) -> float:
        return int(amount) + int(int(amount) * vpa.margin)

    day = 86400
    cpu: dict[int, float] = defaultdict(float)
    memory: dict[int, float] = defaultdict(float)
    window_end, peak = None, None
    for column in range(history.usage.shape[2]):
        ts = history.start + (column + 1) * history.step
        used = float(history.usage[0, row, column])
        if not np.isnan(used):
            cpu[bucket(used / 1000, 0.01)] += 0.1 * 2 ** ((ts - history.end) / day)
        size = float(history.usage[1, row, column])
        if np.isnan(size):
            continue
        if window_end is None:
            window_end = ts + day
        if ts >= window_end:
            if peak is not None:
                memory[bucket(peak, 1e7)] += 2 ** ((window_end - history.end) / day)
            window_end += (ts - window_end) // day * day + day
            peak = None
        peak = size if peak is None else max(peak, size)
    if peak is not None and window_end is not None:
        memory[bucket(peak, 1e7)] += 2 ** ((window_end - history.end) / day)
    floors = (vpa.min_cpu, vpa.min_memory)
    return (
        max(margin(percentile(cpu, 0.01) * 1000), floors[0]) if cpu else np.nan,
        max(margin(percentile(memory, 1e7)), floors[1]) if memory else np.nan,
    )


def a_wild_history(seed: int, rows: int = 3, days: float = 3.3) -> History:
    """Bursty usage with gaps, rows that begin late, one of them silent."""
    rng = np.random.default_rng(seed)
    width = int(days * 288)
    cpu = rng.lognormal(5, 1.5, (rows, width))
    memory = rng.lognormal(19, 1, (rows, width))
    for usage in (cpu, memory):
        usage[rng.random(usage.shape) < 0.1] = np.nan
        for row in range(rows):
            usage[row, : rng.integers(0, width)] = np.nan
    cpu[-1], memory[-1] = np.nan, np.nan
    names = [f"w{i}" for i in range(rows)]
    return a_history(rows_of_names(*names), cpu=cpu, memory=memory, days=days)


@pytest.mark.parametrize("seed", range(12))
def test_the_same_as_one_sample_at_a_time(seed: int) -> None:
    history, vpa = a_wild_history(seed), Vpa(min_cpu=1, min_memory=1)
    outlook = foreseen(history, vpa)
    for row in range(3):
        expected = slowly(history, row, vpa)
        np.testing.assert_allclose(outlook.ceiling[:, row, 0], expected, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.lists(st.integers(1, 900), min_size=1, max_size=6))
def test_learning_piece_by_piece_is_learning_at_once(seed: int, pieces: list[int]) -> None:
    history, vpa = a_wild_history(seed), Vpa()
    width = history.usage.shape[2]
    beliefs = None
    for column in [*np.minimum(np.cumsum(pieces), width).tolist(), width]:
        beliefs = vpa.learn(history.until(history.start + column * history.step), beliefs)
    whole = vpa.learn(history, None)
    assert beliefs is not None
    for name, array in whole.arrays.items():
        np.testing.assert_allclose(beliefs.arrays[name], array, rtol=1e-9, err_msg=name)


def test_a_silent_fleet_keeps_what_it_knows_across_a_move_of_the_reference() -> None:
    span = 100 * 86400
    edge = int(reference_of(NOON.timestamp(), 86400.0)) + span
    vpa = Vpa()
    before = History.of(ONE, start=edge - 86400, step=300, usage=np.full((2, 1, 288 - 12), 400.0, np.float32))
    beliefs = vpa.learn(before, None)
    later = before.append(np.full((2, 1, 288), np.nan, np.float32), start=before.end)
    assert later.end > edge
    outlook = vpa.foresee(later, vpa.learn(later, beliefs), NO_RISK)
    assert outlook.ceiling[0, 0, 0] == foreseen(before).ceiling[0, 0, 0]


def test_rows_that_come_and_go_keep_their_own_memory() -> None:
    vpa = Vpa()
    history = a_wild_history(3)
    middle = history.until(history.start + 500 * history.step)
    two = rows_of_names("w0", "w2")
    beliefs = vpa.learn(middle.on(two), None)
    joined = vpa.learn(history.on(rows_of_names("w0", "w1")), beliefs)
    outlook = vpa.foresee(history.on(joined.rows), joined, np.array([0.01, 0.01]))
    np.testing.assert_array_equal(outlook.ceiling, foreseen(history).ceiling[:, :2])
