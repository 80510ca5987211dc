"""Pods, their containers and their nodes, as read from Kubernetes or from kube-state-metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import ContainerKey, WorkloadKey
from vpa_inplace.domain.resource import Resource


class ContainerKind(StrEnum):
    """Where a container stands in the pod; ordinary init containers are over before there is anything to size."""

    APP = "container"
    SIDECAR = "sidecar"  # an init container with restartPolicy Always (native sidecar)
    INIT = "init"


class QosClass(StrEnum):
    GUARANTEED = "Guaranteed"
    BURSTABLE = "Burstable"
    BEST_EFFORT = "BestEffort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a pod."""

    name: str
    kind: ContainerKind = ContainerKind.APP
    requests: Amounts = Amounts()
    limits: Amounts = Amounts()
    restart_on_resize: frozenset[Resource] = frozenset()  # resizePolicy RestartContainer
    restarts: int = 0
    last_oom: datetime | None = None

    @property
    def sized(self) -> bool:
        return self.kind is not ContainerKind.INIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A live pod; ``workload`` is its topmost controller (the pod itself where it has none)."""

    namespace: str
    name: str
    uid: str
    workload: WorkloadKey
    containers: tuple[Container, ...]
    qos: QosClass
    phase: str = "Running"
    node: str | None = None
    os: str = "linux"
    static: bool = False  # a mirror pod of a file on the node
    created: datetime | None = None
    resource_version: str | None = None

    def key(self, container: Container) -> ContainerKey:
        return ContainerKey(self.workload, container.name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What a node can give away."""

    name: str
    allocatable: Amounts
    unschedulable: bool = False


def qos_of(containers: tuple[Container, ...]) -> QosClass:
    """The class that Kubernetes would compute for these requests and limits.

    Source: k8s.io/kubernetes/pkg/apis/core/helper/qos ComputePodQOS: BestEffort without any positive CPU or memory
    request or limit; Guaranteed when every container (init containers too) has both limits and requests equal to them.
    """
    amounts = [a.get(r) for c in containers for a in (c.requests, c.limits) for r in Resource]
    if not any(amounts):
        return QosClass.BEST_EFFORT
    for container in containers:
        for resource in Resource:
            limit = container.limits.get(resource)
            request = container.requests.get(resource)
            # an absent request defaults to the limit in the API server
            if not limit or (request is not None and request != limit):
                return QosClass.BURSTABLE
    return QosClass.GUARANTEED
