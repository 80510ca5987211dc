"""The port against upstream's published values, and against a slow and obvious re-implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.forecast.upstream import Container
from tests.support.builders import MIB, a_history, a_snapshot, rows_of_names
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast import Beliefs, Outlook, make_forecaster
from vpa_inplace.forecast.vpa import Vpa
from vpa_inplace.history import History
from vpa_inplace.recommend import size

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
# upper (1 + 1/c), lower (1 + 0.001/c)^-2. Minutes are counted between the first and the last of minutes + 1 samples.
@pytest.mark.parametrize(
    ("minutes", "upper", "lower"),
    [
        pytest.param(5, 289, 0.603, id="5-min"),
        pytest.param(30, 49, 0.911, id="30-min"),
        pytest.param(60, 25, 0.954, id="1-h"),
        pytest.param(720, 3, 0.996, id="12-h"),
        pytest.param(1440, 2, 0.998, id="24-h"),
        pytest.param(10080, 1.143, 0.9997, id="7-d"),
    ],
)
def test_bounds_by_history(minutes: int, upper: float, lower: float) -> None:
    same = Vpa(lower_percentile=0.9, upper_percentile=0.9)
    outlook = foreseen(a_history(ONE, cpu=16000, step=60, days=(minutes + 1) / 1440), same)
    target = outlook.ceiling[0, 0, 0]
    assert outlook.high[0, 0] / target == pytest.approx(upper, rel=3e-4)
    assert outlook.low[0, 0] / target == pytest.approx(lower, abs=6e-4)
    assert outlook.confidence[0] == pytest.approx(min(minutes / 1440, 1))


def test_gaps_lower_confidence_through_the_count_of_samples() -> None:
    cpu = np.full(1441, 16000.0)
    cpu[720:1440] = np.nan  # a day from first to last, but 721 samples: c = 721/1440
    outlook = foreseen(a_history(ONE, cpu=cpu, step=60, days=1441 / 1440), Vpa(upper_percentile=0.9))
    assert outlook.high[0, 0] / outlook.ceiling[0, 0, 0] == pytest.approx(1 + 1440 / 721, rel=1e-4)


def test_one_sample_is_no_confidence() -> None:
    outlook = foreseen(a_history(ONE, cpu=16000, step=60, days=1 / 1440))
    assert outlook.high[0, 0] == np.float32(1e14)  # where upstream caps: 1/0
    assert outlook.low[0, 0] == 25  # the floor: (1 + 0.001/0)^-2 = 0
    assert outlook.confidence.tolist() == [0]


def test_confidence_comes_from_cpu_samples_alone() -> None:
    outlook = foreseen(a_history(ONE, cpu=np.nan, memory=GIB))
    assert np.isnan(outlook.ceiling[0]).all()
    assert outlook.high[1, 0] == np.float32(1e14)


def test_a_five_minute_step_counts_as_five_scrapes() -> None:
    fine, coarse = (foreseen(a_history(ONE, cpu=100, step=step, days=2)) for step in (60, 300))
    assert coarse.high[0, 0] == fine.high[0, 0]
    assert coarse.confidence.tolist() == fine.confidence.tolist()


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


def test_a_day_old_sample_weighs_half() -> None:
    # yesterday 2000m, today 100m: today's weight is two thirds, so p66 is today's bucket and p67 yesterday's
    day = np.concatenate([np.full(288, 2000.0), np.full(288, 100.0)])
    shares = [foreseen(a_history(ONE, cpu=day, days=2), Vpa(0.5, 0.5, 0.95, 0.0)).ceiling[0, 0, 0]]
    shares += [foreseen(a_history(ONE, cpu=day, days=2), Vpa(p, 0.5, 0.95, 0.0)).ceiling[0, 0, 0] for p in (0.66, 0.68)]
    assert shares[0] == shares[1] < 120
    assert shares[2] > 1900


@pytest.mark.parametrize(
    ("used", "as_if"),
    [
        pytest.param(1000 * MIB, 1200 * MIB, id="a-fifth-more"),
        pytest.param(100 * MIB, 200 * MIB, id="100-MiB-more"),
    ],
)
def test_an_oom_counts_as_more_than_what_it_died_at(used: int, as_if: int) -> None:
    history, higher = (a_history(ONE, memory=size, days=0.9) for size in (used, as_if))
    marks = np.zeros(history.usage.shape, np.bool_)
    marks[Resource.MEMORY, 0, 100] = True
    floorless = Vpa(min_memory=0)
    outlook = foreseen(replace(history, censored=marks), floorless)
    assert outlook.ceiling[1, 0, 0] == foreseen(higher, floorless).ceiling[1, 0, 0]
    assert outlook.ceiling[1, 0, 0] > foreseen(history, floorless).ceiling[1, 0, 0]


def test_throttling_does_not_raise_cpu_samples() -> None:
    history = a_history(ONE, days=1)
    marks = np.ones(history.usage.shape, np.bool_)
    marks[Resource.MEMORY] = False
    np.testing.assert_array_equal(foreseen(replace(history, censored=marks)).ceiling, foreseen(history).ceiling)


@pytest.mark.parametrize(
    ("column", "share", "above"),
    [
        # Three windows of a day, each counted at its end: weights 1 : 2 : 4. A peak in the first one is 1/7 of the
        # weight, so all but it reach 6/7 = 0.857; in the last one it is 4/7, all but it reach 3/7 = 0.429.
        pytest.param(0, 0.85, False, id="first-window-starts-with-the-first-sample"),
        pytest.param(287, 0.86, True, id="first-window-lasts-a-day"),
        pytest.param(287, 0.85, False, id="oldest-weighs-least"),
        pytest.param(288, 0.71, False, id="second-window"),  # all but 2/7 reach 0.714
        pytest.param(288, 0.72, True, id="second-window-weighs-twice"),
        pytest.param(863, 0.42, False, id="running-window"),
        pytest.param(863, 0.43, True, id="running-window-weighs-most"),
    ],
)
def test_each_day_from_the_first_sample_on_is_one_sample_of_memory(column: int, share: float, above: bool) -> None:
    memory = np.full(3 * 288, float(GIB))
    memory[column] = 8 * GIB
    vpa = Vpa(share, lower_percentile=0.1, upper_percentile=1.0, margin=0.0)
    assert (foreseen(a_history(ONE, memory=memory, days=3), vpa).ceiling[1, 0, 0] > 8 * GIB) is np.bool_(above)


def test_what_upstream_forgets_is_not_known() -> None:
    cpu = np.full(9 * 288, 500.0)
    cpu[288:] = np.nan  # the last sample ended 8 days ago
    history = a_history(ONE, cpu=cpu, days=9)
    assert np.isnan(foreseen(history).ceiling).all()
    cpu[288] = 500.0
    assert np.isfinite(foreseen(a_history(ONE, cpu=cpu, days=9)).ceiling).all()


@pytest.mark.parametrize(
    "knobs",
    [
        {"target_percentile": 1.2},
        {"lower_percentile": 0.99},
        {"target_percentile": np.nan},
        {"half_life": 0},
        {"half_life": np.nan},
        {"memory_interval": -1},
        {"confidence_interval": 0},
        {"margin": -1},
        {"margin": np.nan},
        {"min_cpu": -1},
    ],
)
def test_knobs_out_of_range_are_refused(knobs: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="forecaster 'vpa'"):
        make_forecaster("vpa", knobs)


def test_a_longer_confidence_interval_widens_the_upper_bound() -> None:
    # two days of history over an interval of four: c = 1/2, factor 3; over one of one: c = 2, factor 1.5
    history = a_history(ONE, cpu=16000, step=60, days=2881 / 1440)
    upper = [foreseen(history, Vpa(confidence_interval=hours)).high[0, 0] for hours in (96, 24)]
    assert upper[0] / upper[1] == pytest.approx(2, rel=1e-4)


# ---------------------------------------------------------------------------------------- slow and obvious


def slowly(history: History, row: int, vpa: Vpa) -> list[tuple[int, int, int] | None]:
    """CPU and memory of one row by upstream's own loop: target, lower, upper; None without a sample."""
    container = Container(half_life=round(vpa.half_life * 3600), interval=round(vpa.memory_interval * 3600))
    for column in range(history.usage.shape[2]):
        ends = history.start + (column + 1) * history.step
        millicores, size = (float(x) for x in history.usage[:, row, column])
        if not np.isnan(millicores):
            container.cpu_step(millicores, ends, history.step)
        if not np.isnan(size):
            container.memory_step(size, ends, oom=bool(history.censored[Resource.MEMORY, row, column]))
    fractions = (vpa.target_percentile, vpa.lower_percentile, vpa.upper_percentile)
    return [
        container.recommend(resource, fractions, minimum) if np.isfinite(history.usage[resource, row]).any() else None
        for resource, minimum in ((Resource.CPU, vpa.min_cpu), (Resource.MEMORY, vpa.min_memory))
    ]


def a_wild_history(seed: int, rows: int = 3, days: float = 3.3, step: int = 300) -> History:
    """Bursty usage with gaps and OOM kills, rows that begin late, one of them silent, one that starts with 0 bytes."""
    rng = np.random.default_rng(seed)
    width = int(days * 86400) // step
    usage = np.stack([rng.lognormal(5, 1.5, (rows, width)), rng.lognormal(19, 1, (rows, width))])
    usage[rng.random(usage.shape) < 0.1] = np.nan
    usage[rng.random(usage.shape) < 0.01] = 0
    hole = rng.integers(0, width)
    usage[:, 0, hole : hole + int(1.3 * 86400) // step] = np.nan  # longer than a memory window
    for row in range(rows):
        usage[:, row, : rng.integers(0, width)] = np.nan
    usage[:, -1] = np.nan
    cpu, memory = usage
    history = a_history(rows_of_names(*(f"w{i}" for i in range(rows))), cpu=cpu, memory=memory, days=days, step=step)
    return replace(history, censored=rng.random(history.usage.shape) < 0.003)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 9999),
    st.sampled_from([60, 300, 900]),
    st.sampled_from([0.1, 0.5, 6, 24, 48]),  # hours; the short ones move references several times
    st.sampled_from([1, 8, 24]),
)
def test_the_same_as_one_sample_at_a_time(seed: int, step: int, half_life: float, interval: float) -> None:
    history = a_wild_history(seed, days=2.4, step=step)
    vpa = Vpa(half_life=half_life, memory_interval=interval, min_cpu=1, min_memory=1)
    outlook = foreseen(history, vpa)
    for row in range(3):
        for resource, expected in zip(Resource, slowly(history, row, vpa), strict=True):
            found = [outlook.ceiling[resource, row, 0], outlook.low[resource, row], outlook.high[resource, row]]
            # amounts beyond 2^24 are rounded to float32
            np.testing.assert_array_equal(found, np.array(expected or (np.nan,) * 3, np.float32))


def same_beliefs(one: Beliefs | None, other: Beliefs | None) -> None:
    assert one is not None
    assert other is not None
    assert (one.rows, one.through, one.forecaster) == (other.rows, other.through, other.forecaster)
    for name, array in other.arrays.items():
        np.testing.assert_array_equal(one.arrays[name], array, err_msg=name)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.lists(st.integers(1, 900), min_size=1, max_size=6), st.sampled_from([0.25, 24]))
def test_learning_piece_by_piece_is_learning_at_once(seed: int, pieces: list[int], half_life: float) -> None:
    history, vpa = a_wild_history(seed), Vpa(half_life=half_life)
    width = history.usage.shape[2]
    beliefs = None
    for column in [*np.minimum(np.cumsum(pieces), width).tolist(), width]:
        beliefs = vpa.learn(history.until(history.start + column * history.step), beliefs)
    same_beliefs(beliefs, vpa.learn(history, None))


def test_learning_column_by_column_is_learning_at_once() -> None:
    history, vpa = a_wild_history(4, days=1.5), Vpa()
    beliefs = None
    for column in range(history.usage.shape[2] + 1):
        beliefs = vpa.learn(history.until(history.start + column * history.step), beliefs)
    same_beliefs(beliefs, vpa.learn(history, None))


def test_learning_leaves_the_old_beliefs_alone() -> None:
    history, vpa = a_wild_history(5), Vpa()
    before = vpa.learn(history.until(history.end - 86400), None)
    copies = {name: array.copy() for name, array in before.arrays.items()}
    vpa.foresee(history, vpa.learn(history, before), NO_RISK)
    for name, copy in copies.items():
        np.testing.assert_array_equal(before.arrays[name], copy, err_msg=name)


def test_memory_outlives_the_history_that_taught_it() -> None:
    # upstream truncates nothing: a day of 2000m nine days ago still weighs 1/512 of today's
    day, vpa = np.full((2, 1, 288), 100.0, np.float32), Vpa(upper_percentile=1.0)
    history = History.of(ONE, start=1_772_409_600, step=300, usage=day * 20)
    beliefs = vpa.learn(history, None)
    for _ in range(9):
        history = history.append(day, start=history.end)
        beliefs = vpa.learn(history, beliefs)
    assert history.usage[Resource.CPU].max() == 100
    outlook = vpa.foresee(history, beliefs, NO_RISK)
    assert outlook.high[0, 0] > 2000
    assert outlook.ceiling[0, 0, 0] == 126


@pytest.mark.parametrize("half_life", [0.5, 24])
def test_rows_that_come_and_go_keep_their_own_memory(half_life: float) -> None:
    vpa = Vpa(half_life=half_life)
    history = a_wild_history(3)
    middle = history.until(history.start + 500 * history.step)
    beliefs = vpa.learn(middle.on(rows_of_names("w0", "w2")), None)
    two = rows_of_names("w0", "w1")  # w2 goes, w1 comes with all the history it has
    same_beliefs(vpa.learn(history.on(two), beliefs), vpa.learn(history.on(two), None))


def test_a_workload_that_gains_a_container_shares_the_floor_anew() -> None:
    rows = Index.of(ContainerKey.of("c", "n", "Deployment", "w", name) for name in ("a", "b"))
    vpa = Vpa(min_cpu=1000)
    history = a_history(rows, cpu=1)
    alone = history.on(Index(rows.keys[:1]))
    assert foreseen(alone, vpa).ceiling[0, :, 0].tolist() == [1000]
    joined = vpa.learn(history, vpa.learn(alone, None))
    assert vpa.foresee(history, joined, NO_RISK).ceiling[0, :, 0].tolist() == [500, 500]


def test_foresee_catches_up_by_itself() -> None:
    history, vpa = a_wild_history(6), Vpa()
    early = vpa.learn(history.until(history.end - 86400), None)
    expected = foreseen(history, vpa)
    for beliefs in (None, early):
        np.testing.assert_array_equal(vpa.foresee(history, beliefs, NO_RISK).ceiling, expected.ceiling)


def test_beliefs_of_another_half_life_are_not_continued() -> None:
    history = a_wild_history(7)
    stale = Vpa(half_life=1).learn(history, None)
    same_beliefs(Vpa().learn(history, stale), Vpa().learn(history, None))


def test_targets_go_through_sizing_as_they_are() -> None:
    # an outlook holds whole millicores exactly up to 2^24; rounding up to the quantum of 1m must not add one
    policies = Policies.uniform(Policy(), 1)
    for millicores, target in ((100, 126), (500, 587), (4000, 4742), (16000, 19265)):
        history = a_history(ONE, cpu=millicores)
        snapshot = a_snapshot(history=history)
        sizes = size(foreseen(history), snapshot, policies, Ledger.empty(ONE))
        assert sizes.target[Resource.CPU].tolist() == [target]
