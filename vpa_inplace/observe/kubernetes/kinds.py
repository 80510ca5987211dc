"""The kinds of objects that are kept in memory, and where each is listed. A new kind is a struct and a line in ``KINDS``.

Structs carry Kubernetes' own names.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from vpa_inplace.observe.kubernetes.kind import Kind
from vpa_inplace.observe.kubernetes.pods import Condition, Node, Object, Part, Pod, Quantities

# -------------------------------------------------------------------------------------------- workloads, outermost last


class WorkloadSpec(Part):
    """Of every kind of workload; each has some of these."""

    replicas: int | None = None
    paused: bool | None = None  # Deployment
    suspend: bool | None = None  # Job, CronJob
    parallelism: int | None = None  # Job
    completions: int | None = None  # Job


class WorkloadStatus(Part):
    """Of every kind of workload; zeros are left out by the API server."""

    observed_generation: int | None = None
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    desired_number_scheduled: int = 0  # DaemonSet, as the next three
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    current_revision: str = ""  # StatefulSet, as the next
    update_revision: str = ""
    active: Any = 0  # Job: a number; CronJob: references to its jobs
    ready: int = 0  # Job, as the next two
    succeeded: int = 0
    failed: int = 0
    conditions: list[Condition] | None = None


class Workload(Object):
    """An object that pods belong to, near or far."""

    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)
    status: WorkloadStatus = msgspec.field(default_factory=WorkloadStatus)


class ReplicaSet(Workload):
    """One revision of a Deployment, mostly."""


class Deployment(Workload):
    """Replaces its pods, revision by revision."""


class StatefulSet(Workload):
    """Pods with names that last."""


class DaemonSet(Workload):
    """A pod on each node."""


class Job(Workload):
    """Pods that come to an end."""


class CronJob(Workload):
    """Jobs by the clock."""


# --------------------------------------------------------------------------------------------------- other autoscalers


class TargetRef(Part):
    kind: str
    name: str
    api_version: str | None = None


class MetricTarget(Part):
    type: str = ""  # Utilization, AverageValue, Value
    average_utilization: int | None = None  # per cent of the request
    average_value: str | None = None
    value: str | None = None


class ResourceMetric(Part):
    name: str  # cpu, memory, ...
    target: MetricTarget = msgspec.field(default_factory=MetricTarget)
    container: str | None = None  # of a ContainerResource metric


class MetricSpec(Part):
    type: str  # Resource, ContainerResource, Pods, Object, External
    resource: ResourceMetric | None = None
    container_resource: ResourceMetric | None = None


class HpaSpec(Part):
    scale_target_ref: TargetRef
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: list[MetricSpec] | None = None


class HpaStatus(Part):
    current_replicas: int = 0
    desired_replicas: int = 0
    observed_generation: int | None = None
    last_scale_time: datetime | None = None
    conditions: list[Condition] | None = None


class HorizontalPodAutoscaler(Object):
    spec: HpaSpec
    status: HpaStatus = msgspec.field(default_factory=HpaStatus)


class Trigger(Part):
    type: str  # cpu, memory, prometheus, cron, ...
    metric_type: str | None = None
    metadata: dict[str, Any] | None = None


class ScaledObjectSpec(Part):
    scale_target_ref: dict[str, Any]  # name; apiVersion and kind where it is no Deployment
    min_replica_count: int | None = None
    max_replica_count: int | None = None
    idle_replica_count: int | None = None
    triggers: list[Trigger] | None = None


class ScaledObjectStatus(Part):
    hpa_name: str | None = None
    paused_replica_count: int | None = None


class ScaledObject(Object):
    """KEDA's; it drives an HPA of its own, and scales to nothing by itself."""

    spec: ScaledObjectSpec
    status: ScaledObjectStatus = msgspec.field(default_factory=ScaledObjectStatus)


class ContainerPolicy(Part):
    container_name: str = "*"
    mode: str | None = None
    controlled_resources: list[str] | None = None
    controlled_values: str | None = None
    min_allowed: dict[str, Any] | None = None
    max_allowed: dict[str, Any] | None = None


class UpdatePolicy(Part):
    update_mode: str | None = None
    min_replicas: int | None = None


class ResourcePolicy(Part):
    container_policies: list[ContainerPolicy] | None = None


class Recommender(Part):
    name: str


class VpaSpec(Part):
    target_ref: TargetRef | None = None
    update_policy: UpdatePolicy | None = None
    resource_policy: ResourcePolicy | None = None
    recommenders: list[Recommender] | None = None


class VerticalPodAutoscaler(Object):
    """Upstream's."""

    spec: VpaSpec = msgspec.field(default_factory=VpaSpec)


class InPlacePodAutoscaler(Object):
    """Ours. What users wrote, as they wrote it: whoever reads it says what is wrong with it."""

    spec: dict[str, Any] = msgspec.field(default_factory=dict)
    status: dict[str, Any] | None = None


class ResizeState(Object):
    """Ours: the ledger of one workload."""

    spec: dict[str, Any] = msgspec.field(default_factory=dict)
    status: dict[str, Any] | None = None


# -------------------------------------------------------------------------------------------------------- namespaces


class LimitRangeItem(Part):
    type: str  # Container, Pod, PersistentVolumeClaim
    max: Quantities | None = None
    min: Quantities | None = None
    default: Quantities | None = None
    default_request: Quantities | None = None
    max_limit_request_ratio: Quantities | None = None


class LimitRangeSpec(Part):
    limits: list[LimitRangeItem] | None = None


class LimitRange(Object):
    spec: LimitRangeSpec = msgspec.field(default_factory=LimitRangeSpec)


class ScopedSelector(Part):
    match_expressions: list[dict[str, Any]] | None = None


class QuotaSpec(Part):
    hard: Quantities | None = None
    scopes: list[str] | None = None
    scope_selector: ScopedSelector | None = None


class QuotaStatus(Part):
    hard: Quantities | None = None  # that the quota controller has seen
    used: Quantities | None = None


class ResourceQuota(Object):
    spec: QuotaSpec = msgspec.field(default_factory=QuotaSpec)
    status: QuotaStatus = msgspec.field(default_factory=QuotaStatus)


class Namespace(Object):
    """Its labels; terminating ones have a deletion timestamp."""


class ConfigMap(Object):
    data: dict[str, str] | None = None


KINDS: Final[tuple[Kind[Any], ...]] = (
    Kind("v1", "Pod", "pods", Pod),
    Kind("v1", "Node", "nodes", Node, namespaced=False),
    Kind("v1", "Namespace", "namespaces", Namespace, namespaced=False),
    Kind("v1", "LimitRange", "limitranges", LimitRange),
    Kind("v1", "ResourceQuota", "resourcequotas", ResourceQuota),
    Kind("v1", "ConfigMap", "configmaps", ConfigMap, by_name_only=True),
    Kind("apps/v1", "ReplicaSet", "replicasets", ReplicaSet),
    Kind("apps/v1", "Deployment", "deployments", Deployment),
    Kind("apps/v1", "StatefulSet", "statefulsets", StatefulSet),
    Kind("apps/v1", "DaemonSet", "daemonsets", DaemonSet),
    Kind("batch/v1", "Job", "jobs", Job),
    Kind("batch/v1", "CronJob", "cronjobs", CronJob),
    Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", HorizontalPodAutoscaler),
    Kind("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers", VerticalPodAutoscaler),
    Kind("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", ScaledObject),
    Kind("autoscaling.vpa-inplace.io/v1alpha1", "InPlacePodAutoscaler", "inplacepodautoscalers", InPlacePodAutoscaler),
    Kind("autoscaling.vpa-inplace.io/v1alpha1", "ResizeState", "resizestates", ResizeState),
)
"""Every kind that may be watched."""
