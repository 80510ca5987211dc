"""Pods, their containers and their nodes, as read from Kubernetes or from kube-state-metrics."""

from __future__ import annotations

from collections.abc import Iterable
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
class ResizeStatus:
    """What the kubelet says of a pod's latest resize, in the pod's conditions; empty where it says nothing."""

    pending: str = ""  # reason of PodResizePending: Deferred or Infeasible
    in_progress: bool = False
    failing: bool = False  # PodResizeInProgress with reason Error
    message: str = ""
    since: datetime | None = None

    @property
    def quiet(self) -> bool:
        return not (self.pending or self.in_progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a pod."""

    name: str
    kind: ContainerKind = ContainerKind.APP
    requests: Amounts = Amounts()
    limits: Amounts = Amounts()
    restart_on_resize: frozenset[Resource] = frozenset()  # resizePolicy RestartContainer
    restarts: int = 0
    image: str = ""  # as it runs, with its digest; what a container needs belongs to it
    started: datetime | None = None
    ready: bool = True
    last_oom: datetime | None = None
    allocated: Amounts | None = None  # requests that the kubelet has set aside; None where it does not say
    actual_requests: Amounts | None = None  # what the runtime runs it with
    actual_limits: Amounts | None = None

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
    terminating: bool = False
    priority: int = 0
    claims: bool = False  # some container uses a ResourceClaim (DRA)
    revision: str = ""  # of the template it was made from: pod-template-hash or controller-revision-hash
    resource_version: str | None = None
    generation: int | None = None  # of the spec
    observed_generation: int | None = None  # that the kubelet has seen; not told before Kubernetes 1.34
    resize: ResizeStatus = ResizeStatus()

    @property
    def live(self) -> bool:
        """Whether there is still something to size."""
        return self.phase not in {"Succeeded", "Failed"}

    def key(self, container: Container) -> ContainerKey:
        return ContainerKey(self.workload, container.name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What a node can give away, and how it is."""

    name: str
    allocatable: Amounts
    unschedulable: bool = False
    ready: bool = True
    pressure: frozenset[str] = frozenset()  # MemoryPressure, DiskPressure, PIDPressure
    leaving: str = ""  # why it is on its way out: a taint or an annotation of a drain, an upgrade, a scale-down
    version: tuple[int, int] | None = None  # of its kubelet, as (1, 36)


def qos_of(containers: Iterable[Container]) -> QosClass:
    """The class that Kubernetes would compute for these containers."""
    return qos_with((container.requests, container.limits) for container in containers)


def qos_with(amounts: Iterable[tuple[Amounts, Amounts]]) -> QosClass:
    """The class of a pod whose containers have these requests and limits.

    Source: k8s.io/kubernetes/pkg/apis/core/helper/qos ComputePodQOS: BestEffort without any positive CPU or memory
    request or limit; Guaranteed when every container (init containers too) has both limits and requests equal to them.
    """
    some, guaranteed = False, True
    for requests, limits in amounts:
        for request, limit in ((requests.cpu, limits.cpu), (requests.memory, limits.memory)):
            some |= bool(request or limit)
            # an absent request defaults to the limit in the API server
            guaranteed &= bool(limit) and request in (None, limit)
    if not some:
        return QosClass.BEST_EFFORT
    return QosClass.GUARANTEED if guaranteed else QosClass.BURSTABLE
