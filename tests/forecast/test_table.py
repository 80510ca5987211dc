"""The table knows nothing at first and asks for much; then it says what it has seen."""

from __future__ import annotations

import numpy as np
import pytest

from vpa_inplace.forecast.features import NAMES
from vpa_inplace.forecast.past import UNKNOWN
from vpa_inplace.forecast.table import AXES, SHAPE, Table, cells_of

HEADS, LEVELS = (3600, 10800), (0.5, 0.9, 0.98, 0.997)


def moments(count: int, **features: float) -> np.ndarray:
    values = np.zeros((len(NAMES), count), np.float32)
    for name, value in features.items():
        values[NAMES.index(name)] = value
    return values


def empty() -> Table:
    return Table.empty(HEADS, LEVELS)


def test_an_empty_table_guesses_widely() -> None:
    said = empty()(moments(1))[:, 0]
    # the guess is exponential of scale 0.7: the level q is reached at -0.7 log(1 - q); it ends at 5, so that its tail is a little short
    expected = [-0.7 * np.log(1 - level) for level in LEVELS] * 2
    np.testing.assert_allclose(said, expected, atol=0.2)


def test_it_learns_what_it_is_shown() -> None:
    dice = np.random.default_rng(0)
    targets = np.stack([dice.normal(0.2, 0.05, 20_000), dice.normal(0.4, 0.05, 20_000)])
    said = empty().absorbed(moments(20_000), targets, days=1)(moments(1))[:, 0].reshape(2, 4)
    # of a normal distribution: the median, and 1.28 deviations above it; 100 counts of the guess in 20,000 shift little
    np.testing.assert_allclose(said[:, 0], [0.2, 0.4], atol=0.02)
    np.testing.assert_allclose(said[:, 1], [0.264, 0.464], atol=0.02)


def test_cells_that_saw_little_lean_on_their_kind() -> None:
    calm, wild = moments(5000, excess_top4=0.0), moments(5000, excess_top4=3.0)
    table = empty().absorbed(calm, np.full((2, 5000), 0.01), days=1).absorbed(wild, np.full((2, 5000), 2.0), days=1)
    unseen = {"max_1d": 3.0, "mean_15m": -1.0}
    at = {kind: table(moments(1, excess_top4=kind, **unseen))[0, 0] for kind in (0.0, 3.0)}
    assert at[0.0] == pytest.approx(0.01, abs=0.05)
    assert at[3.0] == pytest.approx(2.0, abs=0.3)


def test_what_is_old_fades() -> None:
    table = empty()
    for target in (2.0, 0.0):
        table = table.absorbed(moments(1000), np.full((2, 1000), target), days=210)  # ten half lives
    assert table(moments(1))[0, 0] < 0.1


def test_levels_never_cross_and_outcomes_that_are_missing_count_nothing() -> None:
    dice = np.random.default_rng(3)
    values = dice.normal(0, 1, (len(NAMES), 3000)).astype(np.float32)
    targets = dice.normal(0, 2, (2, 3000))
    targets[:, ::3] = np.nan
    table = empty().absorbed(values, targets, days=1)
    assert table.counts.sum() == 2 * 2000
    assert (np.diff(table(values).reshape(2, 4, -1), axis=1) >= 0).all()


def test_every_class_has_its_cell() -> None:
    axes = [[-9.0, *(border + 1e-3 for border in borders)] for _, borders in AXES]
    found = set()
    for name, values in zip((name for name, _ in AXES), axes, strict=True):
        for value in [*values, UNKNOWN]:
            found.add((name, int(cells_of(moments(1, **{name: value}))[0])))
    assert max(cell for _, cell in found) < np.prod(SHAPE) == 1176
