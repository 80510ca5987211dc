"""What a pod lives among: quotas and limits of its namespace, other autoscalers, the state of its workload, our rights.

All of it is optional knowledge: what could not be observed is absent, and each guard says what absence means to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One ResourceQuota: what a namespace may ask for in all, and what it asks for now."""

    namespace: str
    name: str
    hard_requests: Amounts = Amounts()
    hard_limits: Amounts = Amounts()
    used_requests: Amounts = Amounts()
    used_limits: Amounts = Amounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRange:
    """One item of a LimitRange: bounds of what each container, or each pod, of a namespace may have."""

    namespace: str
    name: str
    per_pod: bool = False  # of a pod's containers together; else of each container
    minimum: Amounts = Amounts()
    maximum: Amounts = Amounts()
    max_ratio: Mapping[Resource, float] = field(default_factory=dict)  # limit / request
    default_limits: Amounts = Amounts()  # the API server adds them to a container without, also on a resize
    default_requests: Amounts = Amounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hpa:
    """A HorizontalPodAutoscaler of a workload."""

    workload: WorkloadKey
    name: str
    utilization: Mapping[Resource, frozenset[str]] = field(default_factory=dict)
    """Resources on whose utilisation (usage / request) it scales, with the containers it looks at; empty: all of them."""
    settled: bool = True  # current replicas are the desired ones
    scaled_by: str = ""  # the object that made it, such as ScaledObject/web of KEDA

    def scales_on(self, resource: Resource, container: str) -> bool:
        """Whether it divides this container's usage by its request, so that another request looks like other load."""
        watched = self.utilization.get(resource)
        return watched is not None and (not watched or container in watched)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignVpa:
    """A VerticalPodAutoscaler that is not ours to serve, and acts."""

    workload: WorkloadKey
    name: str
    mode: str  # its updateMode


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadState:
    """How far a workload is from what it wants to be."""

    workload: WorkloadKey
    desired: int = 0
    updated: int = 0
    ready: int = 0
    observed: bool = True  # its controller has seen its newest spec
    paused: bool = False

    @property
    def rolling(self) -> bool:
        """Whether pods of a new revision are replacing old ones, or are about to."""
        return not self.observed or self.updated < self.desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What the API server offers and we may do there."""

    resize: bool = True  # pods/resize is served
    patch: bool = True  # and we may patch it
    reason: str = ""  # a sentence, where one of them is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything about pods that is not in them; each map lacks what was not seen."""

    quotas: Mapping[str, tuple[Quota, ...]] = field(default_factory=dict)  # by namespace
    limit_ranges: Mapping[str, tuple[LimitRange, ...]] = field(default_factory=dict)  # by namespace
    hpas: Mapping[WorkloadKey, tuple[Hpa, ...]] = field(default_factory=dict)
    vpas: Mapping[WorkloadKey, tuple[ForeignVpa, ...]] = field(default_factory=dict)
    workloads: Mapping[WorkloadKey, WorkloadState] = field(default_factory=dict)
    capability: Capability = Capability()
    unseen: Mapping[str, str] = field(default_factory=dict)  # kinds that could not be looked at, and why
    paused: str = ""  # who has pulled the kill switch and why, as its ConfigMap says; empty: nobody
    braked: str = ""  # what harm recent shrinks have done, if it is more than is taken for chance; a sentence
    all_pods: bool = False  # whether the pods of the snapshot are all there are on its nodes
    pods_seen_at: datetime | None = None  # when pods were last known to be current
