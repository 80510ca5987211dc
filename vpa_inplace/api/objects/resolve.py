"""From autoscalers and the configuration to a policy for each row, and to what is wrong with each autoscaler.

A workload belongs to the oldest object that is about it. Where that object cannot be held to, its workload is only
looked at: its owner wanted something that we do not know. All others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vpa_inplace.api.config import Config
from vpa_inplace.api.objects import problems
from vpa_inplace.api.objects.claims import Claim, Problem
from vpa_inplace.api.objects.layers import HELD
from vpa_inplace.api.objects.seen import Seen
from vpa_inplace.api.policies import NO_OVERRIDES, Overrides, forecaster_of, policies_for
from vpa_inplace.api.policy_file import PolicyFile
from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.keys import ContainerKey, WorkloadKey
from vpa_inplace.domain.policy import Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An autoscaler, and everything that speaks against it. ``workload`` is missing where no target can be read."""

    claim: Claim
    workload: WorkloadKey | None = None
    problems: tuple[Problem, ...] = ()
    first: bool = False  # whether it is the oldest about its workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A policy for each row, and where each autoscaler stands."""

    policies: Policies
    judged: tuple[Judged, ...]  # the oldest first

    @property
    def in_force(self) -> Mapping[WorkloadKey, Claim]:
        """Workloads, and the object that each obeys."""
        return {one.workload: one.claim for one in self.judged if one.workload and one.first and not one.problems}

    @property
    def held(self) -> Mapping[WorkloadKey, tuple[Problem, ...]]:
        """Workloads that are left alone, and why."""
        return {one.workload: one.problems for one in self.judged if one.workload and one.first and one.problems}


def resolve(claims: Iterable[Claim], config: Config, seen: Seen, flags: Overrides = NO_OVERRIDES) -> Resolved:
    """Policies with the precedence object > flags > configuration file > built-in.

    Raises:
        UsageError: the flags or the configuration are at fault, not an object.
    """
    chosen = flags.forecaster or config.forecaster or flags.profile
    forecaster = None if chosen else forecaster_of(config, flags).name
    first: dict[WorkloadKey, Claim] = {}
    judged = [
        _judged(claim, first, config, seen, forecaster) for claim in sorted(claims, key=lambda claim: claim.age_order)
    ]
    own = _own(judged, seen)
    policies = policies_for(config, seen.rows, flags, own)
    crossed = _crossed(own, policies, seen)
    if crossed:
        judged = [_with(one, crossed) for one in judged]
        policies = policies_for(config, seen.rows, flags, _own(judged, seen))
    return Resolved(policies=policies, judged=tuple(judged))


def _judged(
    claim: Claim, first: dict[WorkloadKey, Claim], config: Config, seen: Seen, forecaster: str | None
) -> Judged:
    if claim.target is None:
        return Judged(claim=claim, problems=claim.problems)
    workload = WorkloadKey(seen.cluster, claim.metadata.namespace, claim.target.kind, claim.target.name)
    oldest = first.setdefault(workload, claim)
    found = [*claim.problems, *problems.of_target(workload, config, seen)]
    if oldest is not claim:
        found.append(_taken(workload, oldest))
    if claim.spec is not None:
        found += problems.of_containers(claim.spec, workload, seen)
        found += problems.of_profile(claim.spec, config, forecaster)
    return Judged(claim=claim, workload=workload, problems=tuple(found), first=oldest is claim)


def _taken(workload: WorkloadKey, oldest: Claim) -> Problem:
    return Problem(
        "TargetTaken",
        f"spec.targetRef: {workload.kind} {workload.name} belongs to InPlacePodAutoscaler {oldest.metadata.name}, which is "
        "older",
        "delete one of the two",
    )


def _own(judged: Iterable[Judged], seen: Seen) -> dict[ContainerKey, PolicyFile]:
    """What the oldest object of each workload says of its containers."""
    found: dict[ContainerKey, PolicyFile] = {}
    for one in judged:
        if one.first and one.workload:
            layers = None if one.problems else one.claim.layers
            for key in seen.rows_of.get(one.workload, ()):
                found[key] = layers.of(key.container) if layers else HELD
    return found


def _crossed(
    own: Mapping[ContainerKey, PolicyFile], policies: Policies, seen: Seen
) -> Mapping[WorkloadKey, tuple[Problem, ...]]:
    """Contradictions that only show once the objects are laid over the configuration."""
    found: dict[WorkloadKey, tuple[Problem, ...]] = {}
    capped = policies.max_allowed != UNSET
    rows = np.flatnonzero(np.any(capped & (policies.min_allowed > policies.max_allowed), axis=0))
    for row in rows.tolist():
        key = seen.rows.keys[row]
        if key in own:
            more = problems.of_bounds(key, own[key], policies[row])
            found[key.workload] = (*found.get(key.workload, ()), *more)
    return {workload: some for workload, some in found.items() if some}


def _with(one: Judged, crossed: Mapping[WorkloadKey, tuple[Problem, ...]]) -> Judged:
    if one.workload is None or not one.first:
        return one
    return replace(one, problems=(*one.problems, *crossed.get(one.workload, ())))
