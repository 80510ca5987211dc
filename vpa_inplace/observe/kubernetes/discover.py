"""Pods, their owners and their nodes, from the API server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from vpa_inplace.domain.errors import QuantityError, SourceRefused, UsageError
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import Container, ContainerKind, Node, Pod, qos_of
from vpa_inplace.observe.discovery import Discovered, left_out, no_such_namespace, not_sized
from vpa_inplace.observe.kubernetes.client import BadRequest, KubeClient, NotFound
from vpa_inplace.observe.kubernetes.objects import (
    ContainerSpec,
    ContainerStatus,
    Metadata,
    NodeObject,
    OwnedObject,
    PodObject,
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
from vpa_inplace.observe.source import Progress, Report, Scope, silent
from vpa_inplace.workload.owners import Owners, Ref, topmost

BETWEEN: Final = {
    "ReplicaSet": "/apis/apps/v1/{namespace}replicasets",
    "Job": "/apis/batch/v1/{namespace}jobs",
    "ReplicationController": "/api/v1/{namespace}replicationcontrollers",
}
"""Kinds that stand between a pod and its workload, and where they are listed."""


def discover(client: KubeClient, scope: Scope, report: Report = silent) -> Discovered:
    """Every live pod of the scope.

    Raises:
        UsageError: a namespace that was asked for does not exist, or the selector is none.
        SourceRefused: pods may not be listed.
    """
    found: dict[str, PodObject] = {}
    seen: set[str] = set()  # namespaces with live pods
    for namespace in scope.namespaces or (None,):
        for pod in _listed(client, namespace, scope.selector):
            if not _alive(pod):
                continue
            seen.add(pod.metadata.namespace)
            if scope.covers(pod.metadata.namespace):
                found[pod.metadata.uid] = pod
        if namespace is not None and not any(p.metadata.namespace == namespace for p in found.values()):
            _must_exist(client, namespace)
        report(Progress("discover", len(found), None, "pods"))
    warnings: list[str] = []
    owners = _owners(client, found.values(), scope, warnings)
    nodes, systems = _nodes(client, warnings)
    skips = list(left_out(seen, scope))
    kept = _pods(found.values(), scope.cluster, owners, systems, skips)
    pods = tuple(sorted(kept, key=lambda p: (p.namespace, p.name)))
    skips.extend(not_sized(pods))
    return Discovered(pods=pods, nodes=nodes, skips=tuple(skips), warnings=tuple(warnings))


def _listed(client: KubeClient, namespace: str | None, selector: str) -> Iterator[PodObject]:
    query = {"labelSelector": selector} if selector else {}
    try:
        yield from client.items(f"/api/v1/{_below(namespace)}pods", PodObject, query)
    except BadRequest as error:
        if not selector:
            raise
        raise UsageError(
            f"selector {selector!r}: {error}; write it as for kubectl -l, like app=web,tier!=test"
        ) from error


def _below(namespace: str | None) -> str:
    return "" if namespace is None else f"namespaces/{quote(namespace, safe='')}/"


def _alive(pod: PodObject) -> bool:
    return pod.status.phase not in {"Succeeded", "Failed"} and pod.metadata.deletion_timestamp is None


def _must_exist(client: KubeClient, namespace: str) -> None:
    try:
        names = [item.metadata.name for item in client.items("/api/v1/namespaces", OwnedObject)]
    except SourceRefused:
        return  # who may not list namespaces is told of an empty result instead
    if namespace not in names:
        raise no_such_namespace(namespace, names, f"does not exist on {client.server}")


def _controller(metadata: Metadata) -> Ref | None:
    for reference in metadata.owner_references or ():
        if reference.controller:
            return Ref(reference.kind, reference.name)
    return None


def _owners(client: KubeClient, pods: Iterable[PodObject], scope: Scope, warnings: list[str]) -> Owners:
    owners: dict[tuple[str, Ref], Ref] = {}
    for pod in pods:
        if (owner := _controller(pod.metadata)) is not None:
            owners[pod.metadata.namespace, Ref("Pod", pod.metadata.name)] = owner
    between = {ref.kind for ref in owners.values()} & BETWEEN.keys()
    for kind in sorted(between):
        for namespace in scope.namespaces or (None,):
            try:
                for item in client.items(BETWEEN[kind].format(namespace=_below(namespace)), OwnedObject):
                    if (owner := _controller(item.metadata)) is not None:
                        owners[item.metadata.namespace, Ref(kind, item.metadata.name)] = owner
            except (SourceRefused, NotFound) as error:
                warnings.append(f"{kind}s cannot be listed, so each of them counts as a workload of its own: {error}")
                break
    return owners


def _nodes(client: KubeClient, warnings: list[str]) -> tuple[dict[str, Node], dict[str, str]]:
    """Nodes by name, and what they run; without the right to list them, or one that cannot be read, we go on."""
    nodes: dict[str, Node] = {}
    systems: dict[str, str] = {}
    try:
        for item in client.items("/api/v1/nodes", NodeObject):
            name = item.metadata.name
            systems[name] = (item.metadata.labels or {}).get(OS_LABEL, "")
            try:
                allocatable = amounts(item.status.allocatable)
            except QuantityError as error:
                warnings.append(f"node {name} is left out: its allocatable {error}")
                continue
            nodes[name] = Node(name=name, allocatable=allocatable, unschedulable=bool(item.spec.unschedulable))
    except SourceRefused as error:
        warnings.append(f"nodes cannot be listed, so room on nodes is not known: {error}")
    return nodes, systems


def _pods(
    objects: Iterable[PodObject], cluster: str, owners: Owners, systems: Mapping[str, str], skips: list[Skip]
) -> Iterator[Pod]:
    for item in objects:
        try:
            yield _pod(item, cluster, owners, systems)
        except QuantityError as error:  # never seen from a real API server; one odd object must not stop the rest
            skips.append(Skip(f"{item.metadata.namespace}/{item.metadata.name}", "UnreadablePod", str(error)))


def _pod(item: PodObject, cluster: str, owners: Owners, systems: Mapping[str, str]) -> Pod:
    metadata, spec, status = item.metadata, item.spec, item.status
    statuses = {s.name: s for s in (*(status.container_statuses or ()), *(status.init_container_statuses or ()))}
    containers = tuple(
        _container(c, kind, statuses.get(c.name))
        for c, kind in (
            *((c, ContainerKind.APP) for c in spec.containers),
            *((c, init_kind(c)) for c in spec.init_containers or ()),
        )
    )
    return Pod(
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        workload=topmost(cluster, metadata.namespace, metadata.name, owners),
        containers=containers,
        qos=CLASSES.get(status.qos_class or "") or qos_of(containers),
        phase=status.phase,
        node=spec.node_name,
        os=system_of(spec, systems),
        static=MIRROR in (metadata.annotations or {}),
        created=metadata.creation_timestamp,
        resource_version=metadata.resource_version,
    )


def _container(spec: ContainerSpec, kind: ContainerKind, status: ContainerStatus | None) -> Container:
    return Container(
        name=spec.name,
        kind=kind,
        requests=amounts(spec.resources.requests if spec.resources else None),
        limits=amounts(spec.resources.limits if spec.resources else None),
        restart_on_resize=restarting(spec.resize_policy),
        restarts=status.restart_count if status else 0,
        last_oom=last_kill((status.state, status.last_state) if status else ()),
    )
