"""Pinball-boosted trees with scikit-learn, turned into the plain arrays that ``trees`` evaluates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.trees import LEAVES, Trees

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosting:
    """Size of each model; small on purpose: twice the leaves gained nothing that repeated on other sources."""

    trees: int = 100
    leaves: int = 16
    rate: float = 0.1
    least: int = 200  # samples in a leaf
    beyond: float = (
        5.0  # samples that a leaf must expect beyond its quantile: the 0.997 of 200 samples is their maximum
    )
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
    return boosted_on(values, [(target, level) for target in targets for level in levels], how)


def boosted_on(values: Matrix, wanted: Sequence[tuple[Matrix, float]], how: Boosting) -> Trees:
    """One model for each target [rows], NaN where it is not known, and the level that goes with it."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    fitted = []
    for target, level in wanted:
        known = np.isfinite(target)
        model = HistGradientBoostingRegressor(
            loss="quantile",
            quantile=level,
            max_iter=how.trees,
            max_leaf_nodes=how.leaves,
            learning_rate=how.rate,
            min_samples_leaf=max(how.least, round(how.beyond / (1 - level))),
            max_bins=how.bins,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=how.seed,
        )
        fitted.append(model.fit(values[known], target[known]))
    return as_arrays(fitted)


def as_arrays(models: Sequence[Any]) -> Trees:
    """Fitted ``HistGradientBoostingRegressor`` models as ``Trees``.

    Their nodes are no public interface of scikit-learn: a test compares every leaf's sum with what the model itself says.
    """
    start, owner, counts = [], [], []
    grown = _Nodes()
    for place, model in enumerate(models):
        start.append(float(np.ravel(model._baseline_prediction)[0]))  # noqa: SLF001 - there is no public way to the nodes
        for (tree,) in model._predictors:  # noqa: SLF001
            before, leaves = len(grown.feature), len(grown.leaf)
            grown.walk(tree.nodes, 0, leaves)
            if len(grown.leaf) - leaves > LEAVES:
                raise ValueError(f"a tree of {len(grown.leaf) - leaves} leaves; at most {LEAVES} fit into a word")
            counts.append(len(grown.feature) - before)
            owner.append(place)
    return Trees(
        start=np.array(start, np.float32),
        model=np.array(owner, np.int32),
        nodes=np.array(counts, np.int32),
        feature=np.array(grown.feature, np.int32),
        threshold=_below(np.array(grown.threshold, np.float64)),
        crossed=np.array(grown.crossed, np.uint32),
        leaf=np.array(grown.leaf, np.float32),
    )


@dataclass(slots=True)
class _Nodes:
    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    crossed: list[int] = field(default_factory=list)
    leaf: list[float] = field(default_factory=list)

    def walk(self, nodes: Any, at: int, first_leaf: int) -> None:
        """Left to right; a node's left leaves are known once its left side has been walked."""
        node = nodes[at]
        if node["is_leaf"]:
            self.leaf.append(float(node["value"]))
            return
        mine, first = len(self.feature), len(self.leaf)
        self.feature.append(int(node["feature_idx"]))
        self.threshold.append(float(node["num_threshold"]))
        self.crossed.append(0)
        self.walk(nodes, node["left"], first_leaf)
        self.crossed[mine] = sum(1 << (leaf - first_leaf) for leaf in range(first, len(self.leaf)))
        self.walk(nodes, node["right"], first_leaf)


def _below(thresholds: npt.NDArray[np.float64]) -> Matrix:
    """The largest float32 not above each: exactly the float32 values that went left still do."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)
