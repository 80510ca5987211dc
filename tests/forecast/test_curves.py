"""Curves never cross and run straight in -log(1 - level)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.forecast.curves import Curves, weights_of

KNOTS = (0.5, 0.9, 0.99)


def curves_of(ratio: np.ndarray) -> Curves:
    n = ratio.shape[1]
    return Curves.of(
        ratio.astype(np.float32),
        base=np.log(np.full(n, 100, np.float32)),
        peak=np.full(n, 300, np.float32),
        heads=(3600, 10800),
        levels=KNOTS,
    )


@given(seed=st.integers(0, 99))
def test_levels_and_heads_never_cross(seed: int) -> None:
    curves = curves_of(np.random.default_rng(seed).normal(size=(6, 5)))
    assert (np.diff(curves.ratio, axis=2) >= 0).all()
    assert (np.diff(curves.ratio, axis=0) >= 0).all()
    levels = (0.1, 0.5, 0.7, 0.9, 0.95, 0.99, 0.9999)
    amounts = curves.amounts(1, weights_of(KNOTS, levels))
    assert (amounts[:, 1:] >= amounts[:, :-1] * (1 - 1e-5)).all()


def test_the_longer_head_is_kept_where_heads_cross() -> None:
    # 1 h says (0, 1, 2), 3 h says (0.5, 0.7, 3): only at 0.9 the hour asks for more, and yields
    curves = curves_of(np.array([[0.0], [1.0], [2.0], [0.5], [0.7], [3.0]]))
    np.testing.assert_allclose(curves.ratio[:, 0], [[0.0, 0.7, 2.0], [0.5, 0.7, 3.0]])


@pytest.mark.parametrize(
    ("level", "value"),
    [
        pytest.param(0.5, 0.0, id="a-knot"),
        pytest.param(0.9, 1.0, id="another-knot"),
        # -log(1 - level) is log 2 at 0.5 and log 10 at 0.9; half way, at log sqrt(20), the level is 1 - 1 / sqrt(20)
        pytest.param(1 - 20**-0.5, 0.5, id="between"),
        # from 0.9 to 0.99 the value rises by 1 for log 10; another log 10 further it has risen by 1 again
        pytest.param(0.999, 3.0, id="beyond"),
        # 0.2 lies log(0.8 / 0.5) below 0.5, on a line that rises by 1 for log 5
        pytest.param(0.2, np.log(0.5 / 0.8) / np.log(5), id="below"),
    ],
)
def test_between_and_beyond_the_knots(level: float, value: float) -> None:
    curves = curves_of(np.array([[0.0], [1.0], [2.0]] * 2))
    amount = curves.amounts(0, weights_of(KNOTS, (level,)))
    assert amount[0, 0] == pytest.approx(100 * np.exp(value), rel=1e-5)
