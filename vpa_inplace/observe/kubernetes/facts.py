"""Watched objects as the facts that the brain reasons about: pods with their workloads, nodes.

What cannot be read (a quantity that is none) leaves one object out, with a reason, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from vpa_inplace.domain import pods as domain
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import QuantityError
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.quantity import parse_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.pods import (
    Condition,
    ContainerSpec,
    ContainerStatus,
    Node,
    Pod,
    Quantities,
)

MIRROR: Final = "kubernetes.io/config.mirror"
OS_LABEL: Final = "kubernetes.io/os"
REVISION_LABELS: Final = ("pod-template-hash", "controller-revision-hash")  # Deployments; StatefulSets and DaemonSets
LEAVING_TAINTS: Final = {
    "ToBeDeletedByClusterAutoscaler": "the cluster autoscaler removes it",
    "DeletionCandidateOfClusterAutoscaler": "the cluster autoscaler may remove it",
    "karpenter.sh/disrupted": "Karpenter replaces it",
    "node.kubernetes.io/out-of-service": "it is out of service",
    "node.cloudprovider.kubernetes.io/shutdown": "it is being shut down",
}
"""Taints of those who take nodes away, and what each means."""


class PodFacts:
    """Pods of tick after tick; one that has not changed is the same object as before, so a tick costs what changed."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._known: dict[str, _Known] = {}

    def of(
        self, pods: Iterable[Pod], tops: Mapping[str, Top], systems: Mapping[str, str], skips: list[Skip]
    ) -> tuple[domain.Pod, ...]:
        """Facts of the pods that are not over; ``systems``: operating systems by node."""
        known, found = {}, []
        for pod in pods:
            uid = pod.metadata.uid
            before, top = self._known.get(uid), tops[uid]
            if before is None or before.pod is not pod or before.top != top:
                try:
                    before = _Known(pod, top, pod_of(pod, top.key(self._cluster), systems))
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
    top: Top
    fact: domain.Pod


def pod_of(pod: Pod, workload: WorkloadKey, systems: Mapping[str, str] = {}) -> domain.Pod:
    """One pod of a workload; ``systems``: operating systems by node.

    Raises:
        QuantityError: one of its amounts is no quantity.
    """
    metadata, spec, status = pod.metadata, pod.spec, pod.status
    statuses = {one.name: one for one in (*(status.container_statuses or ()), *(status.init_container_statuses or ()))}
    containers = tuple(
        _container(one, kind, statuses.get(one.name))
        for one, kind in (
            *((one, domain.ContainerKind.APP) for one in spec.containers),
            *((one, _init_kind(one)) for one in spec.init_containers or ()),
        )
    )
    labels = metadata.labels or {}
    given = status.qos_class
    return domain.Pod(
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        workload=workload,
        containers=containers,
        qos=domain.QosClass(given) if given else domain.qos_of(containers),
        phase=status.phase,
        node=spec.node_name or None,
        os=(spec.os.name if spec.os is not None else systems.get(spec.node_name or "", "")) or "linux",
        static=MIRROR in (metadata.annotations or {}),
        created=metadata.creation_timestamp,
        terminating=metadata.deletion_timestamp is not None,
        priority=spec.priority or 0,
        claims=any(one.resources is not None and one.resources.claims for one in spec.containers),
        revision=next((labels[name] for name in REVISION_LABELS if name in labels), ""),
        resource_version=metadata.resource_version or None,
        generation=metadata.generation,
        observed_generation=status.observed_generation,
        resize=_resize(status.conditions or ()),
    )


def _resize(conditions: Iterable[Condition]) -> domain.ResizeStatus:
    """Both conditions may stand at once: a resize under way, and a newer one that waits behind it."""
    told = {one.type: one for one in conditions if one.status == "True"}
    pending, running = told.get("PodResizePending"), told.get("PodResizeInProgress")
    if pending is None and running is None:
        return _QUIET
    newest = pending or running
    assert newest is not None
    return domain.ResizeStatus(
        pending=(pending.reason or "Deferred") if pending is not None else "",
        in_progress=running is not None,
        failing=running is not None and running.reason == "Error",
        message=newest.message or "",
        since=newest.last_transition_time,
    )


_QUIET: Final = domain.ResizeStatus()


def _init_kind(container: ContainerSpec) -> domain.ContainerKind:
    return domain.ContainerKind.SIDECAR if container.restart_policy == "Always" else domain.ContainerKind.INIT


def _container(spec: ContainerSpec, kind: domain.ContainerKind, status: ContainerStatus | None) -> domain.Container:
    resources = spec.resources
    restarting = {p.resource_name for p in spec.resize_policy or () if p.restart_policy == "RestartContainer"}
    common = domain.Container(
        name=spec.name,
        kind=kind,
        requests=amounts(resources.requests if resources else None),
        limits=amounts(resources.limits if resources else None),
        restart_on_resize=frozenset(r for r in Resource if r.key in restarting),
        ready=status.ready if status else False,
    )
    return common if status is None else _with(common, status)


def _with(container: domain.Container, status: ContainerStatus) -> domain.Container:
    """The container with what the kubelet tells of it."""
    killed = [
        state.terminated.finished_at
        for state in (status.state, status.last_state)
        if state is not None and state.terminated is not None and state.terminated.reason == "OOMKilled"
        if state.terminated.finished_at is not None
    ]
    running = status.state.running if status.state is not None else None
    actual = status.resources
    return replace(
        container,
        restarts=status.restart_count,
        image=status.image_id,
        started=running.started_at if running is not None else None,
        last_oom=max(killed, default=None),
        allocated=None if status.allocated_resources is None else amounts(status.allocated_resources),
        actual_requests=None if actual is None else amounts(actual.requests),
        actual_limits=None if actual is None else amounts(actual.limits),
    )


def amounts(quantities: Quantities | None) -> Amounts:
    """CPU and memory of a list of quantities.

    Raises:
        QuantityError: one of them is no quantity.
    """
    found = Amounts()
    for resource in Resource:
        text = (quantities or {}).get(resource.key)
        if text is not None:
            found = found.replace(resource, parse_amount(text, resource))
    return found


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
