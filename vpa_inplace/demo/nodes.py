"""Nodes for the demo's pods, and which pod runs where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.pods import Node, Pod
from vpa_inplace.domain.resource import Resource

GI: Final = 2**30
FULL: Final = 0.7  # of a pool's allocatable that requests may take before it gets another node


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes of one size; there are never fewer than ``least`` of them."""

    prefix: str
    least: int
    allocatable: Amounts


POOLS: Final[Mapping[str, Pool]] = {
    "gpu": Pool("gpu", 2, Amounts(63_500, 480 * GI)),
    "pool": Pool("pool", 3, Amounts(15_500, 60 * GI)),
}


def place(pods: Sequence[tuple[str, Pod]]) -> tuple[list[str], tuple[Node, ...]]:
    """The node of each ``(pool, pod)``, in order, and all nodes.

    A pod goes where the least is asked for, as the scheduler's default spreads them; a DaemonSet's pods go one to each
    node in turn. Finished pods hold nothing.
    """
    nodes = {name: _nodes(pool, [p for where, p in pods if where == name]) for name, pool in POOLS.items()}
    asked = {node.name: 0.0 for group in nodes.values() for node in group}
    daemons: dict[str, int] = {}
    places = []
    for where, pod in pods:
        group = nodes[where]
        if pod.workload.kind == "DaemonSet":
            turn = daemons[pod.workload.name] = daemons.get(pod.workload.name, -1) + 1
            node = group[turn % len(group)].name
        else:
            node = min(group, key=lambda node: asked[node.name]).name
        asked[node] += _share(pod, POOLS[where])
        places.append(node)
    return places, tuple(node for group in nodes.values() for node in group)


def _nodes(pool: Pool, pods: Sequence[Pod]) -> list[Node]:
    count = max(pool.least, ceil(sum(_share(pod, pool) for pod in pods) / FULL))
    return [Node(name=f"{pool.prefix}-{i + 1}", allocatable=pool.allocatable) for i in range(count)]


def _share(pod: Pod, pool: Pool) -> float:
    """The larger of the shares of a node's CPU and memory that a pod asks for."""
    if pod.phase != "Running":
        return 0.0
    return max(
        sum((c.requests.get(r) or 0) for c in pod.containers if c.sized) / (pool.allocatable.get(r) or 1)
        for r in Resource
    )
