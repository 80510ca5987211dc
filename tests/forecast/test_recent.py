"""The simple rule against a loop that reads like its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import MIB, NOON, a_history, rows_of_names
from vpa_inplace.forecast.outlook import BLOCKS, Outlook
from vpa_inplace.forecast.recent import HELD, Recent
from vpa_inplace.history import History

ONE = rows_of_names("w")
RISK = np.array([0.01])
HOUR, DAY = 12, 288  # columns


def foresee(history: History, recent: Recent | None = None) -> Outlook:
    return (recent or Recent()).foresee(history, None, RISK)


def naive(x: np.ndarray, t: int, block: int) -> float:
    """The ceiling of one block for a forecast made at the end of column t - 1.

    The last hour is x[t-12 .. t-1]; it stands for three blocks. Yesterday around the block is
    x[t-288-12+12b .. t-288+12+12b], both ends included, as far as it lies before t.
    """
    hour = [x[j] for j in range(t - HOUR, t) if j >= 0]
    first = t - DAY + HOUR * (block - 1)
    yesterday = [x[j] for j in range(first, first + 2 * HOUR + 1) if 0 <= j < t]
    values = [v for v in (yesterday + hour if block < HELD else yesterday) if not np.isnan(v)]
    values = values or [v for v in hour if not np.isnan(v)]
    return float(np.float32(max(values)) * np.float32(1.15)) if values else np.nan


@settings(max_examples=60)
@given(st.integers(0, 999), st.integers(0, 700), st.sampled_from([0.0, 0.3, 0.97]))
def test_the_ceiling_is_what_its_definition_says(seed: int, t: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.lognormal(3, 2, 700).astype(np.float32)
    x[rng.random(700) < gaps] = np.nan
    history = a_history(ONE, cpu=x, memory=x, days=700 / DAY)
    outlook = foresee(history.until(history.start + t * history.step))
    expected = np.array([naive(x, t, block) for block in range(BLOCKS)], np.float32)
    for resource in range(2):
        np.testing.assert_array_equal(outlook.ceiling[resource, 0], expected)


@pytest.mark.parametrize(
    ("ago", "seen"),
    [
        # columns before the end; the block is the coming hour
        pytest.param(1, True, id="newest"),
        pytest.param(12, True, id="first-of-the-last-hour"),
        pytest.param(13, False, id="before-the-last-hour"),
        pytest.param(275, False, id="more-than-an-hour-after-this-time-yesterday"),
        pytest.param(276, True, id="an-hour-after-this-time-yesterday"),
        pytest.param(300, True, id="an-hour-before-this-time-yesterday"),
        pytest.param(301, False, id="earlier"),
    ],
)
def test_what_the_first_block_looks_at(ago: int, seen: bool) -> None:
    cpu = np.full(2 * DAY, 100.0)
    cpu[-ago] = 1000.0
    ceiling = foresee(a_history(ONE, cpu=cpu, days=2)).ceiling[0, 0, 0]
    assert ceiling == np.float32(1150 if seen else 115)


@pytest.mark.parametrize(("block", "held"), [(0, True), (2, True), (3, False), (20, False)])
def test_the_present_level_stands_for_three_hours(block: int, held: bool) -> None:
    # 100m all of yesterday, 1000m in the last half hour; yesterday is known for block 20, so it speaks alone
    cpu = np.full(2 * DAY, 100.0)
    cpu[-6:] = 1000.0
    ceiling = foresee(a_history(ONE, cpu=cpu, days=2)).ceiling[0, 0, block]
    assert ceiling == np.float32(1150 if held else 115)


def test_a_peak_of_yesterday_comes_back_in_its_hour() -> None:
    # Ends at 12:00. Yesterday's peak at 20:00 lies 16 h before the end, so block 8 (20:00 to 21:00) begins with it.
    cpu = np.full(2 * DAY, 100.0)
    cpu[-16 * HOUR] = 1000.0
    ceiling = foresee(a_history(ONE, cpu=cpu, days=2, end=NOON)).ceiling[0, 0]
    # block 7 ends at 20:00 and looks up to its end's step, block 9 looks an hour back
    assert np.flatnonzero(ceiling > 1000).tolist() == [7, 8, 9]


def test_memory_by_the_same_rule() -> None:
    assert foresee(a_history(ONE, memory=200 * MIB)).ceiling[1, 0, 0] == np.float32(200 * MIB) * np.float32(1.15)


def test_margin_bounds_and_confidence() -> None:
    cpu = np.full(DAY // 2, 100.0)
    cpu[-1] = 200.0
    outlook = foresee(a_history(ONE, cpu=cpu, days=0.5), Recent(margin=0.5))
    assert outlook.low[0, 0] == 200  # what it uses: below it, act at once
    assert outlook.high[0, 0] == 300  # the highest that the coming day may need
    assert outlook.confidence[0] == 0.5  # half of a daily cycle is known


@pytest.mark.parametrize("margin", [-1, 100, float("nan")])
def test_a_margin_that_is_none(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        Recent(margin=margin)
