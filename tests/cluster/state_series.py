"""What kube-state-metrics says of an object of the Kubernetes API: labels and values of the series that we read.

Labels that are not set are empty, resources are those of the spec, and of a phase or a class each possible value has a
series. Source: internal/store in https://github.com/kubernetes/kube-state-metrics (version 2).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from kubernetes.utils import quantity as untyped

quantity: Any = untyped  # its functions carry no types
Object = dict[str, Any]  # JSON of the API
Row = tuple[dict[str, str], float]  # labels, value

PHASES = ("Pending", "Succeeded", "Failed", "Unknown", "Running")
CLASSES = ("BestEffort", "Burstable", "Guaranteed")
NAMED_BY = {"namespaces": "namespace", "nodes": "node", "pods": "pod", "jobs": "job_name"}
"""The label with an object's name, where it is not its kind."""
NEVER = -62_135_596_800.0  # epoch seconds of a moment that is not set: the year 1, as Go counts


@dataclass(frozen=True, slots=True)
class Family:
    """The series of one name."""

    of: str  # the kind of object they are made from, as a path of the API spells it
    help: str
    rows: Callable[[Object], Iterable[Row]]  # of one object, without the labels that name it
    type: str = "gauge"


def rows_of(family: Family, item: Object) -> Iterator[Row]:
    """The series of one object."""
    metadata = item["metadata"]
    name = {NAMED_BY.get(family.of, family.of.removesuffix("s")): metadata["name"]}
    where = {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
    uid = {"uid": metadata["uid"]} if family.of == "pods" else {}
    for labels, value in family.rows(item):
        yield name | where | uid | labels, value


def _at(*path: str) -> Callable[[Object], Iterator[Row]]:
    """A moment in an object, in epoch seconds; nothing where it is not set."""

    def rows(item: Object) -> Iterator[Row]:
        for step in path[:-1]:
            item = item.get(step) or {}
        if moment := item.get(path[-1]):
            yield {}, _seconds(moment)

    return rows


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _owners(item: Object) -> Iterator[Row]:
    for owner in item["metadata"].get("ownerReferences") or [{}]:
        controls = _word(owner.get("controller") or False) if owner else ""
        kind, name = owner.get("kind", ""), owner.get("name", "")
        yield {"owner_kind": kind, "owner_name": name, "owner_is_controller": controls}, 1


def _word(value: bool) -> str:
    return "true" if value else "false"


def _pod_info(pod: Object) -> Iterator[Row]:
    spec, status = pod["spec"], pod["status"]
    owners = pod["metadata"].get("ownerReferences") or ()
    controller: Object = next((owner for owner in owners if owner.get("controller")), {})
    yield (
        {
            "host_ip": status.get("hostIP", ""),
            "pod_ip": status.get("podIP", ""),
            "node": spec.get("nodeName", ""),
            "created_by_kind": controller.get("kind", ""),
            "created_by_name": controller.get("name", ""),
            "priority_class": spec.get("priorityClassName", ""),
            "host_network": _word(spec.get("hostNetwork", False)),
        },
        1,
    )


def _pod_labels(pod: Object) -> Iterator[Row]:
    """Two labels whose names become the same get a number each."""
    values = defaultdict(list)
    for name, value in sorted((pod["metadata"].get("labels") or {}).items()):
        values[label_name(name)].append(value)
    shown: dict[str, str] = {}
    for name, found in values.items():
        numbered = [name] if len(found) == 1 else [f"{name}_conflict{i}" for i in range(1, len(found) + 1)]
        shown |= dict(zip(numbered, found, strict=True))
    yield shown, 1


def label_name(name: str) -> str:
    """`app.kubernetes.io/partOf` becomes `label_app_kubernetes_io_part_of`."""
    return "label_" + re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", plain(name)).lower()


def plain(name: str) -> str:
    """As much of a name as Prometheus takes for a label."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _one_of(field: str, label: str, values: tuple[str, ...]) -> Callable[[Object], Iterator[Row]]:
    """A series for each value that a status field may have, 1 for the one it has."""

    def rows(pod: Object) -> Iterator[Row]:
        if present := pod["status"].get(field):
            yield from (({label: value}, float(value == present)) for value in values)

    return rows


def _container_info(kind: str) -> Callable[[Object], Iterator[Row]]:
    """Containers that have a status; for init containers, whether they are sidecars as well."""

    def rows(pod: Object) -> Iterator[Row]:
        statuses = {status["name"]: status for status in _statuses(pod, kind)}
        for container in _containers(pod, kind):
            if (status := statuses.get(container["name"])) is None:
                continue
            labels = {
                "container": container["name"],
                "image_spec": container.get("image", ""),
                "image": status.get("image", ""),
                "image_id": status.get("imageID", ""),
                "container_id": status.get("containerID", ""),
            }
            if kind == "initContainer":
                labels["restart_policy"] = container.get("restartPolicy", "")
            yield labels, 1

    return rows


def _containers(pod: Object, kind: str) -> list[Object]:
    return pod["spec"].get(f"{kind}s") or []


def _statuses(pod: Object, kind: str) -> list[Object]:
    return pod["status"].get(f"{kind}Statuses") or []


def _resources(kind: str, which: str) -> Callable[[Object], Iterator[Row]]:
    def rows(pod: Object) -> Iterator[Row]:
        node = pod["spec"].get("nodeName", "")
        for container in _containers(pod, kind):
            for labels, value in _amounts((container.get("resources") or {}).get(which) or {}):
                yield {"container": container["name"], "node": node} | labels, value

    return rows


def _amounts(quantities: Mapping[str, str]) -> Iterator[Row]:
    """In cores (whole millicores) or whole bytes or pieces; finer amounts are rounded up, as Kubernetes does.

    Parsed by the client library of Kubernetes, not by our own code: that is what these series are to test.
    """
    for name, text in quantities.items():
        if (unit := _unit(name)) is not None:
            parts = 1000 if unit == "core" else 1
            yield {"resource": plain(name), "unit": unit}, ceil(quantity.parse_quantity(text) * parts) / parts


def _unit(resource: str) -> str | None:
    if resource == "cpu":
        return "core"
    if resource in {"memory", "storage", "ephemeral-storage"} or resource.startswith(("hugepages-", "attachable-")):
        return "byte"
    extended = "/" in resource and "kubernetes.io/" not in resource and not resource.startswith("requests.")
    return "integer" if extended or resource == "pods" else None


def _restarts(kind: str) -> Callable[[Object], Iterator[Row]]:
    def rows(pod: Object) -> Iterator[Row]:
        for status in _statuses(pod, kind):
            yield {"container": status["name"]}, status.get("restartCount", 0)

    return rows


def _last_terminated(pod: Object) -> Iterator[tuple[str, Object]]:
    for status in _statuses(pod, "container"):
        if ended := (status.get("lastState") or {}).get("terminated"):
            yield status["name"], ended


def _last_reason(pod: Object) -> Iterator[Row]:
    for container, ended in _last_terminated(pod):
        yield {"container": container, "reason": ended.get("reason", "")}, 1


def _last_end(pod: Object) -> Iterator[Row]:
    for container, ended in _last_terminated(pod):
        moment = ended.get("finishedAt")  # not known of a container that was lost with its node
        yield {"container": container}, _seconds(moment) if moment else NEVER


def _node_info(node: Object) -> Iterator[Row]:
    told: Object = node["status"].get("nodeInfo") or {}
    addresses = node["status"].get("addresses") or ()
    internal = [one["address"] for one in addresses if one["type"] == "InternalIP"]
    yield (
        {
            "kernel_version": told.get("kernelVersion", ""),
            "os_image": told.get("osImage", ""),
            "container_runtime_version": told.get("containerRuntimeVersion", ""),
            "kubelet_version": told.get("kubeletVersion", ""),
            "kubeproxy_version": told.get("kubeProxyVersion", ""),
            "provider_id": node["spec"].get("providerID", ""),
            "pod_cidr": node["spec"].get("podCIDR", ""),
            "system_uuid": told.get("systemUUID", ""),
            "internal_ip": internal[-1] if internal else "",
        },
        1,
    )


def _unschedulable(node: Object) -> Iterator[Row]:
    yield {}, float(node["spec"].get("unschedulable", False))


def _allocatable(node: Object) -> Iterator[Row]:
    return _amounts(node["status"].get("allocatable") or {})


def _of_containers(kind: str, prefix: str, what: str) -> dict[str, Family]:
    """What containers and init containers have in common."""
    return {
        f"{prefix}_info": Family("pods", f"Information about {what}.", _container_info(kind)),
        f"{prefix}_resource_requests": Family("pods", f"Requests of {what}.", _resources(kind, "requests")),
        f"{prefix}_resource_limits": Family("pods", f"Limits of {what}.", _resources(kind, "limits")),
        f"{prefix}_status_restarts_total": Family("pods", f"Restarts of {what}.", _restarts(kind), "counter"),
    }


FAMILIES = {
    "kube_namespace_created": Family("namespaces", "Unix creation timestamp.", _at("metadata", "creationTimestamp")),
    "kube_node_info": Family("nodes", "Information about a node.", _node_info),
    "kube_node_spec_unschedulable": Family("nodes", "Whether a node is cordoned.", _unschedulable),
    "kube_node_status_allocatable": Family("nodes", "What pods may request of a node.", _allocatable),
    "kube_replicaset_owner": Family("replicasets", "Owners of a ReplicaSet.", _owners),
    "kube_job_owner": Family("jobs", "Owners of a Job.", _owners),
    "kube_replicationcontroller_owner": Family("replicationcontrollers", "Owners of a ReplicationController.", _owners),
    "kube_pod_info": Family("pods", "Information about a pod.", _pod_info),
    "kube_pod_owner": Family("pods", "Owners of a pod.", _owners),
    "kube_pod_labels": Family("pods", "Labels of a pod.", _pod_labels),
    "kube_pod_created": Family("pods", "Unix creation timestamp.", _at("metadata", "creationTimestamp")),
    "kube_pod_deletion_timestamp": Family("pods", "Unix deletion timestamp.", _at("metadata", "deletionTimestamp")),
    "kube_pod_status_phase": Family("pods", "The phase of a pod.", _one_of("phase", "phase", PHASES)),
    "kube_pod_status_qos_class": Family("pods", "The class of a pod.", _one_of("qosClass", "qos_class", CLASSES)),
    **_of_containers("container", "kube_pod_container", "a container"),
    **_of_containers("initContainer", "kube_pod_init_container", "an init container"),
    "kube_pod_container_status_last_terminated_reason": Family("pods", "Why it ended last.", _last_reason),
    "kube_pod_container_status_last_terminated_timestamp": Family("pods", "When it ended last.", _last_end),
}
