"""Who a pod belongs to: the topmost controller above it, whatever lies between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.keys import WorkloadKey

MAX_DEPTH: Final = 8  # a chain longer than this is a loop: Kubernetes' own are at most three


@dataclass(frozen=True, slots=True)
class Ref:
    """An object of a namespace by kind and name."""

    kind: str
    name: str


Owners = Mapping[tuple[str, Ref], Ref]
"""(namespace, object): its controller. Objects without one are left out."""


def topmost(cluster: str, namespace: str, pod: str, owners: Owners) -> WorkloadKey:
    """The workload of a pod: Deployment above ReplicaSet, CronJob above Job, RayCluster, ...; a bare pod is its own."""
    ref = Ref("Pod", pod)
    for _ in range(MAX_DEPTH):
        above = owners.get((namespace, ref))
        if above is None:
            break
        ref = above
    return WorkloadKey(cluster, namespace, ref.kind, ref.name)
