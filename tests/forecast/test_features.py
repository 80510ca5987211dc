"""Features see the past only, do not depend on size, and are the same alone and in company."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpa_inplace.forecast.features import NAMES, features, outcome
from vpa_inplace.forecast.past import FLOOR, REACH, UNKNOWN
from vpa_inplace.forecast.windows import Moments
from vpa_inplace.history.history import DAY, HOUR

STEP = 600  # seconds; coarse, so that a fortnight is a small matrix
PER_DAY = DAY // STEP
steps = pytest.mark.parametrize("step", [60, 300, 600, 3600])


def some_usage(seed: int, *, days: float = 10, step: int = STEP, n: int = 4) -> np.ndarray:
    """Bursty, with lone gaps everywhere, a row that gaps for a day, one that is born late and one that is idle."""
    dice = np.random.default_rng(seed)
    width = round(days * DAY) // step
    usage = dice.lognormal(3, 1, (n, width)).astype(np.float32)
    usage[dice.random(usage.shape) < 0.05] = np.nan
    usage[1, width // 3 : width // 3 + DAY // step] = np.nan
    usage[2, : width // 2] = np.nan
    usage[3] = 0
    return usage


def value(found: object, name: str) -> np.ndarray:
    return found.values[NAMES.index(name)]  # type: ignore[attr-defined, no-any-return]


@settings(max_examples=25)
@given(seed=st.integers(0, 50), column=st.integers(1, 10 * PER_DAY - 1))
def test_the_future_changes_nothing(seed: int, column: int) -> None:
    usage = some_usage(seed)
    other = usage.copy()
    other[:, column:] = 1e6
    moments = Moments(max(1, column - 9), min(10, column))
    one, two = features(usage, STEP, moments), features(other, STEP, moments)
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.base, two.base)
    np.testing.assert_array_equal(one.peak, two.peak)


@settings(max_examples=25)
@given(seed=st.integers(0, 50), first=st.integers(1, 8 * PER_DAY), stride=st.integers(1, 40))
def test_a_moment_alone_is_as_in_company(seed: int, first: int, stride: int) -> None:
    usage = some_usage(seed)
    together = features(usage, STEP, Moments(first, 6, stride))
    for place in range(6):
        column = first + place * stride
        seen = usage[:, max(0, column - 8 * PER_DAY) : column]  # what a history keeps
        alone = features(seen, STEP)
        np.testing.assert_allclose(together.values[:, :, place], alone.values[:, :, 0], rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(together.base[:, place], alone.base[:, 0])
        np.testing.assert_array_equal(together.peak[:, place], alone.peak[:, 0])


@settings(max_examples=25)
@given(seed=st.integers(0, 50), scale=st.sampled_from([0.125, 3.0, 1000.0, 2.0**30]))
def test_size_does_not_matter(seed: int, scale: float) -> None:
    usage, moments = some_usage(seed), Moments(5 * PER_DAY, 20, 30)
    one, two = features(usage, STEP, moments), features(usage * np.float32(scale), STEP, moments)
    # a ratio that lies on a threshold (twice the hour before, a tenth of the peak) may fall to either side of it
    np.testing.assert_allclose(one.values, two.values, atol=2e-3)
    np.testing.assert_allclose(two.base[:3], one.base[:3] + np.log(scale), rtol=1e-5, atol=1e-5)


@steps
def test_rows_are_judged_by_themselves_at_every_step(step: int) -> None:
    usage = some_usage(7, step=step, days=8)
    whole = features(usage, step)
    for row in range(len(usage)):
        single = features(usage[[row]], step)
        np.testing.assert_allclose(single.values[:, 0], whole.values[:, row], atol=1e-5)
    assert np.isfinite(whole.values).all()
    assert np.isfinite(whole.base[:3]).all()


@steps
def test_what_the_numbers_mean(step: int) -> None:
    """A day of 100, an hour of 400 at this time yesterday, and now an hour of 200."""
    hour, width = HOUR // step, 3 * DAY // step
    usage = np.full((1, width), 100.0, np.float32)
    usage[0, width - 24 * hour : width - 23 * hour] = 400
    usage[0, width - hour :] = 200
    found = features(usage, step)
    assert found.base[0, 0] == pytest.approx(np.log(200))
    assert found.peak[0, 0] == 400
    expected = {
        "last": 0.0,
        "max_3h": 0.0,
        "max_1d": np.log(2),
        "yesterday_1h": np.log(2),
        "yesterday_before": -np.log(2),
        "rise_yesterday_1h": np.log(4),
        "last_week_1h": UNKNOWN,
        "hours_p50": -np.log(2),
        "mean_1h": 0.0,
        "age_of_max_1d": 23.0,
    }
    assert {name: float(value(found, name)[0, 0]) for name in expected} == pytest.approx(expected, abs=1e-5)


def test_nothing_known_has_no_base() -> None:
    usage = np.full((3, 8 * PER_DAY), np.nan, np.float32)
    usage[1] = 0
    usage[2, -1] = 5
    found = features(usage, STEP)
    assert np.isnan(found.base[0, 0])
    assert np.isnan(found.peak[0, 0])
    assert np.isfinite(found.base[1:]).all()
    assert np.isfinite(found.values).all()
    assert found.base[2, 0] == pytest.approx(np.log(5))


def test_a_gap_falls_back_on_the_shortest_span_with_a_sample() -> None:
    usage = np.full((1, 3 * PER_DAY), 10.0, np.float32)
    usage[0, -9 * HOUR // STEP :] = np.nan
    usage[0, -12 * HOUR // STEP] = 30  # within the day, not within three hours
    assert features(usage, STEP).base[0, 0] == pytest.approx(np.log(30))


def test_a_throttled_step_counts_as_the_hour_before_and_lowers_nothing() -> None:
    usage = np.full((1, 3 * PER_DAY), 10.0, np.float32)
    usage[0, -8] = 80  # 80 minutes ago: out of the last hour, but before a step that was cut off within it
    usage[0, -3] = 20
    marks = np.zeros(usage.shape, np.bool_)
    marks[0, -3] = True
    free, cut = features(usage, STEP), features(usage, STEP, censored=marks)
    assert free.base[0, 0] == pytest.approx(np.log(20))
    assert cut.base[0, 0] == pytest.approx(np.log(80))  # -8 is within the hour that ends with step -3


def test_outcomes_look_ahead_and_know_what_is_missing() -> None:
    usage = np.full((1, 2 * PER_DAY), 10.0, np.float32)
    hour = HOUR // STEP
    usage[0, PER_DAY + 2] = 40
    usage[0, PER_DAY + hour : PER_DAY + 2 * hour] = np.nan
    moments = Moments(PER_DAY, 2, hour)
    found = features(usage, STEP, moments)
    ahead = outcome(usage, STEP, moments, found.base, found.peak, HOUR)
    assert ahead[0, 0] == pytest.approx(np.log(4))
    assert np.isnan(ahead[0, 1])  # an hour of gaps
    flat = outcome(usage * 0 + 1e-3, STEP, moments, found.base, found.peak, HOUR)
    assert flat[0, 0] == pytest.approx(np.log(FLOOR))  # no lower than what counts as none: 2 % of the peak of 10


def test_the_reach_is_less_than_what_a_history_keeps() -> None:
    assert REACH < 8 * DAY
    assert len(set(NAMES)) == len(NAMES)
