"""Maxima and means of windows against the slow way of taking them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpa_inplace.forecast.windows import NOTHING, Moments, Peaks, Sums


def some_values(seed: int, n: int = 3, width: int = 90) -> np.ndarray:
    dice = np.random.default_rng(seed)
    values = dice.integers(0, 1000, (n, width)).astype(np.float32)
    values[dice.random(values.shape) < 0.3] = NOTHING
    return values


@settings(max_examples=60)
@given(
    seed=st.integers(0, 20),
    first=st.integers(-30, -1),
    width=st.integers(1, 30),
    count=st.integers(1, 12),
    stride=st.integers(1, 4),
)
def test_windows_are_what_slices_say(seed: int, first: int, width: int, count: int, stride: int) -> None:
    values, moments, stop = some_values(seed), Moments(30, count, stride), first + width
    columns = range(30, 30 + count * stride, stride)
    known = values >= 0
    peaks = Peaks.of(values, 40).between(moments, first, stop)
    np.testing.assert_array_equal(peaks, np.stack([values[:, c + first : c + stop].max(axis=1) for c in columns], 1))
    for alone in {False, count == 1}:
        means = Sums.of(values, known, alone=alone).mean(moments, first, stop)
        for place, c in enumerate(columns):
            window = np.ma.masked_less(values[:, c + first : c + stop], 0)
            np.testing.assert_allclose(means[:, place], window.mean(axis=1).filled(NOTHING), rtol=1e-6)


@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 40])
def test_every_window_of_a_width(width: int) -> None:
    values = some_values(1)
    slow = np.stack([values[:, c : c + width].max(axis=1) for c in range(values.shape[1] - width + 1)], axis=1)
    np.testing.assert_array_equal(Peaks.of(values, 40).every(width), slow)
