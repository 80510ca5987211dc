"""Other autoscalers of what we size: HPAs, those that KEDA makes or is about to make, VPAs that are not ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar

from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import ForeignVpa, Hpa
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.kinds import (
    HorizontalPodAutoscaler,
    MetricSpec,
    ScaledObject,
    Trigger,
    VerticalPodAutoscaler,
)
from vpa_inplace.observe.kubernetes.targets import Targets

OURS: Final = "vpa-inplace"
"""The name of our recommender in a VPA's ``recommenders``."""
KEDA_PAUSED: Final = ("autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas")
IDLE_MODES: Final = frozenset({"Off", "Initial"})
"""Modes in which a VPA leaves running pods alone. Initial speaks once, when a pod is admitted; what we do to the pod
afterwards meets nobody, and no updater undoes it. A mode that is not known acts."""
DEFAULT_MODE: Final = "Recreate"  # where a VPA names none

Containers = dict[Resource, frozenset[str]]
"""By resource, the containers on whose utilisation somebody scales; empty: all of the pod."""
ALL: Final[frozenset[str]] = frozenset()

_RESOURCES: Final = {resource.key: resource for resource in Resource}
_Item = TypeVar("_Item", Hpa, ForeignVpa)


def hpas(views: Views, targets: Targets) -> dict[WorkloadKey, tuple[Hpa, ...]]:
    """Everything that changes replicas, by each workload that it may change.

    A ScaledObject counts through the HPA that KEDA has made of it. Where there is none, yet or while it is paused, it
    counts by its triggers: KEDA would make the HPA from them at any moment.
    """
    seen = views.of(HorizontalPodAutoscaler).objects
    found = [hpa for item in seen.values() for hpa in _of_hpa(item, targets)]
    made = {
        (item.metadata.namespace, owner.name)
        for item in seen.values()
        for owner in item.metadata.owner_references or ()
        if owner.kind == "ScaledObject"
    }
    for item in views.of(ScaledObject).objects.values():
        place = item.metadata.namespace, item.metadata.name
        named = item.metadata.namespace, item.status.hpa_name or ""
        if place not in made and named not in seen:
            found += _of_scaled_object(item, targets)
    return _by_workload(found)


def foreign_vpas(views: Views, targets: Targets) -> dict[WorkloadKey, tuple[ForeignVpa, ...]]:
    """VPAs that somebody else serves and that act on running pods. Which containers they leave out is not looked at."""
    found: list[ForeignVpa] = []
    for item in views.of(VerticalPodAutoscaler).objects.values():
        ref, policy = item.spec.target_ref, item.spec.update_policy
        mode = (policy.update_mode if policy is not None else None) or DEFAULT_MODE
        if ref is None or mode in IDLE_MODES or any(one.name == OURS for one in item.spec.recommenders or ()):
            continue
        meant = targets.of(item.metadata.namespace, ref.api_version or "", ref.kind, ref.name)
        found += [ForeignVpa(workload=key, name=item.metadata.name, mode=mode) for key in meant]
    return _by_workload(found)


def _by_workload(found: Iterable[_Item]) -> dict[WorkloadKey, tuple[_Item, ...]]:
    grouped: dict[WorkloadKey, list[_Item]] = defaultdict(list)
    for one in found:
        grouped[one.workload].append(one)
    return {key: tuple(group) for key, group in grouped.items()}


# ----------------------------------------------------------------------------------------------------------------- HPAs


def _of_hpa(item: HorizontalPodAutoscaler, targets: Targets) -> Iterator[Hpa]:
    ref, metadata = item.spec.scale_target_ref, item.metadata
    utilization, settled = _of_metrics(item.spec.metrics), _settled(item)
    owner = metadata.controller
    for key in targets.of(metadata.namespace, ref.api_version or "", ref.kind, ref.name):
        yield Hpa(
            workload=key,
            name=metadata.name,
            utilization=utilization,
            settled=settled,
            scaled_by="" if owner is None else f"{owner.kind}/{owner.name}",
        )


def _of_metrics(metrics: Iterable[MetricSpec] | None) -> Containers:
    """Without any metric an HPA scales on CPU utilisation (autoscaling/v2 SetDefaults_HorizontalPodAutoscaler)."""
    if not metrics:
        return {Resource.CPU: ALL}
    found: Containers = {}
    for metric in metrics:
        source = metric.container_resource if metric.type == "ContainerResource" else metric.resource
        if source is None or source.name not in _RESOURCES:
            continue
        if source.target.type == "Utilization":
            _add(found, _RESOURCES[source.name], source.container)
    return found


def _add(found: Containers, resource: Resource, container: str | None) -> None:
    """One more container; one metric on the whole pod is all of them."""
    before = found.get(resource)
    whole = not container or before == ALL
    found[resource] = ALL if whole else frozenset({str(container), *(before or ())})


def _settled(item: HorizontalPodAutoscaler) -> bool:
    """Whether it has looked and wants no other number of replicas.

    One that never could compute a number (no metrics: ScalingActive False) wants 0 for ever and changes nothing. Which
    generation it has seen is told from Kubernetes 1.37 on.
    """
    status, generation = item.status, item.metadata.generation
    told = {one.type: one.status for one in status.conditions or ()}
    if not told or (generation and status.observed_generation and status.observed_generation < generation):
        return False
    idle = status.desired_replicas == 0 and told.get("ScalingActive") == "False"
    return idle or status.current_replicas == status.desired_replicas


# ----------------------------------------------------------------------------------------------------------------- KEDA


def _of_scaled_object(item: ScaledObject, targets: Targets) -> Iterator[Hpa]:
    """The HPA that KEDA would make. One that is paused has the replicas that it is to have."""
    metadata, ref = item.metadata, item.spec.scale_target_ref
    api_version, kind, name = (str(ref.get(part) or "") for part in ("apiVersion", "kind", "name"))
    utilization = _of_triggers(item.spec.triggers or ())
    for key in targets.of(metadata.namespace, api_version or "apps/v1", kind or "Deployment", name):
        yield Hpa(
            workload=key,
            name=item.status.hpa_name or f"keda-hpa-{metadata.name}",
            utilization=utilization,
            settled=_paused(metadata.annotations or {}),
            scaled_by=f"ScaledObject/{metadata.name}",
        )


def _of_triggers(triggers: Iterable[Trigger]) -> Containers:
    """Triggers on cpu and memory are for Utilization unless they say otherwise, in the new place or in the old one.

    Source: kedacore/keda pkg/scalers/cpu_memory_scaler.go.
    """
    found: Containers = {}
    for trigger in triggers:
        metadata = trigger.metadata or {}
        said = trigger.metric_type or metadata.get("type") or "Utilization"
        if trigger.type in _RESOURCES and said == "Utilization":
            _add(found, _RESOURCES[trigger.type], metadata.get("containerName"))
    return found


def _paused(annotations: Mapping[str, str]) -> bool:
    return any(annotations.get(name, "false") != "false" for name in KEDA_PAUSED)
