"""The laws of a priced size: more risk never more size, k times the usage k times the size, and the cheapest point of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import rows_of_names
from vpa_inplace.domain.dials import Dials
from vpa_inplace.forecast.curves import Curves, weights_of
from vpa_inplace.recommend.priced import LEVELS, REGROW, shortage_price, targets

KNOTS = (0.5, 0.9, 0.98, 0.997)
ROWS = rows_of_names(*"abcdef")
N = len(ROWS)


def some_curves(seed: int) -> Curves:
    dice = np.random.default_rng(seed)
    base = dice.normal(4, 2, N).astype(np.float32)
    return Curves.of(
        dice.normal(0, 0.6, (8, N)).astype(np.float32),
        base=base,
        peak=np.exp(base + dice.exponential(1, N)).astype(np.float32),
        heads=(3600, 10800),
        levels=KNOTS,
    )


def some_dials(seed: int) -> Dials:
    dice = np.random.default_rng(seed)
    return replace(Dials.new(ROWS), own=dice.normal(0, 1, N), shortage=dice.normal(0, 1, 1))


seeds = st.integers(0, 200)


@settings(max_examples=50)
@given(seed=seeds, low=st.floats(0, 1), high=st.floats(0, 1))
def test_more_risk_never_more_size(seed: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    curves, dials = some_curves(seed), some_dials(seed)
    careful, bold = (targets(curves, dials, np.full(N, risk)) for risk in (low, high))
    assert (bold.hold <= careful.hold).all()
    assert (bold.early <= careful.early).all()
    assert (careful.early <= careful.hold).all()


@settings(max_examples=50)
@given(seed=seeds, scale=st.sampled_from([1e-3, 0.5, 16.0, 1e6]))
def test_k_times_the_usage_k_times_the_size(seed: int, scale: float) -> None:
    curves, dials = some_curves(seed), some_dials(seed)
    larger = replace(curves, base=curves.base + np.float32(np.log(scale)), peak=curves.peak * np.float32(scale))
    one, two = (targets(c, dials, np.full(N, 0.01)) for c in (curves, larger))
    # float32 logs: two points of nearly the same price may change places, so nearly all rows agree to a part in 10^4
    agree = np.isclose(two.hold, one.hold * scale, rtol=1e-4)
    assert agree.sum() >= N - 1


@settings(max_examples=20)
@given(seed=seeds)
def test_it_is_the_cheapest_of_all_levels(seed: int) -> None:
    curves, dials, risk = some_curves(seed), some_dials(seed), np.full(N, 0.003)
    amounts = curves.amounts(1, weights_of(KNOTS, LEVELS)).astype(np.float64)
    price = shortage_price(curves.peak, dials, risk) + REGROW * np.exp(dials.resize) * np.exp(curves.base)
    cost = amounts + price[:, None] * (1 - np.array(LEVELS))
    # where a stretch of the curve is flat, its highest level counts: it costs no more
    same = np.isclose(amounts, targets(curves, dials, risk).hold[:, None], rtol=1e-6)
    assert same.any(axis=1).all()
    np.testing.assert_allclose(np.where(same, cost, np.inf).min(axis=1), cost.min(axis=1), rtol=1e-5)


def test_half_way_between_own_and_fleet() -> None:
    curves = replace(some_curves(1), peak=np.array([1, 4, 4, 4, 4, 7], np.float32))  # 4 on average
    price = shortage_price(curves.peak, Dials.new(ROWS), np.full(N, 0.0055))
    # own peak times sqrt(4 / peak): 1 * 2, 4 * 1, 7 * sqrt(4 / 7)
    np.testing.assert_allclose(price, [2, 4, 4, 4, 4, np.sqrt(28)], rtol=1e-6)


def test_a_fleet_of_giants_moves_a_dwarf_by_no_more_than_four() -> None:
    peak = np.array([1e-3, 1e6], np.float32)
    price = shortage_price(peak, Dials.new(rows_of_names("a", "b")), np.full(2, 0.0055))
    assert price[0] == pytest.approx(4e-3)


def test_nothing_known_has_no_size() -> None:
    curves = some_curves(2)
    for array in (curves.base, curves.peak):
        array[1] = np.nan
    found = targets(curves, Dials.new(ROWS), np.full(N, 0.01))
    assert np.isnan(found.hold[1])
    assert np.isnan(found.early[1])
    assert np.isfinite(np.delete(found.hold, 1)).all()
    for array in (curves.base, curves.peak):
        array[:] = np.nan
    assert np.isnan(targets(curves, Dials.new(ROWS), np.full(N, 0.01)).hold).all()
