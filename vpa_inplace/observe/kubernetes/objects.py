"""The fields of Kubernetes objects that we read; everything else in the JSON is passed over."""

from __future__ import annotations

from datetime import datetime

import msgspec


class _Object(msgspec.Struct, rename="camel"):
    """Kubernetes spells fields in camelCase and writes null for what is empty."""


class OwnerReference(_Object):
    kind: str
    name: str
    controller: bool | None = None


class Metadata(_Object):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None


class Resources(_Object):
    requests: dict[str, str] | None = None
    limits: dict[str, str] | None = None


class ResizePolicy(_Object):
    resource_name: str
    restart_policy: str


class ContainerSpec(_Object):
    name: str
    resources: Resources | None = None
    restart_policy: str | None = None
    resize_policy: list[ResizePolicy] | None = None


class PodOs(_Object):
    name: str = "linux"


class PodSpec(_Object):
    containers: list[ContainerSpec]
    init_containers: list[ContainerSpec] | None = None
    node_name: str | None = None
    os: PodOs | None = None
    node_selector: dict[str, str] | None = None


class Terminated(_Object):
    reason: str | None = None
    finished_at: datetime | None = None


class ContainerState(_Object):
    terminated: Terminated | None = None


class ContainerStatus(_Object):
    name: str
    restart_count: int = 0
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class PodStatus(_Object):
    phase: str = "Unknown"
    qos_class: str | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class PodObject(_Object):
    metadata: Metadata
    spec: PodSpec
    status: PodStatus = msgspec.field(default_factory=PodStatus)


class OwnedObject(_Object):
    """A ReplicaSet, a Job: only who owns it."""

    metadata: Metadata


class NodeMetadata(Metadata):
    labels: dict[str, str] | None = None


class NodeSpec(_Object):
    unschedulable: bool | None = None


class NodeStatus(_Object):
    allocatable: dict[str, str] | None = None


class NodeObject(_Object):
    metadata: NodeMetadata
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)
