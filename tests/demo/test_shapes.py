from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.demo.shapes import (
    DAY,
    HOUR,
    WEDNESDAY,
    between,
    bursts,
    day,
    every,
    gaps,
    hour_of,
    since,
    weekday_of,
    weekend,
    wobble,
)

MONDAY = int(datetime(2026, 3, 9, tzinfo=UTC).timestamp())  # midnight
WEEK = MONDAY + 300 * np.arange(7 * 288)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_hours_and_weekdays_are_those_of_the_calendar(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    t = np.array([int(moment.timestamp())])
    assert weekday_of(t)[0] == moment.weekday()
    assert hour_of(t)[0] == pytest.approx(moment.hour + moment.minute / 60 + moment.second / 3600)


def test_a_day_has_one_hill_at_its_hour() -> None:
    load = day(WEEK, peak=14.5, width=3.0)
    assert load.max() == pytest.approx(1.0)
    assert hour_of(WEEK[load.argmax() : load.argmax() + 1])[0] == 14.5
    # three hours off: exp(k (cos(pi/4) - 1)) with k = (24 / 6 pi)^2 = 1.621, so exp(-0.4748) = 0.622
    assert load[np.flatnonzero(hour_of(WEEK) == 11.5)[0]] == pytest.approx(0.622, abs=5e-4)


def test_a_hill_goes_round_midnight() -> None:
    load = day(WEEK, peak=23.5, width=2.0)
    hours = hour_of(WEEK)
    assert load[hours == 0.5] == pytest.approx(load[hours == 22.5])


@pytest.mark.parametrize(
    ("load", "windows"),
    [
        pytest.param(between(WEEK, 3, 5), 7 * 24, id="two-hours-every-day"),
        pytest.param(between(WEEK, 3, 5, weekday=WEDNESDAY), 24, id="two-hours-on-wednesday"),
        pytest.param(every(WEEK, HOUR, lasting=600), 7 * 24 * 2, id="ten-minutes-an-hour"),
        pytest.param(since(WEEK, MONDAY + 6 * DAY), 288, id="the-last-day"),
        pytest.param(1 - weekend(WEEK, 0.0), 2 * 288, id="saturday-and-sunday"),
    ],
)
def test_loads_that_are_on_or_off(load: np.ndarray, windows: int) -> None:
    assert set(load) == {0.0, 1.0}
    assert load.sum() == windows


def test_wobble_has_mean_one_and_the_spread_asked_for() -> None:
    t = 300 * np.arange(200_000)
    noise = wobble(t, np.random.default_rng(1), 0.1)
    assert noise.mean() == pytest.approx(1.0, abs=0.005)
    # half the variance is new each time; joining knots keeps on average 2/3 of the other half: sqrt(5/6) = 0.91
    assert np.log(noise).std() == pytest.approx(0.091, abs=0.002)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_shortest_records_are_served(size: int) -> None:
    t = MONDAY + 300 * np.arange(size)
    rng = np.random.default_rng(1)
    assert len(wobble(t, rng, 0.1)) == len(bursts(t, rng, per_day=1, lasting=600)) == size


def test_bursts_come_as_often_as_said_and_end() -> None:
    t = 300 * np.arange(400 * 288)
    load = bursts(t, np.random.default_rng(1), per_day=2, lasting=1800)
    begins = ((load[1:] > 0) & (load[:-1] == 0)).sum()
    assert 0.85 * 800 < begins <= 850  # 800 expected; a few overlap
    assert 0.3 < load.max() <= 1.0
    # six windows a burst, so at most 1 in 24 windows is busy
    assert 0.03 < (load > 0).mean() < 0.043


def test_a_gap_is_not_zero() -> None:
    factor = gaps(WEEK, MONDAY + HOUR, MONDAY + 2 * HOUR)
    assert np.isnan(factor).sum() == 12
    assert np.nanmin(factor) == 1.0
