"""Boosted trees as plain arrays, evaluated for all rows at once.

Not node by node: a row's values become small integers (the place among a feature's thresholds), every inner node that
says "right" crosses out the leaves to its left, and the first leaf left over is where the row ends (QuickScorer,
Lucchese et al., SIGIR 2015). All steps are plain arithmetic on whole columns, an order of magnitude faster in numpy than
walking down, and no scikit-learn is needed where trees are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

LEAVES: Final = 32  # most of a tree: as many as a word has bits
BATCH: Final = 2**10  # rows at a time, and
GROUP: Final = 16  # trees at a time: their comparisons stay in the cache


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """k boosted models over the same f features. Node arrays concatenate all trees; a tree has one leaf more than nodes."""

    start: npt.NDArray[np.float32]  # [k] where each model starts from
    model: npt.NDArray[np.int32]  # [trees] which model a tree belongs to
    nodes: npt.NDArray[np.int32]  # [trees] inner nodes of each tree
    feature: npt.NDArray[np.int32]  # [sum nodes]
    threshold: npt.NDArray[np.float32]  # [sum nodes] values up to and including it go left
    crossed: npt.NDArray[np.uint32]  # [sum nodes] leaves, as bits, that a row going right cannot reach
    leaf: npt.NDArray[np.float32]  # [sum (nodes + 1)] from left to right
    _packed: _Packed = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_packed", _Packed.of(self))

    def __call__(self, values: Matrix) -> Matrix:
        """[k, rows] what each model says of ``values`` [f, rows]; features hold no NaN."""
        rows = values.shape[1]
        out = np.empty((len(self.start), rows), np.float32)
        out[:] = self.start[:, None]
        for first in range(0, rows, BATCH):
            batch = slice(first, first + BATCH)
            self._packed.add(values[:, batch], out[:, batch])
        return out

    def plus(self, other: Trees) -> Trees:
        """The sum of both, model by model."""
        if len(self.start) != len(other.start):
            raise ValueError(f"{len(self.start)} models and {len(other.start)} cannot be added")
        names = ("model", "nodes", "feature", "threshold", "crossed", "leaf")
        return Trees(
            start=self.start + other.start,
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Packed:
    """The same trees, each with as many nodes as the largest; nodes that are not there cross nothing out."""

    edges: dict[int, Matrix]  # thresholds of each feature that is asked about, ascending
    model: list[int]  # [trees], ascending
    row: npt.NDArray[np.intp]  # [trees, nodes] which of ``edges``
    place: npt.NDArray[np.unsignedinteger]  # [trees, nodes] of the threshold among them
    bits: npt.NDArray[np.unsignedinteger]  # [trees, nodes]
    leaf: Matrix  # [trees * leaves]
    leaves: int

    @classmethod
    def of(cls, trees: Trees) -> _Packed:
        edges = {int(f): np.unique(trees.threshold[trees.feature == f]) for f in np.unique(trees.feature)}
        most = int(trees.nodes.max(initial=0))
        shape = (len(trees.nodes), most)
        narrow = all(len(values) < 256 for values in edges.values())
        row, place, bits = np.zeros(shape, np.intp), np.zeros(shape, np.int64), np.zeros(shape, np.uint32)
        leaf = np.zeros((len(trees.nodes), most + 1), np.float32)
        order = np.argsort(trees.model, kind="stable")
        tree = np.repeat(np.argsort(order), trees.nodes)  # of each node, in the new order
        node = np.arange(len(trees.feature)) - np.repeat(np.cumsum(trees.nodes) - trees.nodes, trees.nodes)
        for where, (f, values) in enumerate(edges.items()):
            here = trees.feature == f
            row[tree[here], node[here]] = where
            place[tree[here], node[here]] = np.searchsorted(values, trees.threshold[here])
        bits[tree, node] = trees.crossed
        own = np.repeat(np.argsort(order), trees.nodes + 1)
        first = np.repeat(np.cumsum(trees.nodes + 1) - (trees.nodes + 1), trees.nodes + 1)
        leaf[own, np.arange(len(trees.leaf)) - first] = trees.leaf
        return cls(
            edges=edges,
            model=trees.model[order].tolist(),
            row=row,
            place=place.astype(np.uint8 if narrow else np.uint16),
            bits=bits.astype(np.uint16 if most < 16 else np.uint32),
            leaf=leaf.ravel(),
            leaves=most + 1,
        )

    def add(self, values: Matrix, out: Matrix) -> None:
        """Add every tree's leaf to its model's row of ``out`` [k, rows]."""
        if (
            values.shape[1] == 1
        ):  # numpy adds up a lone column in another order, and its last bit would depend on company
            twice = np.repeat(out, 2, axis=1)
            self.add(np.repeat(values, 2, axis=1), twice)
            out[:] = twice[:, :1]
            return
        places = np.empty((max(len(self.edges), 1), values.shape[1]), self.place.dtype)
        for where, (f, edges) in enumerate(self.edges.items()):
            places[where] = np.searchsorted(edges, values[f])
        one = self.bits.dtype.type(1)
        for model, group in self._groups():
            right = places[self.row[group]] > self.place[group][:, :, None]  # [trees, nodes, rows]
            crossed = np.bitwise_or.reduce(right * self.bits[group][:, :, None], axis=1)
            # the first leaf that is not crossed out: all bits below it are set, none at it
            first = np.bitwise_count((~crossed & (crossed + one)) - one)
            begin = np.arange(group.start, group.stop)[:, None] * self.leaves
            out[model] += self.leaf[first + begin].sum(axis=0)

    def _groups(self) -> Iterator[tuple[int, slice]]:
        """Trees of one model, a few at a time."""
        stops = np.append(np.flatnonzero(np.diff(self.model)) + 1, len(self.model)).tolist()
        begin = 0
        for stop in stops:
            for first in range(begin, stop, GROUP):
                yield self.model[first], slice(first, min(first + GROUP, stop))
            begin = stop
