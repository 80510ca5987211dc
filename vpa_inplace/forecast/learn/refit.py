"""A shipped model corrected by a cluster's own past: small trees on what the shipped ones got wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vpa_inplace.forecast.learn.boost import Boosting, boosted_on
from vpa_inplace.forecast.learn.sample import Sample
from vpa_inplace.forecast.model import Model
from vpa_inplace.forecast.trees import Trees

LITTLE = Boosting(trees=30, leaves=16, rate=0.1, beyond=10.0)
"""Few trees with large leaves: a cluster's past is one past, what was learned from many stays the better part."""
FEWEST = 2000  # samples below which nothing is corrected


def corrected(model: Model, own: Sample, how: Boosting = LITTLE) -> Model:
    """The model plus trees on its errors at every head and level; the model itself where there is too little to learn from.

    Args:
        model: one of trees.
        own: moments of this cluster whose outcomes have passed.
        how: size and speed of the correction.
    """
    if not isinstance(model.trees, Trees) or np.isfinite(own.targets).sum(axis=1).min(initial=FEWEST) < FEWEST:
        return model
    levels = [(head, level) for head in range(len(model.heads)) for level in model.levels]
    said = model.trees(np.ascontiguousarray(own.values.T))
    errors = [(own.targets[head] - said[place], level) for place, (head, level) in enumerate(levels)]
    return replace(model, trees=model.trees.plus(boosted_on(own.values, errors, how)))
