"""The largest part of a resize that a node has room for, from what its kubelet said."""

from __future__ import annotations

from dataclasses import replace

from vpa_inplace.domain.attempts import Attempt, Step
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.resource import Resource
from vpa_inplace.lifecycle.room import Shortage, shortages


def fitting(attempt: Attempt, pod: Pod) -> tuple[Step, ...] | None:
    """Steps that grow as far as there is room, or None: nothing fits, all fits, or the kubelet's words are strange.

    The excess is taken from the steps that grow most, in order, never below what a container had before. Limits stay
    as asked: no node has to have room for them.
    """
    missing = [one for one in shortages(pod.resize.message) if one.excess > 0]
    if not missing:
        return None
    steps = list(attempt.steps)
    for shortage in missing:
        steps = _less(steps, shortage)
    if all(_same(step, old) for step, old in zip(steps, attempt.steps, strict=True)):
        return None
    if not any(_moves(step) for step in steps):
        return None
    # What was asked for stands in the spec: that is what the smaller resize starts from.
    return tuple(
        replace(
            less, old_requests=old.old_requests.overlaid(old.requests), old_limits=old.old_limits.overlaid(old.limits)
        )
        for less, old in zip(steps, attempt.steps, strict=True)
    )


def _less(steps: list[Step], shortage: Shortage) -> list[Step]:
    excess, resource = shortage.excess, shortage.resource
    by_growth = sorted(range(len(steps)), key=lambda i: -_growth(steps[i], resource))
    for i in by_growth:
        taken = min(excess, max(_growth(steps[i], resource), 0))
        if taken:
            wanted = steps[i].requests.get(resource) or 0
            steps[i] = replace(steps[i], requests=steps[i].requests.replace(resource, wanted - taken))
            excess -= taken
    return steps


def _growth(step: Step, resource: Resource) -> int:
    new = step.requests.get(resource)
    return 0 if new is None else new - (step.old_requests.get(resource) or 0)


def _moves(step: Step) -> bool:
    return any(
        new.get(r) is not None and new.get(r) != old.get(r)
        for old, new in ((step.old_requests, step.requests), (step.old_limits, step.limits))
        for r in Resource
    )


def _same(one: Step, other: Step) -> bool:
    return one.requests == other.requests and one.limits == other.limits
