"""What speaks against an object that is well-formed: the cluster, the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from vpa_inplace.api.config import Config
from vpa_inplace.api.objects.autoscaler import AutoscalerSpec
from vpa_inplace.api.objects.claims import Problem
from vpa_inplace.api.objects.containers import EVERY
from vpa_inplace.api.objects.seen import Seen
from vpa_inplace.api.policy_file import PolicyFile
from vpa_inplace.domain.errors import UnknownName
from vpa_inplace.domain.keys import ContainerKey, WorkloadKey
from vpa_inplace.domain.policy import Policy
from vpa_inplace.domain.quantity import format_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.workload.owners import Ref


def of_target(workload: WorkloadKey, config: Config, seen: Seen) -> Iterator[Problem]:
    """A workload that is left out, below another one, or not there."""
    namespace, name = workload.namespace, f"{workload.kind} {workload.name}"
    owner = seen.owners.get((namespace, Ref(workload.kind, workload.name)))
    if not _covered(config, namespace):
        yield Problem(
            "NamespaceExcluded",
            f"namespace {namespace} is left out by the configuration",
            "name it in namespaces, or take it out of excludedNamespaces",
        )
    elif owner is not None:
        yield Problem(
            "TargetNotTopmost",
            f"spec.targetRef: {name} belongs to {owner.kind} {owner.name}",
            f"name {owner.kind} {owner.name} in spec.targetRef",
        )
    elif seen.workloads is not None and workload not in seen.workloads and workload not in seen.pods_of:
        yield Problem(
            "TargetNotFound",
            f"spec.targetRef: there is no {name} in namespace {namespace}{_near(workload, seen)}",
            "correct spec.targetRef, or create the workload",
        )


def of_containers(spec: AutoscalerSpec, workload: WorkloadKey, seen: Seen) -> Iterator[Problem]:
    """Names that no live pod has. A workload without pods says nothing about its containers."""
    known = {container.name for pod in seen.pods_of.get(workload, ()) for container in pod.containers}
    if spec.resource_policy is None or not known:
        return
    for i, policy in enumerate(spec.resource_policy.container_policies):
        if policy.container_name not in {EVERY, *known}:
            where = f"spec.resourcePolicy.containerPolicies[{i}].containerName"
            unknown = UnknownName("container", policy.container_name, known)
            yield Problem("UnknownContainer", f"{where}: {unknown}", f"correct {where}, or remove the policy")


def of_profile(spec: AutoscalerSpec, config: Config, forecaster: str | None) -> Iterator[Problem]:
    """A profile that does not exist, or that is meant for another forecaster than this one of all containers."""
    name = spec.forecast.profile if spec.forecast else None
    if name is None:
        return
    try:
        meant = config.profile_named(name).forecaster
    except UnknownName as error:
        yield Problem("UnknownProfile", f"spec.forecast.profile: {error}", "correct spec.forecast.profile")
        return
    if meant is not None and forecaster not in {None, meant}:
        yield Problem(
            "OtherForecaster",
            f"spec.forecast.profile: profile {name!r} is meant for forecaster {meant!r}, and that of all containers is "
            f"{forecaster!r}",
            "choose another profile, or name the forecaster of all containers in the configuration",
        )


def of_bounds(key: ContainerKey, said: PolicyFile, policy: Policy) -> Iterator[Problem]:
    """An object's minAllowed that a maxAllowed of the configuration would win over in silence."""
    rules = said.resource_policy
    for resource, least in ((Resource.CPU, rules.cpu.min_allowed), (Resource.MEMORY, rules.memory.min_allowed)):
        most = policy.rule(resource).max_allowed
        if least is not None and most is not None and least > most:
            cap = format_amount(most, resource)
            yield Problem(
                "MinAboveMax",
                f"minAllowed.{resource.key} of container {key.container}, {format_amount(least, resource)}, is above "
                f"maxAllowed {cap} of the configuration",
                f"lower it to {cap}, or write maxAllowed.{resource.key} beside it",
            )


def _covered(config: Config, namespace: str) -> bool:
    """A namespace asked for by name is covered even where it is excluded by default."""
    return namespace in config.namespaces if config.namespaces else namespace not in config.excluded_namespaces


def _near(workload: WorkloadKey, seen: Seen) -> str:
    here = (f"{w.kind} {w.name}" for w in seen.workloads or () if w.namespace == workload.namespace)
    near = get_close_matches(f"{workload.kind} {workload.name}", islice(here, 1000), n=1)
    return f": did you mean {near[0]}?" if near else ""
