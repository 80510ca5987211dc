"""Prices rise while a promise is broken, fall while there is room, and never run away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import rows_of_names
from vpa_inplace.domain.dials import Dials
from vpa_inplace.recommend.dials import DAY, OWN, RESIZE, SHORTAGE, START, Seen, turn

THREE = rows_of_names("a", "b", "c")
RISK, BUDGET = np.full(3, 0.01), np.full(3, 8.0)
STEP = 300.0


def seen(*short: float, resized: tuple[bool, ...] = (), seconds: float = STEP) -> Seen:
    n = len(short)
    return Seen(seconds=seconds, short=np.array(short), resized=np.array(resized or (False,) * n))


def after(ticks: int, what: Seen, dials: Dials | None = None, risk: np.ndarray = RISK) -> Dials:
    dials = dials or Dials.new(THREE)
    for _ in range(ticks):
        dials = turn(dials, what, risk, BUDGET)
    return dials


def test_one_short_tick_of_one_row() -> None:
    dials = after(1, seen(1, 0, 0))
    day = STEP / DAY
    # excesses are 1 / 0.01 - 1 = 99, -1, -1: 97 / 3 on average; gains are 0.6 and 0.02 a day
    assert dials.shortage[0] == pytest.approx(0.6 * day * 97 / 3)
    np.testing.assert_allclose(dials.own, 0.02 * day * np.array([99, -1, -1]))
    # nobody resized, of eight a day: the price falls by half a unit a day
    assert dials.resize[0] == pytest.approx(np.log(0.2) - 0.5 * day)


@pytest.mark.parametrize(
    ("n", "short", "excess"),
    [
        # one of three at a risk of 0.001 is an excess of 1000 / 3 - 1; two rows short count in full
        pytest.param(3, 1, 1000 / 3 - 1, id="small-fleet-one"),
        pytest.param(3, 3, 2 * 1000 / 3, id="small-fleet-all"),
        pytest.param(100, 10, 99, id="large-fleet-some"),
        pytest.param(100, 100, 200, id="large-fleet-all"),
    ],
)
def test_a_bad_moment_counts_in_part(n: int, short: int, excess: float) -> None:
    rows = rows_of_names(*map(str, range(n)))
    what = seen(*[1.0] * short, *[0.0] * (n - short))
    dials = turn(Dials.new(rows), what, np.full(n, 0.001), np.full(n, 8.0))
    assert dials.shortage[0] == pytest.approx(0.6 * STEP / DAY * excess)


def test_a_resize_raises_its_price() -> None:
    one = after(1, seen(0, 0, 0, resized=(True, False, False)))
    # one of three rows in 1/288 of a day is 96 a container-day, 12 times the budget
    assert one.resize[0] == pytest.approx(np.log(0.2) + 0.5 / 288 * 11)


@pytest.mark.parametrize(
    ("what", "shortage", "own", "resize"),
    [
        pytest.param(seen(1, 1, 1, resized=(True,) * 3), SHORTAGE[1], OWN, RESIZE[1], id="always-short-always-resized"),
        pytest.param(seen(0, 0, 0), SHORTAGE[0], -OWN, RESIZE[0], id="never"),
    ],
)
def test_a_promise_that_cannot_be_kept_winds_nothing_up(what: Seen, shortage: float, own: float, resize: float) -> None:
    dials = after(130 * 288, what)
    assert np.exp(dials.shortage[0]) == pytest.approx(shortage / START)
    np.testing.assert_allclose(dials.own, own)
    assert np.exp(dials.resize[0]) == pytest.approx(resize)


def test_a_row_that_nobody_saw_teaches_nothing() -> None:
    whole, part = after(5, seen(1, 0, np.nan)), after(5, seen(1, 0, np.nan, resized=(False, False, True)))
    assert part.own[2] == whole.own[2] == 0
    np.testing.assert_array_equal(whole.resize, part.resize)
    silent = after(5, seen(np.nan, np.nan, np.nan))
    np.testing.assert_array_equal(silent.shortage, Dials.new(THREE).shortage)


@pytest.mark.parametrize("seconds", [0.0, -60.0])
def test_no_time_no_turn(seconds: float) -> None:
    assert after(3, seen(1, 1, 1, seconds=seconds)).shortage[0] == 0


def test_a_long_pause_counts_as_an_hour() -> None:
    one, two = after(1, seen(1, 0, 0, seconds=3600)), after(1, seen(1, 0, 0, seconds=10 * DAY))
    np.testing.assert_array_equal(one.shortage, two.shortage)


def test_each_row_answers_to_its_own_risk() -> None:
    dials = after(1, seen(0.05, 0.05, 0.05), risk=np.array([0.5, 0.05, 0.005]))
    assert dials.own[0] < dials.own[1] == 0 < dials.own[2]


@pytest.mark.parametrize("risk", [0.0, 1.0])
@pytest.mark.parametrize("budget", [0.0, np.inf])
def test_the_ends_of_the_scale(risk: float, budget: float) -> None:
    dials = Dials.new(THREE)
    for short in (0.0, 1.0):
        dials = turn(dials, seen(short, short, short, resized=(True,) * 3), np.full(3, risk), np.full(3, budget))
    assert all(np.isfinite(x).all() for x in dials.arrays().values())


def test_an_empty_fleet() -> None:
    none = rows_of_names()
    dials = turn(Dials.new(none), seen(), np.empty(0), np.empty(0))
    assert dials.own.shape == (0,)


def test_rows_come_and_go() -> None:
    dials = after(7, seen(1, 0, 0))
    moved = dials.on(rows_of_names("c", "x", "a"))
    by_name = dict(zip("abc", dials.own, strict=True))
    names = [key.workload.name for key in moved.rows]
    np.testing.assert_array_equal(moved.own, [by_name.get(name, 0.0) for name in names])
    assert moved.shortage == dials.shortage
    assert dials.on(THREE) is dials


@settings(max_examples=30)
@given(seed=st.integers(0, 99), cut=st.integers(0, 40))
def test_saved_and_restored_it_goes_on_as_if_never_stopped(seed: int, cut: int) -> None:
    dice = np.random.default_rng(seed)
    ticks = [seen(*dice.integers(0, 2, 3).astype(float), resized=tuple(dice.random(3) < 0.1)) for _ in range(40)]
    whole = stopped = Dials.new(THREE)
    for i, what in enumerate(ticks):
        if i == cut:
            stopped = Dials.restored(THREE, stopped.arrays())
        whole, stopped = turn(whole, what, RISK, BUDGET), turn(stopped, what, RISK, BUDGET)
    for name, values in whole.arrays().items():
        np.testing.assert_array_equal(values, stopped.arrays()[name])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"own": np.zeros(2)}, id="other-rows"),
        pytest.param({"owed": np.full(3, np.nan)}, id="no-numbers"),
        pytest.param({"resize": None}, id="missing"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, np.ndarray]) -> None:
    arrays = {k: v for k, v in (Dials.new(THREE).arrays() | change).items() if v is not None}
    with pytest.raises(ValueError, match=next(iter(change))):
        Dials.restored(THREE, arrays)


def test_settings_run_side_by_side_as_they_would_alone() -> None:
    both = Dials.new(THREE, 2)
    risk = np.array([[0.01] * 3, [0.2] * 3])
    what = seen(1, 0, 0)
    for _ in range(9):
        both = turn(both, what, risk, BUDGET)
    for place in range(2):
        alone = after(9, what, risk=risk[place])
        np.testing.assert_allclose(both.own[place], alone.own)
        np.testing.assert_allclose(both.shortage[place], alone.shortage)
