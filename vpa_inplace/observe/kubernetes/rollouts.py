"""How far each workload is from what it wants to be, in the words of its own controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.surroundings import WorkloadState
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.kinds import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    StatefulSet,
    Workload,
)
from vpa_inplace.observe.kubernetes.targets import Targets

OVER: Final = frozenset({"Complete", "Failed"})
"""Conditions of a Job that will never have pods again."""


def workload_states(views: Views, targets: Targets) -> dict[WorkloadKey, WorkloadState]:
    """By topmost controller, also of workloads without pods.

    What an operator keeps in several Deployments, or a CronJob in several Jobs, is one workload, and rolls as long as
    one of them does. Kinds that nobody watches, such as Argo's Rollout, are absent: what replaces the pods of its
    ReplicaSets is written where we do not look.
    """
    found: dict[WorkloadKey, WorkloadState] = {}
    for state in _all(views, targets):
        before = found.get(state.workload)
        found[state.workload] = state if before is None else _together(before, state)
    return found


def _all(views: Views, targets: Targets) -> Iterator[WorkloadState]:
    for kind, state_of in STATES.items():
        for item in views.of(kind).objects.values():
            metadata = item.metadata
            if kind is ReplicaSet and metadata.controller is not None:
                continue  # one revision of something that knows more
            yield state_of(item, targets.top(kind.__name__, metadata))


def _replicated(item: Workload, key: WorkloadKey) -> WorkloadState:
    """A Deployment or a StatefulSet. One that is held half-way, by a partition or by OnDelete, rolls until it is let go.

    A StatefulSet counts the pods of updateRevision whether or not that is its currentRevision too, which under OnDelete
    it never becomes (stateful_set_control.go, computeReplicaStatus and completeRollingUpdate): numbers tell, names do
    not.
    """
    status = item.status
    return WorkloadState(
        workload=key,
        desired=_replicas(item),
        updated=status.updated_replicas,
        ready=status.ready_replicas,
        observed=_observed(item),
        paused=bool(item.spec.paused),
    )


def _daemon_set(item: Workload, key: WorkloadKey) -> WorkloadState:
    status = item.status
    return WorkloadState(
        workload=key,
        desired=status.desired_number_scheduled,
        updated=status.updated_number_scheduled,
        ready=status.number_ready,
        observed=_observed(item),
    )


def _replica_set(item: Workload, key: WorkloadKey) -> WorkloadState:
    """One that nobody owns; it leaves pods of older templates alone, so none of them is out of date."""
    desired = _replicas(item)
    return WorkloadState(
        workload=key, desired=desired, updated=desired, ready=item.status.ready_replicas, observed=_observed(item)
    )


def _job(item: Workload, key: WorkloadKey) -> WorkloadState:
    """Its pods are never replaced by newer ones, and it does not say which spec it has seen."""
    spec, status = item.spec, item.status
    wanted = 1 if spec.parallelism is None else spec.parallelism
    if spec.completions is not None:
        wanted = min(wanted, max(spec.completions - status.succeeded, 0))
    over = any(one.type in OVER and one.status == "True" for one in status.conditions or ())
    desired = 0 if over or spec.suspend else wanted
    return WorkloadState(workload=key, desired=desired, updated=desired, ready=status.ready, paused=bool(spec.suspend))


def _cron_job(item: Workload, key: WorkloadKey) -> WorkloadState:
    """Between two runs; what runs is said by its Jobs."""
    return WorkloadState(workload=key, paused=bool(item.spec.suspend))


STATES: Final[Mapping[type[Workload], Callable[[Workload, WorkloadKey], WorkloadState]]] = {
    Deployment: _replicated,
    StatefulSet: _replicated,
    DaemonSet: _daemon_set,
    ReplicaSet: _replica_set,
    Job: _job,
    CronJob: _cron_job,
}


def _replicas(item: Workload) -> int:
    return 1 if item.spec.replicas is None else item.spec.replicas


def _observed(item: Workload) -> bool:
    """Whether the status speaks of the spec that stands there."""
    generation, seen = item.metadata.generation, item.status.observed_generation
    return generation is None or (seen is not None and seen >= generation)


def _together(one: WorkloadState, other: WorkloadState) -> WorkloadState:
    """Two parts of one workload. Surplus pods of one do not hide that another has too few of its newest revision."""
    return replace(
        one,
        desired=one.desired + other.desired,
        updated=min(one.updated, one.desired) + min(other.updated, other.desired),
        ready=one.ready + other.ready,
        observed=one.observed and other.observed,
        paused=one.paused or other.paused,
    )
