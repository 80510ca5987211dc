"""Pinball-boosted trees with scikit-learn, turned into the plain arrays that ``trees`` evaluates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.trees import LEAVES, Trees

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosting:
    """Size of each model; small on purpose: larger ones gained 0.01 of slack at three times the cost."""

    trees: int = 60
    leaves: int = 12
    rate: float = 0.15
    least: int = 200  # samples in a leaf
    bins: int = 128
    seed: int = 1


def boosted(values: Matrix, targets: Sequence[Matrix], levels: Sequence[float], how: Boosting) -> Trees:
    """One model for each target and level, targets outermost.

    Args:
        values: [rows, f] features without NaN.
        targets: each [rows], NaN where it is not known.
        levels: quantiles in (0, 1).
        how: size and speed of the boosting.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    fitted = []
    for target in targets:
        known = np.isfinite(target)
        x, y = values[known], target[known]
        for level in levels:
            model = HistGradientBoostingRegressor(
                loss="quantile",
                quantile=level,
                max_iter=how.trees,
                max_leaf_nodes=how.leaves,
                learning_rate=how.rate,
                min_samples_leaf=how.least,
                max_bins=how.bins,
                l2_regularization=1.0,
                early_stopping=False,
                random_state=how.seed,
            )
            fitted.append(model.fit(x, y))
    return as_arrays(fitted)


def as_arrays(models: Sequence[Any]) -> Trees:
    """Fitted ``HistGradientBoostingRegressor`` models as ``Trees``."""
    start, owner, counts = [], [], []
    features: list[int] = []
    thresholds: list[float] = []
    crossed: list[int] = []
    leaves: list[float] = []
    for place, model in enumerate(models):
        start.append(float(np.ravel(model._baseline_prediction)[0]))
        for (tree,) in model._predictors:
            before = len(features)
            _walk(tree.nodes, 0, features, thresholds, crossed, leaves_here := [])
            if len(leaves_here) > LEAVES:
                raise ValueError(f"a tree of {len(leaves_here)} leaves; at most {LEAVES} fit into a word")
            leaves.extend(leaves_here)
            counts.append(len(features) - before)
            owner.append(place)
    return Trees(
        start=np.array(start, np.float32),
        model=np.array(owner, np.int32),
        nodes=np.array(counts, np.int32),
        feature=np.array(features, np.int32),
        threshold=_below(np.array(thresholds)),
        crossed=np.array(crossed, np.uint32),
        leaf=np.array(leaves, np.float32),
    )


def _below(thresholds: npt.NDArray[np.float64]) -> Matrix:
    """The largest float32 not above each: exactly the float32 values that went left still do."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)


def _walk(
    nodes: Any, at: int, features: list[int], thresholds: list[float], crossed: list[int], leaves: list[float]
) -> None:
    """Left to right; a node's left leaves are known once its left side has been walked."""
    node = nodes[at]
    if node["is_leaf"]:
        leaves.append(float(node["value"]))
        return
    mine, first = len(features), len(leaves)
    features.append(int(node["feature_idx"]))
    thresholds.append(float(node["num_threshold"]))
    crossed.append(0)
    _walk(nodes, node["left"], features, thresholds, crossed, leaves)
    crossed[mine] = sum(1 << leaf for leaf in range(first, len(leaves)))
    _walk(nodes, node["right"], features, thresholds, crossed, leaves)
