"""Watched objects as the facts that the brain reasons about: pods with their workloads, nodes.

What cannot be read (a quantity that is none) leaves one object out, with a reason, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from vpa_inplace.domain import pods as domain
from vpa_inplace.domain.errors import QuantityError
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Skip
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.pods import (
    Condition,
    ContainerSpec,
    ContainerStatus,
    Node,
    Pod,
    PodSpec,
)
from vpa_inplace.observe.kubernetes.reading import (
    CLASSES,
    MIRROR,
    OS_LABEL,
    amounts,
    init_kind,
    last_kill,
    restarting,
    system_of,
)

REVISION_LABELS: Final = (
    "leaderworkerset.sigs.k8s.io/template-revision-hash",  # first: its pods have a StatefulSet's as well, one a group
    "rollouts-pod-template-hash",  # Argo Rollouts
    "pod-template-hash",  # Deployments
    "controller-revision-hash",  # StatefulSets, DaemonSets
)
LEAVING_TAINTS: Final = {
    "ToBeDeletedByClusterAutoscaler": "the cluster autoscaler removes it",
    "DeletionCandidateOfClusterAutoscaler": "the cluster autoscaler may remove it",
    "karpenter.sh/disrupted": "Karpenter replaces it",
    "karpenter.sh/disruption": "Karpenter replaces it",  # before Karpenter 1.0
    "node.kubernetes.io/out-of-service": "it is out of service",
    "node.cloudprovider.kubernetes.io/shutdown": "it is being shut down",
    "cloud.google.com/impending-node-termination": "the cloud takes it back",
    "aws-node-termination-handler/spot-itn": "the cloud takes it back",
}
"""Taints of those who take nodes away, and what each means."""


class PodFacts:
    """Pods of tick after tick; one that has not changed is the same object as before, so a tick costs what changed.

    A pod's facts change with its object, with its workload, and with the operating system that its node tells of.
    """

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._known: dict[str, _Known] = {}

    def of(
        self, pods: Iterable[Pod], tops: Mapping[str, Top], systems: Mapping[str, str], skips: list[Skip]
    ) -> tuple[domain.Pod, ...]:
        """Facts of the pods that are not over; ``systems``: operating systems by node."""
        known: dict[str, _Known] = {}
        keys: dict[WorkloadKey, WorkloadKey] = {}  # the pods of a workload share its key
        found: list[domain.Pod] = []
        for pod in pods:
            uid = pod.metadata.uid
            before, top, system = self._known.get(uid), tops[uid], systems.get(pod.spec.node_name or "", "")
            if before is None or before.pod is not pod or not before.still(top, system):
                key = top.key(self._cluster)
                try:
                    before = _Known(pod, system, pod_of(pod, keys.setdefault(key, key), systems))
                except QuantityError as error:
                    skips.append(Skip(f"{pod.metadata.namespace}/{pod.metadata.name}", "UnreadablePod", str(error)))
                    continue
            known[uid] = before
            if before.fact.live:
                found.append(before.fact)
        self._known = known
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Known:
    pod: Pod
    system: str
    fact: domain.Pod

    def still(self, top: Top, system: str) -> bool:
        workload = self.fact.workload
        return self.system == system and workload.name == top.name and workload.kind == top.kind


def pod_of(pod: Pod, workload: WorkloadKey, systems: Mapping[str, str] = {}) -> domain.Pod:
    """One pod of a workload; ``systems``: operating systems by node.

    Raises:
        QuantityError: one of its amounts is no quantity.
    """
    metadata, spec, status = pod.metadata, pod.spec, pod.status
    containers = tuple(_containers(pod))
    labels = metadata.labels or {}
    return domain.Pod(
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        workload=workload,
        containers=containers,
        qos=CLASSES.get(status.qos_class or "") or domain.qos_of(containers),
        phase=status.phase,
        node=spec.node_name or None,
        os=system_of(spec, systems),
        static=MIRROR in (metadata.annotations or {}),
        created=metadata.creation_timestamp,
        terminating=metadata.deletion_timestamp is not None,
        priority=spec.priority or 0,
        claims=_claims(spec),
        revision=next((labels[name] for name in REVISION_LABELS if name in labels), ""),
        resource_version=metadata.resource_version or None,
        generation=metadata.generation,
        observed_generation=status.observed_generation,
        resize=_resize(status.conditions) if status.conditions else _QUIET,
    )


def _claims(spec: PodSpec) -> bool:
    containers = (*spec.containers, *(spec.init_containers or ()))
    return any(one.resources is not None and one.resources.claims for one in containers)


def _resize(conditions: Iterable[Condition]) -> domain.ResizeStatus:
    """Both conditions may stand at once: a resize under way, and a newer one that waits behind it."""
    told = {one.type: one for one in conditions if one.status == "True"}
    pending, running = told.get("PodResizePending"), told.get("PodResizeInProgress")
    newest = pending or running
    if newest is None:
        return _QUIET
    return domain.ResizeStatus(
        pending=(pending.reason or "Deferred") if pending is not None else "",
        in_progress=running is not None,
        failing=running is not None and running.reason == "Error",
        message=newest.message or "",
        since=newest.last_transition_time,
    )


_QUIET: Final = domain.ResizeStatus()


def _containers(pod: Pod) -> Iterator[domain.Container]:
    """In the order of the spec, sidecars and init containers last."""
    spec, status = pod.spec, pod.status
    told = {one.name: one for one in status.container_statuses or ()}
    for one in spec.containers:
        yield _container(one, domain.ContainerKind.APP, told.get(one.name))
    if not spec.init_containers:
        return
    told = {one.name: one for one in status.init_container_statuses or ()}
    for one in spec.init_containers:
        yield _container(one, init_kind(one), told.get(one.name))


def _container(spec: ContainerSpec, kind: domain.ContainerKind, status: ContainerStatus | None) -> domain.Container:
    """A container with what the kubelet tells of it; of one that it has not told of, nothing is in force."""
    resources, told = spec.resources, status or ContainerStatus(spec.name)
    running = told.state.running if told.state is not None else None
    actual = told.resources
    return domain.Container(
        name=spec.name,
        kind=kind,
        requests=amounts(resources.requests if resources else None),
        limits=amounts(resources.limits if resources else None),
        restart_on_resize=restarting(spec.resize_policy),
        restarts=told.restart_count,
        image=told.image_id,
        started=running.started_at if running is not None else None,
        ready=told.ready,
        last_oom=last_kill((told.state, told.last_state)),
        allocated=None if told.allocated_resources is None else amounts(told.allocated_resources),
        actual_requests=None if actual is None else amounts(actual.requests),
        actual_limits=None if actual is None else amounts(actual.limits),
    )


# ------------------------------------------------------------------------------------------------------------ nodes


@dataclass(slots=True)
class NodeFacts:
    """Nodes by name, and what runs on them."""

    nodes: dict[str, domain.Node] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node], skips: list[Skip]) -> NodeFacts:
        found = cls()
        for node in nodes:
            name = node.metadata.name
            found.systems[name] = (node.metadata.labels or {}).get(
                OS_LABEL, ""
            ) or node.status.node_info.operating_system
            try:
                found.nodes[name] = _node(node)
            except QuantityError as error:
                skips.append(Skip(f"node {name}", "UnreadableNode", str(error)))
        return found


def _node(node: Node) -> domain.Node:
    told = {one.type: one.status for one in node.status.conditions or ()}
    return domain.Node(
        name=node.metadata.name,
        allocatable=amounts(node.status.allocatable),
        unschedulable=bool(node.spec.unschedulable),
        ready=told.get("Ready") == "True",
        pressure=frozenset(name for name, status in told.items() if name.endswith("Pressure") and status == "True"),
        leaving="; ".join(_leaving(node)),
        version=_version(node.status.node_info.kubelet_version),
    )


def _leaving(node: Node) -> Iterator[str]:
    if node.metadata.deletion_timestamp is not None:
        yield "it is being deleted"
    for taint in node.spec.taints or ():
        if taint.key in LEAVING_TAINTS:
            yield LEAVING_TAINTS[taint.key]


def _version(kubelet: str) -> tuple[int, int] | None:
    """(1, 36) of v1.36.3-gke.100."""
    parts = kubelet.removeprefix("v").split(".")
    if len(parts) < 2 or not (parts[0].isdigit() and parts[1].isdigit()):
        return None
    return int(parts[0]), int(parts[1])
