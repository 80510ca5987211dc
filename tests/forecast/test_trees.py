"""Crossing out leaves ends where walking down the tree ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpa_inplace.forecast.trees import LEAVES, Trees

FEATURES = 5


@dataclass
class Grown:
    """A random forest in both forms: arrays, and nested tuples (feature, threshold, left, right) to walk down."""

    seed: int
    leaves: int
    count: int = 4
    arrays: dict[str, list[float]] = field(
        default_factory=lambda: {"feature": [], "threshold": [], "crossed": [], "leaf": []}
    )
    nested: list[object] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = np.random.default_rng(self.seed)
        for _ in range(self.count):
            before = len(self.arrays["feature"])
            self.first_leaf = len(self.arrays["leaf"])
            self.nested.append(self._grow(self.leaves))
            self.nodes.append(len(self.arrays["feature"]) - before)

    def _grow(self, leaves: int) -> object:
        if leaves == 1:
            self.arrays["leaf"].append(float(np.float32(self.dice.normal())))
            return self.arrays["leaf"][-1]
        mine = len(self.arrays["feature"])
        feature, threshold = int(self.dice.integers(FEATURES)), float(self.dice.integers(-2, 3))
        for name, number in (("feature", feature), ("threshold", threshold), ("crossed", 0)):
            self.arrays[name].append(number)
        on_left = int(self.dice.integers(1, leaves))
        begin = len(self.arrays["leaf"]) - self.first_leaf
        left = self._grow(on_left)
        self.arrays["crossed"][mine] = sum(1 << (begin + k) for k in range(on_left))
        return (feature, threshold, left, self._grow(leaves - on_left))

    def trees(self) -> Trees:
        model = np.arange(self.count) % 2  # trees of two models, in turn
        kinds = {"feature": np.int32, "threshold": np.float32, "crossed": np.uint32, "leaf": np.float32}
        return Trees(
            start=np.array([1.0, -1.0], np.float32),
            model=model.astype(np.int32),
            nodes=np.array(self.nodes, np.int32),
            **{name: np.array(self.arrays[name], kind) for name, kind in kinds.items()},
        )

    def walked(self, row: np.ndarray) -> list[float]:
        sums = [1.0, -1.0]
        for place, tree in enumerate(self.nested):
            node = tree
            while isinstance(node, tuple):
                feature, threshold, left, right = node
                node = left if row[feature] <= threshold else right
            sums[place % 2] += float(node)  # type: ignore[arg-type]
        return sums


@settings(max_examples=60)
@given(seed=st.integers(0, 999), leaves=st.one_of(st.integers(1, LEAVES), st.sampled_from([1, 2, 16, 17, 32])))
def test_every_row_ends_in_the_leaf_it_walks_to(seed: int, leaves: int) -> None:
    grown = Grown(seed, leaves)
    # whole numbers, so that many values lie exactly on a threshold: those go left
    values = np.random.default_rng(seed).integers(-4, 5, (FEATURES, 40)).astype(np.float32)
    expected = np.array([grown.walked(values[:, i]) for i in range(40)]).T
    np.testing.assert_allclose(grown.trees()(values), expected, rtol=1e-5, atol=1e-5)


def test_batches_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    trees, values = Grown(3, 12).trees(), np.random.default_rng(1).normal(size=(FEATURES, 100)).astype(np.float32)
    whole = trees(values)
    monkeypatch.setattr("vpa_inplace.forecast.trees.BATCH", 7)
    np.testing.assert_array_equal(trees(values), whole)
    assert trees(values[:, :0]).shape == (2, 0)


def test_a_sum_says_the_sum() -> None:
    values = np.random.default_rng(1).normal(size=(FEATURES, 60)).astype(np.float32)
    one, two = Grown(1, 16).trees(), Grown(2, 20, count=6).trees()
    np.testing.assert_allclose(one.plus(two)(values), one(values) + two(values), atol=1e-5)
    with pytest.raises(ValueError, match="cannot be added"):
        one.plus(
            Trees(
                **{n: getattr(two, n) for n in ("model", "nodes", "feature", "threshold", "crossed", "leaf")},
                start=np.zeros(3, np.float32),
            )
        )
