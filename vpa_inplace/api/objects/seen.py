"""What is known of the cluster when objects are judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vpa_inplace.domain.keys import ContainerKey, Index, WorkloadKey
from vpa_inplace.domain.pods import Pod
from vpa_inplace.workload.owners import Owners


@dataclass(frozen=True, kw_only=True)
class Seen:
    """``workloads``: all there are, with or without pods; ``None``: that cannot be known."""

    cluster: str
    rows: Index
    pods: tuple[Pod, ...]
    workloads: Collection[WorkloadKey] | None = None
    owners: Owners = field(default_factory=dict)

    @cached_property
    def pods_of(self) -> Mapping[WorkloadKey, tuple[Pod, ...]]:
        """Live pods of each workload that has some."""
        found: dict[WorkloadKey, list[Pod]] = {}
        for pod in self.pods:
            if pod.live:
                found.setdefault(pod.workload, []).append(pod)
        return {workload: tuple(pods) for workload, pods in found.items()}

    @cached_property
    def rows_of(self) -> Mapping[WorkloadKey, tuple[ContainerKey, ...]]:
        """Sized containers of each workload that has some."""
        found: dict[WorkloadKey, list[ContainerKey]] = {}
        for key in self.rows:
            found.setdefault(key.workload, []).append(key)
        return {workload: tuple(keys) for workload, keys in found.items()}
