"""A correction learns what is peculiar to a cluster, and leaves the model alone where there is nothing to learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpa_inplace.forecast.learn.boost import Boosting, boosted
from vpa_inplace.forecast.learn.refit import corrected
from vpa_inplace.forecast.learn.sample import Sample
from vpa_inplace.forecast.model import Model

LEVELS = (0.5, 0.9)


def some_sample(count: int, seed: int, shift: float = 0.0) -> Sample:
    dice = np.random.default_rng(seed)
    values = dice.normal(size=(count, 4)).astype(np.float32)
    target = values[:, 0] + dice.normal(0, 0.3, count) + shift * (values[:, 1] > 0)
    return Sample(values=values, targets=target[None].astype(np.float32))


@pytest.fixture(scope="module")
def pooled() -> Model:
    sample = some_sample(8000, 0)
    how = Boosting(trees=30, leaves=8, least=50)
    return Model(trees=boosted(sample.values, list(sample.targets), LEVELS, how), heads=(3600,), levels=LEVELS)


def share_below(model: Model, sample: Sample) -> np.ndarray:
    said = model.trees(np.ascontiguousarray(sample.values.T))
    return (sample.targets <= said).mean(axis=1)


def test_a_peculiar_cluster_is_learned(pooled: Model) -> None:
    own, later = some_sample(6000, 1, shift=1.0), some_sample(6000, 2, shift=1.0)
    before, after = share_below(pooled, later), share_below(corrected(pooled, own), later)
    assert (before < np.array(LEVELS) - 0.1).all()
    np.testing.assert_allclose(after, LEVELS, atol=0.03)


def test_little_teaches_nothing(pooled: Model) -> None:
    assert corrected(pooled, some_sample(500, 1)) is pooled
    unknown = some_sample(6000, 1)
    assert corrected(pooled, replace(unknown, targets=unknown.targets * np.nan)) is pooled
