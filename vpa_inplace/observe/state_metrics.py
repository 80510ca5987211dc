"""Pods, containers and nodes from kube-state-metrics series alone, for those who have no access to the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.pods import Container, ContainerKind, Node, Pod, QosClass, qos_of
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.discovery import Discovered, left_out, not_sized
from vpa_inplace.observe.prometheus.client import PromClient, Sample
from vpa_inplace.observe.prometheus.queries import RESTARTS, TERMINATED
from vpa_inplace.observe.source import Progress, Report, Scope, silent
from vpa_inplace.workload.owners import Owners, topmost

REQUIRED: Final = ("kube_pod_container_info", "kube_pod_container_resource_requests", "kube_pod_owner")
TERMINATED_AT: Final = "kube_pod_container_status_last_terminated_timestamp"
LOOKED_AT: Final = (
    *REQUIRED,
    "kube_pod_info",
    "kube_pod_init_container_info",
    "kube_pod_container_resource_limits",
    "kube_pod_init_container_resource_requests",
    "kube_pod_init_container_resource_limits",
    "kube_pod_status_phase",
    "kube_pod_status_qos_class",
    "kube_pod_created",
    "kube_pod_labels",
    "kube_node_status_allocatable",
    RESTARTS,
    TERMINATED,
    TERMINATED_AT,
)
UNIT: Final = {Resource.CPU: 1000, Resource.MEMORY: 1}


@dataclass(slots=True)
class _Draft:
    """A container while its series come in."""

    kind: ContainerKind
    requests: Amounts = field(default_factory=Amounts)
    limits: Amounts = field(default_factory=Amounts)
    restarts: int = 0
    last_oom: datetime | None = None


Found = tuple[str, str, str]  # namespace, pod, container


def discover(client: PromClient, scope: Scope, owners: Owners, at: float, report: Report = silent) -> Discovered:
    """Every live pod of the scope.

    Raises:
        UsageError: the label selector needs labels that kube-state-metrics does not export.
        SourceUnavailable: as the client does.
    """
    known = client.existing(LOOKED_AT, at)
    done = 0

    def ask(metric: str) -> list[Sample]:
        nonlocal done
        done += 1
        report(Progress("discover", done, len(LOOKED_AT), metric))
        return [s for s in client.instant(metric, at) if _in_scope(s, scope)] if metric in known else []

    chosen = _selected(scope, known, ask)
    drafts = _containers(ask)
    facts = _pod_facts(ask)
    everywhere = client.instant(REQUIRED[0], at) if REQUIRED[0] in known else []
    skips = list(left_out((label(sample, "namespace") for sample in everywhere), scope))
    pods = []
    by_pod: dict[tuple[str, str], dict[str, _Draft]] = defaultdict(dict)
    for (namespace, name, container), draft in sorted(drafts.items()):
        by_pod[namespace, name][container] = draft
    for (namespace, name), containers in by_pod.items():
        pod = _pod(scope.cluster, namespace, name, containers, facts, owners)
        if pod.live and (chosen is None or (namespace, name) in chosen):
            pods.append(pod)
    skips.extend(not_sized(pods))
    nodes = _nodes(client, known, at)
    warnings = [
        f"kube-state-metrics has no {name}: part of the picture is missing" for name in REQUIRED if name not in known
    ]
    return Discovered(pods=tuple(pods), nodes=nodes, skips=tuple(skips), warnings=tuple(warnings))


def label(sample: Sample, name: str) -> str:
    """A label of the metric, also where the scrape config kept its own and moved it to ``exported_``."""
    return sample.labels.get(f"exported_{name}") or sample.labels.get(name, "")


def _in_scope(sample: Sample, scope: Scope) -> bool:
    namespace = label(sample, "namespace")
    return not namespace or scope.covers(namespace)


def _containers(ask: Callable[[str], list[Sample]]) -> dict[Found, _Draft]:
    drafts: dict[Found, _Draft] = {}
    for sample in ask("kube_pod_container_info"):
        drafts[_found(sample)] = _Draft(ContainerKind.APP)
    for sample in ask("kube_pod_init_container_info"):
        always = sample.labels.get("restart_policy") == "Always"
        drafts[_found(sample)] = _Draft(ContainerKind.SIDECAR if always else ContainerKind.INIT)
    for prefix in ("kube_pod_container", "kube_pod_init_container"):
        for which in ("requests", "limits"):
            for sample in ask(f"{prefix}_resource_{which}"):
                _amount(drafts.get(_found(sample)), which, sample)
    for sample in ask(RESTARTS):
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
    resource = {r.key: r for r in Resource}.get(sample.labels.get("resource", ""))
    if draft is None or resource is None or not isfinite(sample.value):
        return
    amount = round(sample.value * UNIT[resource])
    if which == "requests":
        draft.requests = draft.requests.replace(resource, amount)
    else:
        draft.limits = draft.limits.replace(resource, amount)


@dataclass(frozen=True, slots=True)
class _Facts:
    phase: Mapping[tuple[str, str], str]
    qos: Mapping[tuple[str, str], str]
    created: Mapping[tuple[str, str], float]
    info: Mapping[tuple[str, str], Mapping[str, str]]


def _pod_facts(ask: Callable[[str], list[Sample]]) -> _Facts:
    def one_of(metric: str, name: str) -> dict[tuple[str, str], str]:
        return {_pod_of(s): s.labels.get(name, "") for s in ask(metric) if s.value == 1}

    return _Facts(
        phase=one_of("kube_pod_status_phase", "phase"),
        qos=one_of("kube_pod_status_qos_class", "qos_class"),
        created={_pod_of(s): s.value for s in ask("kube_pod_created")},
        info={_pod_of(s): s.labels for s in ask("kube_pod_info")},
    )


def _pod_of(sample: Sample) -> tuple[str, str]:
    return label(sample, "namespace"), label(sample, "pod")


def _pod(cluster: str, namespace: str, name: str, drafts: Mapping[str, _Draft], facts: _Facts, owners: Owners) -> Pod:
    containers = tuple(
        Container(name=c, kind=d.kind, requests=d.requests, limits=d.limits, restarts=d.restarts, last_oom=d.last_oom)
        for c, d in drafts.items()
    )
    key = (namespace, name)
    info: Any = facts.info.get(key, {})
    created = facts.created.get(key)
    qos = facts.qos.get(key)
    return Pod(
        namespace=namespace,
        name=name,
        uid=info.get("uid", ""),
        workload=topmost(cluster, namespace, name, owners),
        containers=containers,
        qos=QosClass(qos) if qos in set(QosClass) else qos_of(containers),
        phase=facts.phase.get(key, "Running"),
        node=info.get("node") or None,
        static=info.get("created_by_kind") == "Node",  # mirror pods are created by their node
        created=None if created is None else datetime.fromtimestamp(created, UTC),
    )


def _nodes(client: PromClient, known: Iterable[str], at: float) -> dict[str, Node]:
    amounts: dict[str, Amounts] = defaultdict(Amounts)
    if "kube_node_status_allocatable" in known:
        for sample in client.instant("kube_node_status_allocatable", at):
            resource = {r.key: r for r in Resource}.get(sample.labels.get("resource", ""))
            if resource is not None and isfinite(sample.value):
                node = label(sample, "node")
                amounts[node] = amounts[node].replace(resource, round(sample.value * UNIT[resource]))
    return {name: Node(name=name, allocatable=allocatable) for name, allocatable in sorted(amounts.items())}


def _selected(scope: Scope, known: set[str], ask: Callable[[str], list[Sample]]) -> set[tuple[str, str]] | None:
    """Pods that the label selector chooses; ``None`` without one."""
    if not scope.selector:
        return None
    if "kube_pod_labels" not in known:
        raise UsageError(
            f"selector {scope.selector!r}: kube-state-metrics exports no kube_pod_labels; "
            "start it with --metric-labels-allowlist=pods=[*], or give access to the cluster"
        )
    wanted = parse_selector(scope.selector)
    return {_pod_of(s) for s in ask("kube_pod_labels") if all(rule(s.labels) for rule in wanted)}


def parse_selector(text: str) -> list[Callable[[Mapping[str, str]], bool]]:
    """``a=b,c!=d,e,!f`` over labels as kube-state-metrics spells them (``label_a``; other signs become ``_``).

    Raises:
        UsageError: the form ``in (...)`` and others that cannot be told from these series.
    """
    rules: list[Callable[[Mapping[str, str]], bool]] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        if "(" in part or ")" in part or " " in part:
            raise UsageError(f"selector {text!r}: without cluster access only a=b, a!=b, a and !a are understood")
        name, sign, value = part.partition("!=") if "!=" in part else part.replace("==", "=").partition("=")
        rules.append(_rule(_spelt(name.lstrip("!")), sign or ("!" if name.startswith("!") else ""), value))
    return rules


def _rule(name: str, sign: str, value: str) -> Callable[[Mapping[str, str]], bool]:
    tests: dict[str, Callable[[Mapping[str, str]], bool]] = {
        "=": lambda labels: labels.get(name) == value,
        "!=": lambda labels: labels.get(name) != value,
        "!": lambda labels: name not in labels,
        "": lambda labels: name in labels,
    }
    return tests[sign]


def _spelt(name: str) -> str:
    return "label_" + "".join(c if c.isalnum() else "_" for c in name)
