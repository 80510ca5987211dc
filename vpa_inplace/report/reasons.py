"""One sentence under every number: what set it, with the numbers that led to it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.policy import ControlledValues, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.recommend import Why
from vpa_inplace.report.document import Why as Told
from vpa_inplace.report.facts import Facts
from vpa_inplace.report.text import human, percent, span


def why_of(facts: Facts, resource: Resource, row: int) -> Told:
    """The rule that set the row's target, and how."""
    why = Why(int(facts.decision.sizes.why[resource, row]))
    return Told(code=camel(why), message=_message(why, facts, resource, row))


def camel(why: Why) -> str:
    """``PEAK_ON_RECORD`` as Kubernetes would spell a reason: ``PeakOnRecord``."""
    return why.name.title().replace("_", "")


def _message(why: Why, facts: Facts, resource: Resource, row: int) -> str:
    policy = facts.decision.policies[row]
    rule = policy.rule(resource)
    need = human(int(facts.decision.sizes.uncapped[resource, row]), resource)
    match why:
        case Why.FORECAST:
            return f"{expert(facts, row)}: up to {need} {ahead(rule.hold)}{_later(facts, resource, row)}"
        case Why.WORTH_ITS_PRICE:
            later = _later(facts, resource, row)
            return f"{expert(facts, row)}: {need} is worth its price at a risk of {percent(policy.risk)}{later}"
        case Why.PEAK_ON_RECORD:
            peak = human(float(facts.decision.snapshot.evidence.peak[resource, row]), resource)
            return f"peak on record {peak} + {percent(rule.peak_margin or 0)}"
        case Why.AFTER_OOM:
            return after_oom(facts, row)
        case Why.MIN_ALLOWED:
            return f"minAllowed {human(rule.min_allowed or 0, resource)}, need is {need}"
        case Why.MAX_ALLOWED:
            return f"maxAllowed {human(rule.max_allowed or 0, resource)}, need is {need}"
        case Why.NO_DATA:
            return no_data(facts, resource, row)
        case Why.NOT_CONTROLLED:
            return f"{resource.key} is not among controlledResources"


def _later(facts: Facts, resource: Resource, row: int) -> str:
    """What the rest of the day will take, where it is more than the size: nobody should copy a night's size for good."""
    peak = float(np.fmax.reduce(facts.decision.outlook.ceiling[resource, row]))
    soon = int(facts.decision.sizes.uncapped[resource, row])
    enough = soon * (1 + facts.decision.policies[row].dead_band)
    return f", {human(peak, resource)} within the day" if peak > enough else ""


def ahead(hold: timedelta) -> str:
    """``within 24 h``: for how long a size has to do, in whole hours as outlooks come."""
    return f"within {max(1, int(np.ceil(hold / timedelta(hours=1))))} h"


def expert(facts: Facts, row: int) -> str:
    """Whose forecast a row follows."""
    outlook = facts.decision.outlook
    return outlook.experts[int(outlook.expert[row])]


def after_oom(facts: Facts, row: int) -> str:
    floor = int(facts.decision.ledger.oom_floor[row])
    until = facts.time_of_oom(row) + facts.decision.policies[row].oom_hold
    return (
        f"OOM kill on {facts.time_of_oom(row):%b %d %H:%M}: at least {human(floor, Resource.MEMORY)} "
        f"until {until:%b %d}"
    )


def no_data(facts: Facts, resource: Resource, row: int) -> str:
    evidence = facts.decision.snapshot.evidence
    if np.isnan(evidence.peak[resource, row]):
        return "no usage samples"
    age = float(evidence.age[resource, row])
    return f"newest sample is {span(age)} old" if np.isfinite(age) else "no usage samples in the last day"


def why_not_target(facts: Facts, resource: Resource, slot: int, recommended: int) -> str | None:
    """Why ``recommended``, the request after the moves, is not the target: a rule of the plan, or the dead band."""
    slots = facts.decision.snapshot.slots
    row = int(slots.row[slot])
    target = int(facts.decision.sizes.target[resource, row])
    if target < 0 or recommended == target:
        return None
    policy = facts.decision.policies[row]
    wanted = int(facts.wanted[resource, slot])
    if wanted == recommended:
        return _held(policy, human(target, resource))
    if _priced(facts, resource, row):
        waits = "until the coming hour needs it" if wanted > recommended else "until unused room has cost a resize"
        return f"{human(wanted, resource)} waits {waits}"
    return f"{human(wanted, resource)} is within the dead band of {percent(policy.dead_band)}"


def _priced(facts: Facts, resource: Resource, row: int) -> bool:
    curves = facts.decision.outlook.curves
    return resource is Resource.CPU and curves is not None and bool(np.isfinite(curves.base[row]))


def _held(policy: Policy, target: str) -> str:
    if policy.controlled_values is ControlledValues.REQUESTS_ONLY:
        return f"target {target}, but RequestsOnly leaves the limit alone"
    return f"target {target}, but Guaranteed memory only grows"


def limit_rule(facts: Facts, resource: Resource, slot: int) -> str:
    """How the limit of a container follows its request."""
    slots = facts.decision.snapshot.slots
    policy = facts.decision.policies[int(slots.row[slot])]
    limit, request = int(slots.limit[resource, slot]), int(slots.request[resource, slot])
    if limit == UNSET:
        return "no limit is invented"
    if policy.controlled_values is ControlledValues.REQUESTS_ONLY:
        return "left alone (controlledValues RequestsOnly)"
    floor = ""
    if resource is Resource.MEMORY and not policy.allow_memory_limit_decrease:
        floor = ", never lowered without allowMemoryLimitDecrease"
    if slots.guaranteed[slot]:
        return f"equals the request (Guaranteed pod){floor}"
    if request <= 0:
        return f"kept at upperBound or above{floor}"
    return f"keeps its ratio to the request ({limit / request:.3g}x), at least upperBound{floor}"
