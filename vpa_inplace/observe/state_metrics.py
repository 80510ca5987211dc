"""Pods, containers and nodes from kube-state-metrics series alone, for those who have no access to the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.pods import Container as PodContainer
from vpa_inplace.domain.pods import ContainerKind, Node, Pod, QosClass, qos_of
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.discovery import Discovered, left_out, no_such_namespace, not_sized
from vpa_inplace.observe.prometheus.client import PromClient, Sample
from vpa_inplace.observe.prometheus.queries import RESTARTS, TERMINATED
from vpa_inplace.observe.selectors import must_be_known, parse_selector
from vpa_inplace.observe.source import Progress, Report, Scope, silent
from vpa_inplace.workload.owners import Owners, topmost

REQUIRED: Final = ("kube_pod_container_info", "kube_pod_container_resource_requests", "kube_pod_owner")
EXPECTED: Final = {
    "kube_pod_status_phase": "pods that are over count as live",
    "kube_pod_info": "neither nodes nor static pods are known",
    "kube_pod_created": "the age of pods is not known",
}
"""What every kube-state-metrics exports; without it we go on, and what is lost is said."""
TERMINATED_AT: Final = "kube_pod_container_status_last_terminated_timestamp"
INIT_RESTARTS: Final = "kube_pod_init_container_status_restarts_total"  # native sidecars are among these
NAMESPACES: Final = "kube_namespace_created"  # also of those without a pod
LOOKED_AT: Final = (
    *REQUIRED,
    *EXPECTED,
    NAMESPACES,
    "kube_pod_init_container_info",
    "kube_pod_container_resource_limits",
    "kube_pod_init_container_resource_requests",
    "kube_pod_init_container_resource_limits",
    "kube_pod_status_qos_class",
    "kube_pod_deletion_timestamp",
    "kube_pod_labels",
    "kube_node_status_allocatable",
    "kube_node_spec_unschedulable",
    "kube_node_info",
    RESTARTS,
    INIT_RESTARTS,
    TERMINATED,
    TERMINATED_AT,
)
UNIT: Final = {Resource.CPU: 1000, Resource.MEMORY: 1}
RESOURCES: Final = {resource.key: resource for resource in Resource}
CLASSES: Final = {str(qos): qos for qos in QosClass}


@dataclass(slots=True)
class _Draft:
    """A container while its series come in."""

    kind: ContainerKind
    requests: Amounts = field(default_factory=Amounts)
    limits: Amounts = field(default_factory=Amounts)
    restarts: int = 0
    last_oom: datetime | None = None


PodName = tuple[str, str]  # namespace, pod
Found = tuple[str, str, str]  # namespace, pod, container


def discover(client: PromClient, scope: Scope, owners: Owners, at: float, report: Report = silent) -> Discovered:
    """Every live pod of the scope.

    Raises:
        UsageError: a namespace that was asked for does not exist, or the label selector needs labels that
            kube-state-metrics does not export.
        SourceUnavailable: as the client does.
    """
    known = client.existing(LOOKED_AT, at)
    done = 0

    def ask(metric: str) -> list[Sample]:
        nonlocal done
        done += 1
        report(Progress("discover", done, len(LOOKED_AT), metric))
        return client.instant(metric, at) if metric in known else []

    everyone = ask(REQUIRED[0])
    _must_exist(scope, [*everyone, *ask(NAMESPACES)])
    created = _newest(ask("kube_pod_created"))

    def of_scope(metric: str, samples: list[Sample] | None = None) -> list[Sample]:
        found = ask(metric) if samples is None else samples
        return [s for s in found if scope.covers(label(s, "namespace")) and created.of_the_living(s)]

    chosen = _selected(scope, known, lambda metric: [s for s in ask(metric) if created.of_the_living(s)])
    drafts = _containers(of_scope, of_scope(REQUIRED[0], everyone))
    facts = _pod_facts(of_scope, created)
    nodes, systems = _nodes(ask)
    by_pod: dict[PodName, dict[str, _Draft]] = defaultdict(dict)
    for (namespace, name, container), draft in sorted(drafts.items()):
        by_pod[namespace, name][container] = draft
    pods = []
    for key, containers in by_pod.items():
        pod = _pod(scope.cluster, key, containers, facts, systems, owners)
        if pod.live and key not in facts.going and (chosen is None or key in chosen):
            pods.append(pod)
    skips = (*left_out((label(sample, "namespace") for sample in everyone), scope), *not_sized(pods))
    return Discovered(pods=tuple(pods), nodes=nodes, skips=skips, warnings=tuple(_missing(known)))


def _must_exist(scope: Scope, samples: Iterable[Sample]) -> None:
    there = {label(sample, "namespace") for sample in samples} - {""}
    for namespace in scope.namespaces:
        if there and namespace not in there:
            raise no_such_namespace(namespace, there, "is not known to kube-state-metrics")


def _missing(known: Container[str]) -> Iterator[str]:
    for name in REQUIRED:
        if name not in known:
            yield f"kube-state-metrics has no {name}: part of the picture is missing"
    for name, lost in EXPECTED.items():
        if name not in known:
            yield f"kube-state-metrics has no {name}: {lost}"


def label(sample: Sample, name: str) -> str:
    """A label of the metric, also where the scrape config kept its own and moved it to ``exported_``."""
    return sample.labels.get(f"exported_{name}") or sample.labels.get(name, "")


@dataclass(frozen=True, slots=True)
class _Created:
    """When each pod was created, and under which uid: the newest where a name was used again."""

    at: Mapping[PodName, float]
    uid: Mapping[PodName, str]

    def of_the_living(self, sample: Sample) -> bool:
        """Prometheus may show the series of a StatefulSet's last pod for minutes beside those of its namesake."""
        uid = sample.labels.get("uid")
        return uid is None or self.uid.get(_pod_of(sample), uid) == uid


def _newest(samples: Iterable[Sample]) -> _Created:
    at: dict[PodName, float] = {}
    uid: dict[PodName, str] = {}
    for sample in samples:
        key = _pod_of(sample)
        if sample.value >= at.get(key, sample.value):
            at[key] = sample.value
            if "uid" in sample.labels:
                uid[key] = sample.labels["uid"]
    return _Created(at, uid)


def _containers(ask: Callable[[str], list[Sample]], app_containers: list[Sample]) -> dict[Found, _Draft]:
    drafts: dict[Found, _Draft] = {}
    for sample in app_containers:
        drafts[_found(sample)] = _Draft(ContainerKind.APP)
    for sample in ask("kube_pod_init_container_info"):
        always = sample.labels.get("restart_policy") == "Always"
        drafts[_found(sample)] = _Draft(ContainerKind.SIDECAR if always else ContainerKind.INIT)
    for prefix in ("kube_pod_container", "kube_pod_init_container"):
        for which in ("requests", "limits"):
            for sample in ask(f"{prefix}_resource_{which}"):
                _amount(drafts.get(_found(sample)), which, sample)
    for sample in (*ask(RESTARTS), *ask(INIT_RESTARTS)):
        if (draft := drafts.get(_found(sample))) is not None:
            draft.restarts = max(draft.restarts, int(sample.value))
    killed = {_found(s) for s in ask(TERMINATED) if s.labels.get("reason") == "OOMKilled" and s.value == 1}
    for sample in ask(TERMINATED_AT):
        if (draft := drafts.get(_found(sample))) is not None and _found(sample) in killed and isfinite(sample.value):
            draft.last_oom = datetime.fromtimestamp(sample.value, UTC)
    return drafts


def _found(sample: Sample) -> Found:
    return label(sample, "namespace"), label(sample, "pod"), label(sample, "container")


def _amount(draft: _Draft | None, which: str, sample: Sample) -> None:
    resource = RESOURCES.get(sample.labels.get("resource", ""))
    if draft is None or resource is None or not isfinite(sample.value):
        return
    amount = round(sample.value * UNIT[resource])
    if which == "requests":
        draft.requests = draft.requests.replace(resource, amount)
    else:
        draft.limits = draft.limits.replace(resource, amount)


@dataclass(frozen=True, slots=True)
class _Facts:
    phase: Mapping[PodName, str]
    qos: Mapping[PodName, str]
    created: Mapping[PodName, float]
    info: Mapping[PodName, Mapping[str, str]]
    going: Container[PodName]  # being deleted


def _pod_facts(ask: Callable[[str], list[Sample]], created: _Created) -> _Facts:
    def one_of(metric: str, name: str) -> dict[PodName, str]:
        return {_pod_of(s): s.labels.get(name, "") for s in ask(metric) if s.value == 1}

    return _Facts(
        phase=one_of("kube_pod_status_phase", "phase"),
        qos=one_of("kube_pod_status_qos_class", "qos_class"),
        created=created.at,
        info={_pod_of(s): s.labels for s in ask("kube_pod_info")},
        going={_pod_of(s) for s in ask("kube_pod_deletion_timestamp")},
    )


def _pod_of(sample: Sample) -> PodName:
    return label(sample, "namespace"), label(sample, "pod")


def _pod(
    cluster: str,
    key: PodName,
    drafts: Mapping[str, _Draft],
    facts: _Facts,
    systems: Mapping[str, str],
    owners: Owners,
) -> Pod:
    containers = tuple(
        PodContainer(
            name=name, kind=d.kind, requests=d.requests, limits=d.limits, restarts=d.restarts, last_oom=d.last_oom
        )
        for name, d in drafts.items()
    )
    info = facts.info.get(key, {})
    node = info.get("node") or None
    created = facts.created.get(key)
    namespace, name = key
    return Pod(
        namespace=namespace,
        name=name,
        uid=info.get("uid", ""),
        workload=topmost(cluster, namespace, name, owners),
        containers=containers,
        qos=CLASSES.get(facts.qos.get(key, "")) or qos_of(containers),
        phase=facts.phase.get(key, "Running"),
        node=node,
        os=systems.get(node or "", "linux"),
        static=info.get("created_by_kind") == "Node",  # mirror pods are created by their node
        created=None if created is None else datetime.fromtimestamp(created, UTC),
    )


def _nodes(ask: Callable[[str], list[Sample]]) -> tuple[dict[str, Node], dict[str, str]]:
    """Nodes by name, and the operating system of those that do not run Linux."""
    amounts: dict[str, Amounts] = defaultdict(Amounts)
    for sample in ask("kube_node_status_allocatable"):
        resource = RESOURCES.get(sample.labels.get("resource", ""))
        if resource is not None and isfinite(sample.value):
            node = label(sample, "node")
            amounts[node] = amounts[node].replace(resource, round(sample.value * UNIT[resource]))
    closed = {label(s, "node") for s in ask("kube_node_spec_unschedulable") if s.value == 1}
    nodes = {
        name: Node(name=name, allocatable=allocatable, unschedulable=name in closed)
        for name, allocatable in sorted(amounts.items())
    }
    # its operatingSystem is not exported, the name of its image is: "Windows Server 2022 Datacenter"
    windows = (s for s in ask("kube_node_info") if s.labels.get("os_image", "").startswith("Windows"))
    return nodes, {label(sample, "node"): "windows" for sample in windows}


def _selected(scope: Scope, known: Container[str], ask: Callable[[str], list[Sample]]) -> set[PodName] | None:
    """Pods that the label selector chooses; ``None`` without one."""
    if not scope.selector:
        return None
    rules = parse_selector(scope.selector)
    if "kube_pod_labels" not in known:
        raise UsageError(
            f"selector {scope.selector!r}: kube-state-metrics exports no kube_pod_labels; "
            "start it with --metric-labels-allowlist=pods=[*], or give access to the cluster"
        )
    samples = ask("kube_pod_labels")
    must_be_known(scope.selector, rules, (sample.labels for sample in samples))
    return {_pod_of(s) for s in samples if all(rule.holds(s.labels) for rule in rules)}
