"""The status of an autoscaler, from what was seen and concluded. Pure: putting it into the cluster is somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vpa_inplace.api.objects.conditions import Finding, conditions_after
from vpa_inplace.api.objects.resolve import Judged
from vpa_inplace.api.objects.status import AutoscalerStatus, ConditionType, ContainerRecommendation, Recommendation
from vpa_inplace.domain.policy import UpdateMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What there is to say of one autoscaler. Sentences are empty where there is nothing to say."""

    judged: Judged
    mode: UpdateMode  # in force, all considered
    pods: int = 0  # live ones of its workload
    recommended: tuple[ContainerRecommendation, ...] = ()  # for its workload
    fetching: str = ""  # that history is still being read
    unsure: str = ""  # that the recommendation rests on little
    resizing: str = ""  # what is under way
    guarded: str = ""  # which objective holds a shrink back
    incapable: str | None = ""  # what the cluster cannot do, or we may not; None: not found out yet

    @property
    def shown(self) -> tuple[ContainerRecommendation, ...]:
        """An object whose workload belongs to another one shows none."""
        return self.recommended if self.judged.first else ()


def status_after(standing: Standing, now: datetime) -> AutoscalerStatus:
    """The status to write; equal to the one that stands there when nothing new is to be said."""
    claim = standing.judged.claim
    before = claim.status or AutoscalerStatus()
    generation = claim.metadata.generation
    fields: dict[str, Any] = {
        **(before.model_extra or {}),
        "observed_generation": generation,
        "update_mode": standing.mode,
        "recommendation": Recommendation(container_recommendations=standing.shown) if standing.shown else None,
        "conditions": conditions_after(before.conditions, findings(standing), generation=generation, now=now),
    }
    return AutoscalerStatus(**fields)


def findings(standing: Standing) -> Iterator[Finding]:
    """Every condition of ours, as it is now."""
    yield _provided(standing)
    yield _unsupported(standing)
    for kind, sentence, so, not_so in (
        (ConditionType.NO_PODS_MATCHED, _no_pods(standing), "NoPodsMatched", "PodsMatched"),
        (ConditionType.FETCHING_HISTORY, standing.fetching, "FetchingHistory", "HistoryFetched"),
        (ConditionType.LOW_CONFIDENCE, standing.unsure, "LittleHistory", "EnoughHistory"),
        (ConditionType.RESIZING, standing.resizing, "Resizing", "AtRest"),
        (ConditionType.SLO_GUARDED, standing.guarded, "ObjectiveAtRisk", "ObjectivesMet"),
    ):
        yield Finding(kind, True, so, sentence) if sentence else Finding(kind, False, not_so)
    yield _incapable(standing.incapable)


def _provided(standing: Standing) -> Finding:
    kind = ConditionType.RECOMMENDATION_PROVIDED
    if standing.shown:
        return Finding(kind, True, "Recommended")
    if not standing.judged.first:
        return Finding(kind, False, "ConfigUnsupported", "this object is about no workload of its own")
    if missing := _no_pods(standing):
        return Finding(kind, False, "NoPodsMatched", missing)
    if standing.fetching:
        return Finding(kind, False, "FetchingHistory", standing.fetching)
    return Finding(kind, False, "NothingToSay", "no usage of its containers is known, or none of them is to be sized")


def _unsupported(standing: Standing) -> Finding:
    problems = standing.judged.problems
    if not problems:
        return Finding(ConditionType.CONFIG_UNSUPPORTED, False, "Supported")
    reason = problems[0].reason if len(problems) == 1 else "SeveralProblems"
    message = "; ".join(f"{problem.message} ({problem.lifted_by})" for problem in problems)
    return Finding(ConditionType.CONFIG_UNSUPPORTED, True, reason, message)


def _no_pods(standing: Standing) -> str:
    workload = standing.judged.workload
    if workload is None or standing.pods:
        return ""
    return f"no live pod belongs to {workload.kind} {workload.name}"


def _incapable(sentence: str | None) -> Finding:
    kind = ConditionType.CAPABILITY_MISSING
    if sentence is None:
        return Finding(kind, None, "NotChecked", "what the cluster can do is not known yet")
    return Finding(kind, True, "CapabilityMissing", sentence) if sentence else Finding(kind, False, "Capable")
