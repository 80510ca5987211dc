"""Pods and nodes as the controller keeps them in memory: what discovery reads, and what a resize leaves in them.

Objects form trees, never cycles, so the garbage collector need not walk them (``gc=False``): with 30,000 pods it would
do little else.
"""

from __future__ import annotations

from datetime import datetime
from sys import intern
from typing import Final, Protocol

import msgspec

from vpa_inplace.observe.kubernetes import objects

KEPT_ANNOTATIONS: Final = ("kubernetes.io/config.mirror", "vpa-inplace.io/", "autoscaling.keda.sh/")
"""Beginnings of the annotations that mean something to us; the others may hold whole manifests."""
KEPT_CONDITIONS: Final = frozenset({"Ready", "PodResizePending", "PodResizeInProgress"})
"""Of a pod's conditions, of which there are five or more."""

Quantities = dict[str, str]


class Part(msgspec.Struct, rename="camel", gc=False):
    """Kubernetes spells fields in camelCase and writes null for lists and maps that are empty."""


class OwnerReference(objects.OwnerReference, gc=False):
    api_version: str = "v1"
    uid: str = ""


class ObjectMeta(objects.Metadata, gc=False):
    labels: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None  # type: ignore[assignment]  # a list of more, and never written
    generation: int | None = None

    def __post_init__(self) -> None:
        self.namespace = intern(self.namespace)
        if self.annotations:
            kept = {name: text for name, text in self.annotations.items() if name.startswith(KEPT_ANNOTATIONS)}
            self.annotations = kept or None
        if self.labels:  # the pods of a workload share theirs
            self.labels = {name: intern(text) for name, text in self.labels.items()}

    @property
    def controller(self) -> OwnerReference | None:
        """The one owner that manages this object."""
        return next((owner for owner in self.owner_references or () if owner.controller), None)


class Watched(Protocol):
    """What every kind has."""

    @property
    def metadata(self) -> ObjectMeta: ...


class Object(Part):
    """The beginning of a kind."""

    metadata: ObjectMeta


class Condition(Part):
    type: str
    status: str = "Unknown"
    reason: str | None = None
    message: str | None = None
    last_transition_time: datetime | None = None
    observed_generation: int | None = None


# ------------------------------------------------------------------------------------------------------------- pods


class Claim(Part):
    name: str = ""


class Resources(objects.Resources, gc=False):
    claims: list[Claim] | None = None


class ContainerSpec(objects.ContainerSpec, gc=False):
    resources: Resources | None = None

    def __post_init__(self) -> None:
        self.name = intern(self.name)


class PodSpec(objects.PodSpec, gc=False):
    containers: list[ContainerSpec]  # type: ignore[assignment]
    init_containers: list[ContainerSpec] | None = None  # type: ignore[assignment]
    resources: Resources | None = None  # of the pod as a whole (KEP-2837)
    overhead: Quantities | None = None
    priority: int | None = None

    def __post_init__(self) -> None:
        if self.node_name:
            self.node_name = intern(self.node_name)


class Running(Part):
    started_at: datetime | None = None


class Terminated(objects.Terminated, gc=False):
    exit_code: int | None = None


class ContainerState(objects.ContainerState, gc=False):
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(objects.ContainerStatus, gc=False):
    state: ContainerState | None = None
    last_state: ContainerState | None = None
    ready: bool = False
    started: bool | None = None
    image_id: str = msgspec.field(name="imageID", default="")
    resources: Resources | None = None  # in force
    allocated_resources: Quantities | None = None  # set aside by the kubelet

    def __post_init__(self) -> None:
        self.name = intern(self.name)
        self.image_id = intern(self.image_id)


class PodStatus(objects.PodStatus, gc=False):
    container_statuses: list[ContainerStatus] | None = None  # type: ignore[assignment]
    init_container_statuses: list[ContainerStatus] | None = None  # type: ignore[assignment]
    conditions: list[Condition] | None = None  # those of KEPT_CONDITIONS
    observed_generation: int | None = None  # of the spec that the kubelet has seen; not told before Kubernetes 1.34

    def __post_init__(self) -> None:
        self.phase = intern(self.phase)
        if self.conditions:
            self.conditions = [one for one in self.conditions if one.type in KEPT_CONDITIONS] or None


class Pod(objects.PodObject, gc=False):
    metadata: ObjectMeta
    spec: PodSpec
    status: PodStatus = msgspec.field(default_factory=PodStatus)


# ------------------------------------------------------------------------------------------------------------ nodes


class Taint(Part):
    key: str
    effect: str
    value: str = ""


class NodeSpec(objects.NodeSpec, gc=False):
    taints: list[Taint] | None = None


class NodeInfo(Part):
    kubelet_version: str = ""
    operating_system: str = ""


class NodeStatus(objects.NodeStatus, gc=False):
    capacity: Quantities | None = None
    conditions: list[Condition] | None = None  # Ready, MemoryPressure, DiskPressure, PIDPressure, ...
    node_info: NodeInfo = msgspec.field(default_factory=NodeInfo)
    declared_features: list[str] | None = None  # from Kubernetes 1.35 on


class Node(objects.NodeObject, gc=False):
    metadata: ObjectMeta  # type: ignore[assignment]
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)
