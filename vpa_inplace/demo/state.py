"""The fleet's objects as kube-state-metrics would show them.

Names, labels and units: https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics (2.20). A series lives
as long as its object; a value that changes within that life (phase, restarts) changes at the moment it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vpa_inplace.demo.fleet import Fleet, PodRecord
from vpa_inplace.demo.text import Family, labels
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.pods import Container, ContainerKind
from vpa_inplace.domain.resource import Resource

UNITS: Final = {Resource.CPU: ("core", 1000.0), Resource.MEMORY: ("byte", 1.0)}
OWNED: Final = {"ReplicaSet": ("kube_replicaset_owner", "replicaset"), "Job": ("kube_job_owner", "job_name")}


@dataclass(frozen=True, slots=True)
class _Clock:
    """When state was sampled; ``during`` writes a series that lives for a part of the record."""

    start: int
    end: int
    every: int
    offset: int

    def during(self, series: str, value: float, born: float, gone: float | None = None) -> str:
        """``series`` with a constant value at every sample from ``born`` until before ``gone`` (epoch seconds)."""
        return "".join(f"{series} {value!r} {at}\n" for at in self._times(born, gone))

    def switch(self, series: str, moment: float, born: float, gone: float | None, values: tuple[float, float]) -> str:
        """A series that has one value before a moment and another from it on."""
        before, after = values
        return self.during(series, before, born, min(moment, gone or moment)) + self.during(series, after, moment, gone)

    def _times(self, born: float, gone: float | None) -> range:
        last = self.end if gone is None else min(int(gone), self.end)
        first = self.start + self.offset
        missed = max(0, -(-(int(born) - first) // self.every))
        return range(first + missed * self.every, last, self.every)


_Write = Callable[[PodRecord, _Clock], Iterator[str]]


def state(fleet: Fleet, every: int, scrape: int) -> Iterable[Family]:
    """All families, sampled every ``every`` seconds; restarts at every scrape, for they are counted by window."""
    clock = _Clock(fleet.start, int(fleet.now.timestamp()), every, scrape // 2)
    pods: tuple[tuple[str, _Write], ...] = (
        ("kube_pod_info", _info),
        ("kube_pod_owner", _owner),
        ("kube_pod_created", _created),
        ("kube_pod_status_phase", _phase),
        ("kube_pod_status_qos_class", _qos),
        ("kube_pod_container_info", _containers),
        ("kube_pod_init_container_info", _init_containers),
        ("kube_pod_container_resource_requests", _amounts("kube_pod_container_resource_requests")),
        ("kube_pod_container_resource_limits", _amounts("kube_pod_container_resource_limits")),
        ("kube_pod_init_container_resource_requests", _amounts("kube_pod_init_container_resource_requests")),
        ("kube_pod_init_container_resource_limits", _amounts("kube_pod_init_container_resource_limits")),
        ("kube_pod_container_status_last_terminated_reason", _terminated),
        ("kube_pod_container_status_last_terminated_timestamp", _terminated_at),
    )
    for name, write in pods:
        yield Family(name, "gauge", _each(fleet, clock, write))
    for name in ("kube_pod_container_status_restarts", "kube_pod_init_container_status_restarts"):
        yield Family(name, "counter", _each(fleet, replace(clock, every=scrape), _restarts(name)))
    for kind, (name, label) in OWNED.items():
        yield Family(name, "gauge", _controllers(fleet, kind, name, label, clock))
    yield Family("kube_node_status_allocatable", "gauge", _nodes(fleet, clock))


def _each(fleet: Fleet, clock: _Clock, write: _Write) -> Iterator[str]:
    return (text for record in fleet.records for text in write(record, clock))


def _who(record: PodRecord, **more: str | None) -> str:
    return labels(
        job="kube-state-metrics", namespace=record.pod.namespace, pod=record.pod.name, uid=record.pod.uid, **more
    )


def _span(record: PodRecord) -> tuple[float, float | None]:
    created = record.pod.created
    return (0.0 if created is None else created.timestamp()), record.deleted


def _info(record: PodRecord, clock: _Clock) -> Iterator[str]:
    owner = record.owners[0]
    who = _who(record, node=record.pod.node, created_by_kind=owner.kind, created_by_name=owner.name)
    yield clock.during(f"kube_pod_info{{{who}}}", 1, *_span(record))


def _owner(record: PodRecord, clock: _Clock) -> Iterator[str]:
    owner = record.owners[0]
    who = _who(record, owner_kind=owner.kind, owner_name=owner.name, owner_is_controller="true")
    yield clock.during(f"kube_pod_owner{{{who}}}", 1, *_span(record))


def _created(record: PodRecord, clock: _Clock) -> Iterator[str]:
    born, gone = _span(record)
    yield clock.during(f"kube_pod_created{{{_who(record)}}}", born, born, gone)


def _phase(record: PodRecord, clock: _Clock) -> Iterator[str]:
    """The phases that the pod has known, 1 for the present one."""
    born, deleted = _span(record)
    if record.pod.phase == "Running" or record.gone is None:
        yield clock.during(f"kube_pod_status_phase{{{_who(record, phase=record.pod.phase)}}}", 1, born, deleted)
        return
    for phase, values in (("Running", (1.0, 0.0)), (record.pod.phase, (0.0, 1.0))):
        series = f"kube_pod_status_phase{{{_who(record, phase=phase)}}}"
        yield clock.switch(series, record.gone, born, deleted, values)


def _qos(record: PodRecord, clock: _Clock) -> Iterator[str]:
    yield clock.during(f"kube_pod_status_qos_class{{{_who(record, qos_class=record.pod.qos)}}}", 1, *_span(record))


def _of_kind(record: PodRecord, family: str) -> Iterator[Container]:
    """Native sidecars are init containers to kube-state-metrics, as they are in the pod's spec."""
    init = "_init_" in family
    return (c for c in record.pod.containers if (c.kind is not ContainerKind.APP) == init)


def _containers(record: PodRecord, clock: _Clock) -> Iterator[str]:
    for container in _of_kind(record, "kube_pod_container_info"):
        who = _who(record, container=container.name, image=f"registry.example/{container.name}:1")
        yield clock.during(f"kube_pod_container_info{{{who}}}", 1, *_span(record))


def _init_containers(record: PodRecord, clock: _Clock) -> Iterator[str]:
    for container in _of_kind(record, "kube_pod_init_container_info"):
        policy = "Always" if container.kind is ContainerKind.SIDECAR else ""
        image = f"registry.example/{container.name}:1"
        who = _who(record, container=container.name, image=image, restart_policy=policy)
        yield clock.during(f"kube_pod_init_container_info{{{who}}}", 1, *_span(record))


def _amounts(family: str) -> _Write:
    def write(record: PodRecord, clock: _Clock) -> Iterator[str]:
        for container in _of_kind(record, family):
            amounts = container.requests if family.endswith("requests") else container.limits
            for pair, value in _quantities(amounts):
                who = _who(record, container=container.name, node=record.pod.node, **pair)
                yield clock.during(f"{family}{{{who}}}", value, *_span(record))

    return write


def _quantities(amounts: Amounts) -> Iterator[tuple[dict[str, str], float]]:
    for resource, (unit, size) in UNITS.items():
        amount = amounts.get(resource)
        if amount is not None:
            yield {"resource": resource.key, "unit": unit}, amount / size


def _terminated(record: PodRecord, clock: _Clock) -> Iterator[str]:
    name = "kube_pod_container_status_last_terminated_reason"
    for container, moment in _killed(record):
        series = f"{name}{{{_who(record, container=container.name, reason='OOMKilled')}}}"
        yield clock.during(series, 1, moment.timestamp(), record.deleted)


def _terminated_at(record: PodRecord, clock: _Clock) -> Iterator[str]:
    name = "kube_pod_container_status_last_terminated_timestamp"
    for container, moment in _killed(record):
        series = f"{name}{{{_who(record, container=container.name)}}}"
        yield clock.during(series, moment.timestamp(), moment.timestamp(), record.deleted)


def _killed(record: PodRecord) -> Iterator[tuple[Container, datetime]]:
    return ((c, c.last_oom) for c in record.pod.containers if c.last_oom is not None)


def _restarts(family: str) -> _Write:
    def write(record: PodRecord, clock: _Clock) -> Iterator[str]:
        born, deleted = _span(record)
        for container in _of_kind(record, family):
            series = f"{family}_total{{{_who(record, container=container.name)}}}"
            if container.last_oom is None:
                yield clock.during(series, container.restarts, born, deleted)
            else:
                counts = (float(container.restarts - 1), float(container.restarts))
                yield clock.switch(series, container.last_oom.timestamp(), born, deleted, counts)

    return write


def _controllers(fleet: Fleet, kind: str, name: str, label: str, clock: _Clock) -> Iterator[str]:
    """Controllers between pod and workload; each lives as long as its pods, which come and go together."""
    first = {(r.pod.namespace, r.owners[0].name): r for r in fleet.records if r.owners[0].kind == kind}
    for (namespace, own), record in first.items():
        above = record.owners[1]
        pairs = {label: own, "owner_kind": above.kind, "owner_name": above.name, "owner_is_controller": "true"}
        who = labels(job="kube-state-metrics", namespace=namespace, **pairs)
        yield clock.during(f"{name}{{{who}}}", 1, *_span(record))


def _nodes(fleet: Fleet, clock: _Clock) -> Iterator[str]:
    for node in fleet.nodes:
        for pair, value in _quantities(node.allocatable):
            who = labels(job="kube-state-metrics", node=node.name, **pair)
            yield clock.during(f"kube_node_status_allocatable{{{who}}}", value, 0.0)
