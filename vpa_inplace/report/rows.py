"""One row of the report: a container role with its live pods, both resources, and what the guards said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isfinite
from typing import Final

from vpa_inplace.domain.amounts import UNKNOWN, UNSET, encode
from vpa_inplace.domain.moves import Change, Intent, Refusal, Verdict
from vpa_inplace.domain.quantity import format_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.recommend import Why
from vpa_inplace.report.document import (
    Action,
    Amount,
    Figures,
    Judged,
    Known,
    Refused,
    Row,
    Severity,
    State,
    Total,
    Variant,
)
from vpa_inplace.report.facts import Facts, touches
from vpa_inplace.report.reasons import expert, why_not_target, why_of
from vpa_inplace.report.text import MEBI, storable

SEVERITIES: Final = (
    # KRR's defaults, robusta_krr/core/models/severity.py: absolute distance of one pod, millicores and bytes
    (Severity.CRITICAL, (500, 500 * MEBI)),
    (Severity.WARNING, (250, 250 * MEBI)),
    (Severity.OK, (100, 100 * MEBI)),
)


def row_of(facts: Facts, row: int) -> Row:
    """The row of a container role; one without a live pod has zero pods and unset requests."""
    decision = facts.decision
    key, policy = decision.snapshot.rows.keys[row], decision.policies[row]
    slots = facts.slots_of_row.get(row, [])
    shown = facts.shown(slots) if slots else None
    return Row(
        namespace=storable(key.namespace),
        kind=storable(key.workload.kind),
        workload=storable(key.workload.name),
        container=storable(key.container),
        container_kind="container" if shown is None else _container_kind(facts, shown),
        pods=len(slots),
        update_mode=str(policy.update_mode),
        profile=policy.profile,
        forecaster=expert(facts, row),
        confidence=_confidence(facts, row),
        cpu=_figures(facts, Resource.CPU, row, slots, shown),
        memory=_figures(facts, Resource.MEMORY, row, slots, shown),
        verdicts=_verdicts(facts, slots),
        variants=_variants(facts, slots),
    )


def amount(value: int, resource: Resource) -> Amount:
    """An element of an integer matrix, sentinels and all."""
    if value == UNSET:
        return Amount(state=State.UNSET)
    if value == UNKNOWN:
        return Amount(state=State.UNKNOWN)
    return Amount(state=State.SET, amount=value, quantity=format_amount(value, resource))


def refused(refusal: Refusal) -> Refused:
    return Refused(reason=refusal.reason, message=storable(refusal.message), lifted_by=storable(refusal.lifted_by))


def severity(request: int, target: int, resource: Resource) -> Severity:
    """KRR's words for the distance between a request and its size; UNSET and UNKNOWN as in matrices.

    A request that is not set is at least a warning, as there.
    """
    if target < 0:
        return Severity.UNKNOWN
    gap = abs(target - max(request, 0))
    found = next((word for word, least in SEVERITIES if gap >= least[resource]), Severity.GOOD)
    mild = request == UNSET and found in (Severity.OK, Severity.GOOD)
    return Severity.WARNING if mild else found


def _container_kind(facts: Facts, slot: int) -> str:
    snapshot = facts.decision.snapshot
    container = snapshot.pods[snapshot.slots.pod[slot]].containers[snapshot.slots.place[slot]]
    return str(container.kind)


def _confidence(facts: Facts, row: int) -> float:
    confidence = float(facts.decision.outlook.confidence[row])
    return round(confidence, 3) if isfinite(confidence) else 0.0


def _figures(facts: Facts, resource: Resource, row: int, slots: Sequence[int], shown: int | None) -> Figures:
    sizes = facts.decision.sizes
    request, limit = (UNSET, UNSET) if shown is None else _now(facts, resource, shown)
    after, limit_after = (request, limit) if shown is None else _after(facts, resource, shown, request, limit)
    target = int(sizes.target[resource, row])
    no_data = sizes.why[resource, row] == Why.NO_DATA
    action = _action(facts, resource, row, slots)
    near = shown is not None and action is Action.KEEP and int(facts.wanted[resource, shown]) != request
    return Figures(
        request=amount(request, resource),
        recommended=amount(UNKNOWN if no_data else after, resource),
        limit=amount(limit, resource),
        recommended_limit=amount(UNKNOWN if no_data and limit != UNSET else limit_after, resource),
        target=amount(target, resource),
        lower_bound=amount(int(sizes.lower[resource, row]), resource),
        upper_bound=amount(int(sizes.upper[resource, row]), resource),
        uncapped_target=amount(int(sizes.uncapped[resource, row]), resource),
        delta=None if no_data else max(after, 0) - max(request, 0),
        total=_total(facts, resource, slots),
        severity=_severity(request, target, resource, action, near=near),
        action=action,
        why=why_of(facts, resource, row),
        note=None if shown is None else why_not_target(facts, resource, shown, after),
        guards=_guards(facts, resource, slots),
        usage=_usage(facts, resource, row),
        curve=tuple(_whole(ceiling) for ceiling in facts.decision.outlook.ceiling[resource, row].tolist()),
    )


def _severity(request: int, target: int, resource: Resource, action: Action, *, near: bool) -> Severity:
    """As KRR, but for two things it does not know: starving is critical however small, the dead band is good."""
    if action is Action.RESCUE:
        return Severity.CRITICAL
    return Severity.GOOD if near else severity(request, target, resource)


def _now(facts: Facts, resource: Resource, slot: int) -> tuple[int, int]:
    variant = facts.variants[slot]
    return variant[resource], variant[2 + resource]


def _after(facts: Facts, resource: Resource, slot: int, request: int, limit: int) -> tuple[int, int]:
    """Request and limit once every move of the slot is made."""
    for _, change in facts.changes.get(slot, ()):
        if touches(change, resource):
            requests, limits = change.after()
            return encode(requests.get(resource)), encode(limits.get(resource))
    return request, limit


def _action(facts: Facts, resource: Resource, row: int, slots: Sequence[int]) -> Action:
    match facts.decision.sizes.why[resource, row]:
        case Why.NO_DATA:
            return Action.UNKNOWN
        case Why.NOT_CONTROLLED:
            return Action.NOT_CONTROLLED
    newest = float(facts.decision.snapshot.evidence.newest[resource, row])
    intents = [
        _intent(verdict.move.intent, change, resource, newest) for verdict, change in facts.touching(slots, resource)
    ]
    return Action(min(intents).name.lower()) if intents else Action.KEEP


def _intent(intent: Intent, change: Change, resource: Resource, newest: float) -> Intent:
    """A move's intent as far as it is about this resource: what grows along with a rescue is not starving itself."""
    request = change.old_requests.get(resource)
    starving = request is not None and newest > request
    return Intent.GROW if intent is Intent.RESCUE and not starving else intent


def _total(facts: Facts, resource: Resource, slots: Sequence[int]) -> Total:
    current = sum(max(facts.variants[slot][resource], 0) for slot in slots)
    delta = sum(
        max(new, 0) - max(facts.variants[slot][resource], 0)
        for slot in slots
        if slot in facts.changes
        for new, _ in [_after(facts, resource, slot, *_now(facts, resource, slot))]
    )
    return Total(current=current, recommended=current + delta, delta=delta)


def _guards(facts: Facts, resource: Resource, slots: Sequence[int]) -> tuple[str, ...]:
    moves = facts.touching(slots, resource)
    return tuple(dict.fromkeys(refusal.reason for verdict, _ in moves for refusal in verdict.refusals))


def _usage(facts: Facts, resource: Resource, row: int) -> Known:
    evidence = facts.decision.snapshot.evidence
    return Known(
        newest=_whole(evidence.newest[resource, row]),
        age_seconds=_whole(evidence.age[resource, row]),
        recent_peak=_whole(evidence.recent_peak[resource, row]),
        peak=_whole(evidence.peak[resource, row]),
        span_seconds=_whole(evidence.peak_age[resource, row]) or 0,
        coverage=round(float(evidence.coverage[resource, row]), 4),
    )


def _whole(value: float) -> int | None:
    return round(float(value)) if isfinite(value) else None


def _verdicts(facts: Facts, slots: Sequence[int]) -> tuple[Judged, ...]:
    """Moves of these slots by verdict, most urgent first."""
    groups: dict[tuple[Intent, tuple[str, ...], tuple[str, ...]], list[Verdict]] = {}
    for slot in slots:
        for verdict, change in facts.changes.get(slot, ()):
            resources = tuple(r.key for r in Resource if touches(change, r))
            reasons = tuple(refusal.reason for refusal in verdict.refusals)
            groups.setdefault((verdict.move.intent, resources, reasons), []).append(verdict)
    return tuple(
        Judged(
            intent=intent.name.lower(),
            admitted=not reasons,
            pods=len(verdicts),
            resources=resources,
            refusals=tuple(refused(refusal) for refusal in verdicts[0].refusals),
        )
        for (intent, resources, reasons), verdicts in sorted(groups.items(), key=lambda item: item[0])
    )


def _variants(facts: Facts, slots: Sequence[int]) -> tuple[Variant, ...]:
    """Most common first, then the largest."""
    number = Counter(facts.variants[slot] for slot in slots)
    ordered = sorted(number, key=lambda variant: (number[variant], variant), reverse=True)
    return tuple(
        Variant(
            pods=number[variant],
            requests={r.key: amount(variant[r], r) for r in Resource},
            limits={r.key: amount(variant[2 + r], r) for r in Resource},
        )
        for variant in ordered
    )
