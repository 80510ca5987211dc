"""What scikit-learn has fitted says the same as plain arrays, and the sample it learns from is an honest one."""

from __future__ import annotations

import io

import numpy as np
import pytest

from vpa_inplace.forecast.artefact import Artefact, Card, dump, load
from vpa_inplace.forecast.features import NAMES
from vpa_inplace.forecast.learn.boost import Boosting, as_arrays, boosted
from vpa_inplace.forecast.learn.sample import Sample, sample
from vpa_inplace.forecast.model import Model
from vpa_inplace.history.history import HOUR


def some_rows(count: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    values = dice.normal(size=(count, 6)).astype(np.float32)
    noise = dice.normal(size=count).astype(np.float32)
    return values, values[:, 0] + np.abs(values[:, 1]) * noise


@pytest.mark.parametrize("leaves", [2, 12, 16, 24])
def test_arrays_say_what_scikit_learn_says(leaves: int) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    values, target = some_rows()
    models = [
        HistGradientBoostingRegressor(loss="quantile", quantile=q, max_iter=8, max_leaf_nodes=leaves, random_state=1)
        for q in (0.5, 0.95)
    ]
    said = np.stack([model.fit(values, target).predict(values) for model in models])
    np.testing.assert_allclose(as_arrays(models)(values.T.copy()), said, atol=1e-5)


def test_quantiles_cover_what_they_say() -> None:
    values, target = some_rows(12_000)
    fresh, outcome = some_rows(12_000, seed=1)
    how = Boosting(trees=40, leaves=6, least=50)
    said = boosted(values, [target, np.where(target > 0, target, np.nan)], (0.5, 0.9), how)(fresh.T.copy())
    assert said.shape == (4, 12_000)
    # 12,000 draws: a standard deviation of 0.005 at 0.5; fitting adds about as much again
    assert (outcome <= said[0]).mean() == pytest.approx(0.5, abs=0.03)
    assert (outcome <= said[1]).mean() == pytest.approx(0.9, abs=0.02)
    positive = outcome > 0  # the second target is known where it is positive, and is learned from there
    assert (outcome[positive] <= said[3][positive]).mean() == pytest.approx(0.9, abs=0.04)


def test_the_same_sample_gives_the_same_bytes() -> None:
    values, target = some_rows()
    written = []
    for _ in range(2):
        trees = boosted(np.tile(values, 11)[:, : len(NAMES)], [target], (0.5, 0.9), Boosting(trees=3, leaves=4))
        card = Card(name="t", about="t", heads=(HOUR,), levels=(0.5, 0.9), features=NAMES)
        file = io.BytesIO()
        dump(Artefact(card, Model(trees=trees, heads=(HOUR,), levels=(0.5, 0.9))), file)
        written.append(file.getvalue())
    assert written[0] == written[1]
    assert load(io.BytesIO(written[0])).card.name == "t"


def test_a_sample_is_spread_over_rows_and_time() -> None:
    dice = np.random.default_rng(0)
    usage = dice.lognormal(3, 1, (20, 12 * 24 * 10)).astype(np.float32)
    usage[3] = np.nan
    usage[4, :1000] = np.nan
    got = sample(usage, 300, (HOUR, 3 * HOUR), 500, np.random.default_rng(1))
    assert got.values.shape == (500, len(NAMES))
    assert got.targets.shape == (2, 500)
    assert np.isfinite(got.values).all()
    again = sample(usage, 300, (HOUR, 3 * HOUR), 500, np.random.default_rng(1))
    np.testing.assert_array_equal(got.values, again.values)
    # the longer span contains the shorter one
    both = np.isfinite(got.targets).all(axis=0)
    assert both.sum() > 400
    assert (got.targets[1][both] >= got.targets[0][both]).all()
    joined = Sample.joined([got, again])
    assert (joined.values.shape[0], joined.targets.shape[1]) == (1000, 1000)
