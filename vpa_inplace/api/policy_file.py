"""A policy as a file says it: only what is written counts, the rest comes from the layer below.

A key that is not written has the value ``None`` whatever its type says; what is written is in ``model_fields_set``.
The same part stands in ``defaults``, in each of ``workloads`` and in each profile. A new field of Policy gets its
spelling here and its line in ``_PLACES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Annotated, Any, Final

from pydantic import AfterValidator, ValidationInfo

from vpa_inplace.api.fields import (
    Budget,
    Cpu,
    Duration,
    Memory,
    Mode,
    OptionalCpu,
    OptionalMargin,
    OptionalMemory,
    OptionalName,
    Resources,
    Section,
    Share,
    Values,
    described,
)
from vpa_inplace.domain.policy import Policy, ResourceRule
from vpa_inplace.domain.resource import Resource


class UpdatePolicyFile(Section):
    update_mode: Mode = described("Off only recommends; Initial, InPlace and InPlaceOrRecreate are VPA's words.")
    max_resizes_per_day: Budget = described("Resizes a container may make a day, refilled evenly; none: no budget.")
    dead_band: Share = described("Smaller relative changes are not worth a resize.")


class _RuleFile(Section):
    hold: Duration = described("The target covers the forecast this far ahead: the next chance to resize.")
    peak_margin: OptionalMargin = described("Never below the peak on record plus this; none: no such floor.")


def _not_below_min(value: int | None, info: ValidationInfo) -> int | None:
    least = info.data.get("min_allowed")
    if value is not None and least is not None and value < least:
        raise ValueError("is below minAllowed; raise it, or lower minAllowed")
    return value


class CpuRuleFile(_RuleFile):
    min_allowed: OptionalCpu = described("Never recommend less; none: no floor.")
    max_allowed: Annotated[OptionalCpu, AfterValidator(_not_below_min)] = described(
        "Never recommend more; none: no cap. Wins over minAllowed."
    )
    quantum: Cpu = described("Sizes are rounded up to a multiple of this.", gt=0)


class MemoryRuleFile(_RuleFile):
    near_usage: Share = described("Share that must stay free above the last hour's peak when memory shrinks.")
    min_allowed: OptionalMemory = described("Never recommend less; none: no floor.")
    max_allowed: Annotated[OptionalMemory, AfterValidator(_not_below_min)] = described(
        "Never recommend more; none: no cap. Wins over minAllowed."
    )
    quantum: Memory = described("Sizes are rounded up to a multiple of this.", gt=0)


class ResourcePolicyFile(Section):
    controlled_resources: Resources = described("What is sized at all: cpu, memory or both.")
    controlled_values: Values = described("RequestsAndLimits moves limits along; RequestsOnly leaves them.")
    allow_memory_limit_decrease: bool = described("Whether memory limits, and Guaranteed memory, may fall.")
    cpu: CpuRuleFile = described("Rules for CPU.", CpuRuleFile())
    memory: MemoryRuleFile = described("Rules for memory.", MemoryRuleFile())


class ForecastFile(Section):
    risk: Share = described("Tolerated share of time under-provisioned, for forecasters that heed it.", gt=0, lt=1)
    profile: OptionalName = described("Profile to start from; what the file says itself wins over it.")


class EvidenceFile(Section):
    min_history: Duration = described("Usage that must be known before a first shrink.")
    min_coverage: Share = described("Share of the last day's samples that must exist before a shrink.")
    stale_after: Duration = described("Older usage allows no shrink.")
    oom_hold: Duration = described("How long the size given after an OOM kill is not undercut.")


class PolicyFile(Section):
    update_policy: UpdatePolicyFile = described("When and how often to act.", UpdatePolicyFile())
    resource_policy: ResourcePolicyFile = described("How resources are sized.", ResourcePolicyFile())
    forecast: ForecastFile = described("What is forecast, and how carefully.", ForecastFile())
    evidence: EvidenceFile = described("What must be known before anything shrinks.", EvidenceFile())


_PLACES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("update_mode", "max_resizes_per_day", "dead_band"), "update_policy"),
    **dict.fromkeys(("controlled_values", "allow_memory_limit_decrease"), "resource_policy"),
    **dict.fromkeys(("min_history", "min_coverage", "stale_after", "oom_hold"), "evidence"),
    "risk": "forecast",
}
"""Fields of Policy and the part of the file that holds each, under the same name."""


def laid_over(policy: Policy, file: PolicyFile) -> Policy:
    """The policy with everything that the file says; where the file is silent the policy stays."""
    said: dict[str, Any] = {}
    for name, part in _PLACES.items():
        section: Section = getattr(file, part)
        if name in section.model_fields_set:
            said[name] = getattr(section, name)
    resources = file.resource_policy
    controlled = resources.controlled_resources if "controlled_resources" in resources.model_fields_set else None
    for resource, rule, rules in (
        (Resource.CPU, policy.cpu, resources.cpu),
        (Resource.MEMORY, policy.memory, resources.memory),
    ):
        said[resource.key] = _rule(rule, rules, None if controlled is None else resource.key in controlled)
    return replace(policy, **said)


def _rule(rule: ResourceRule, file: _RuleFile, controlled: bool | None) -> ResourceRule:
    known = {field.name for field in fields(rule)}
    said = {name: getattr(file, name) for name in file.model_fields_set if name in known}
    if controlled is not None:
        said["controlled"] = controlled
    return replace(rule, **said)
