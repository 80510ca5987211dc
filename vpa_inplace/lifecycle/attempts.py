r"""Each resize followed to its end, from what the pod says now: level-triggered, so that nothing seen twice or missed
does harm.

    Submitted -> Deferred | Infeasible | InProgress | Error -> (in force) -> Soaking -> Settled
                      \__________ clock __________/                            \_ harm _/
                                    v                                              v
                                  UNDO                                           UNDO

A reducer over facts: the pod's spec says whether the request arrived, its conditions say how far the kubelet is, its
containers say what is in force. Events are never needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, End, Ended, Phase, Step, TooBig
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.pods import Container, Pod
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.lifecycle.fitting import fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """How long each phase may last, in seconds, before the resize is taken back."""

    unseen: float = 60.0
    """No trace in the pod: the request was never sent, or is lost. A watch is seconds behind, not a minute."""
    deferred: float = 120.0
    """A GROW that waits for room keeps that room reserved in the scheduler, and from HPA's sight: two minutes, less
    than the kubelet's own retry of three (allocation_manager.go retryDelay)."""
    in_progress: float = 300.0
    """Seen: under a second. VPA waits an hour; a container without its size for that long is our business."""
    failing: float = 60.0
    """A memory limit below usage fails at once and is retried every 24 to 45 s (seen on 1.36): one retry is granted."""
    soak: float = 600.0
    """How long a shrink is watched: two 5-minute steps of usage, at which point the data guards see its effect."""


CLOCKS: Final = Clocks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A resize that an attempt calls for: back to where it was, or the part of it that there is room for."""

    pod: Pod
    intent: Intent
    steps: tuple[Step, ...]
    reason: str  # a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What became of the attempts."""

    open: tuple[Attempt, ...] = ()
    ended: tuple[Ended, ...] = ()
    due: tuple[Due, ...] = ()
    too_big: tuple[TooBig, ...] = ()


class Spec(Enum):
    """Where a pod's spec stands, seen from an attempt."""

    NEW = auto()
    OLD = auto()
    OTHER = auto()


def follow(attempts: Iterable[Attempt], snapshot: Snapshot, clocks: Clocks = CLOCKS) -> Followed:
    """Every attempt at ``snapshot.now``: open ones with their phase, ended ones, and the resizes that they call for."""
    pods = {pod.uid: pod for pod in snapshot.pods}
    results = [_follow(attempt, pods.get(attempt.uid), snapshot.epoch, clocks) for attempt in attempts]
    return Followed(
        open=tuple(attempt for result in results for attempt in result.open),
        ended=tuple(ended for result in results for ended in result.ended),
        due=tuple(due for result in results for due in result.due),
        too_big=tuple(size for result in results for size in result.too_big),
    )


def _follow(attempt: Attempt, pod: Pod | None, now: float, clocks: Clocks) -> Followed:
    if pod is None or not pod.live:
        return _over(attempt, End.POD_GONE, now, "the pod is gone")
    if attempt.generation is not None and (pod.generation or 0) < attempt.generation:
        return Followed(open=(attempt,))  # the watch has not brought our own request back yet
    where = stands(attempt.steps, pod)
    if where is Spec.OTHER or (where is Spec.OLD and attempt.generation is not None):
        return _over(attempt, End.OVERTAKEN, now, "the pod was given another size since")
    if where is Spec.OLD:
        if now - attempt.began < clocks.unseen:
            return Followed(open=(attempt,))
        return _over(attempt, End.NEVER_SENT, now, "there is no trace of it in the pod")
    if attempt.generation is None and pod.generation is not None:
        attempt = replace(attempt, generation=pod.generation)
    return _arrived(attempt, pod, now, clocks)


def _arrived(attempt: Attempt, pod: Pod, now: float, clocks: Clocks) -> Followed:
    """The size stands in the pod's spec; the rest is the kubelet's."""
    if harm := _harm(attempt, pod):
        return _undo(attempt, pod, now, harm)
    phase = phase_of(attempt, pod)
    if phase is not attempt.phase:
        attempt = replace(attempt, phase=phase, since=now, message=pod.resize.message)
    match phase:
        case Phase.INFEASIBLE:
            return _infeasible(attempt, pod, now)
        case Phase.DEFERRED:
            return _deferred(attempt, pod, now, clocks.deferred)
        case Phase.SOAKING:
            return _soaking(attempt, now, clocks.soak)
        case Phase.ERROR:
            return _waiting(attempt, pod, now, clocks.failing)
        case _:
            return _waiting(attempt, pod, now, clocks.in_progress)


def stands(steps: Iterable[Step], pod: Pod) -> Spec:
    """Whether the pod's spec is what the steps lead to, what they began with, or neither."""
    containers = {container.name: container for container in pod.containers}
    new = old = True
    for step in steps:
        container = containers.get(step.container)
        if container is None:
            return Spec.OTHER
        for resource in Resource:
            for have, was, want in (
                (container.requests, step.old_requests, step.requests),
                (container.limits, step.old_limits, step.limits),
            ):
                if want.get(resource) is None:
                    continue
                new &= have.get(resource) == want.get(resource)
                old &= have.get(resource) == was.get(resource)
    return Spec.NEW if new else Spec.OLD if old else Spec.OTHER


def phase_of(attempt: Attempt, pod: Pod) -> Phase:
    """How far the kubelet is with a size that stands in the spec."""
    status = pod.resize
    if status.pending:
        return Phase.INFEASIBLE if status.pending == Phase.INFEASIBLE else Phase.DEFERRED
    if status.in_progress:
        return Phase.ERROR if status.failing else Phase.IN_PROGRESS
    return Phase.SOAKING if in_force(attempt.steps, pod) else Phase.SUBMITTED


def in_force(steps: Iterable[Step], pod: Pod) -> bool:
    """Whether the kubelet is done: nothing pending, and the containers run with what their spec says.

    A moment after the request no condition is there yet and the old size still is, so silence alone proves nothing.
    Limits are compared as the runtime reports them; a request only as allocated, because the kernel rounds CPU shares.
    The generation that the kubelet has seen is no proof either way: it may lag behind the size (seen on 1.34), and is
    not told at all on 1.33.
    """
    if not pod.resize.quiet:
        return False
    containers = {container.name: container for container in pod.containers}
    return all(_runs(containers[step.container], step) for step in steps if step.container in containers)


def _runs(container: Container, step: Step) -> bool:
    allocated = container.allocated if container.allocated is not None else container.actual_requests
    if allocated is None:
        return False  # it does not run yet: nothing is in force
    for resource in Resource:
        if step.requests.get(resource) is not None and allocated.get(resource) != container.requests.get(resource):
            return False
        if step.limits.get(resource) is not None and (
            container.actual_limits is None or container.actual_limits.get(resource) != container.limits.get(resource)
        ):
            return False
    return True


def _harm(attempt: Attempt, pod: Pod) -> str | None:
    """What a shrink has done to the pod, as far as the pod itself tells."""
    if attempt.intent is not Intent.SHRINK:
        return None
    named = {step.container for step in attempt.steps}
    for container in pod.containers:
        killed = container.last_oom
        if container.name in named and killed is not None and killed.timestamp() > attempt.began:
            return f"container {container.name} was killed for want of memory after the shrink"
    restarts = sum(container.restarts for container in pod.containers if container.name in named)
    if restarts > attempt.restarts:
        return "a container restarted after the shrink"
    return None


def _waiting(attempt: Attempt, pod: Pod, now: float, patience: float) -> Followed:
    """In the spec, and not in force: the kubelet is at it, fails at it, or says nothing because it restarts."""
    if now - attempt.since < patience:
        return Followed(open=(attempt,))
    told = f": {pod.resize.message}" if pod.resize.message else ""
    return _undo(attempt, pod, now, f"the kubelet was not done with it after {patience:.0f} s{told}")


def _deferred(attempt: Attempt, pod: Pod, now: float, patience: float) -> Followed:
    """Growth that waits too long is given up; a rescue takes what fits and asks again when there is more."""
    if attempt.intent in {Intent.RESCUE, Intent.UNDO}:
        part = fitting(attempt, pod)
        if part is None:
            return Followed(open=(attempt,))
        reason = f"only a part of it fits the node now: {pod.resize.message}"
        due = Due(pod=pod, intent=attempt.intent, steps=part, reason=reason)
        return replace(_over(attempt, End.OVERTAKEN, now, reason), due=(due,))
    if now - attempt.since < patience:
        return Followed(open=(attempt,))
    return _undo(attempt, pod, now, f"the node has had no room for {patience:.0f} s: {pod.resize.message}")


def _infeasible(attempt: Attempt, pod: Pod, now: float) -> Followed:
    """The kubelet never tries an Infeasible size again, and until it is reverted the spec lies to everybody."""
    sizes = tuple(
        TooBig(
            workload=attempt.workload,
            container=step.container,
            node=pod.node or "",
            requests=step.requests,
            at=now,
            message=pod.resize.message,
        )
        for step in attempt.steps
    )
    return replace(_undo(attempt, pod, now, f"the node refused it: {pod.resize.message}"), too_big=sizes)


def _soaking(attempt: Attempt, now: float, patience: float) -> Followed:
    if attempt.intent is not Intent.SHRINK:
        return _over(attempt, End.APPLIED, now, "it is in force")
    if now - attempt.since < patience:
        return Followed(open=(attempt,))
    return _over(attempt, End.SETTLED, now, f"it has been in force for {patience:.0f} s and did no harm")


def _over(attempt: Attempt, end: End, now: float, reason: str) -> Followed:
    return Followed(ended=(Ended(attempt=attempt, end=end, at=now, reason=reason),))


def _undo(attempt: Attempt, pod: Pod, now: float, reason: str) -> Followed:
    """Back to the old size: as a resize of its own, which is followed like any other.

    What had no amount before cannot lose it again (Kubernetes removes no request or limit): it stays, and is said.
    An undo that fails is not undone: it stands, and goes on asking.
    """
    if attempt.intent is Intent.UNDO:
        return Followed(open=(attempt,))
    steps = tuple(back for step in attempt.steps if (back := reverse(step)) is not None)
    over = _over(attempt, End.REVERTED, now, reason)
    return replace(over, due=(Due(pod=pod, intent=Intent.UNDO, steps=steps, reason=reason),)) if steps else over


def reverse(step: Step) -> Step | None:
    """The step back, or None if there is nothing to go back to."""
    requests, limits = (
        Amounts(*(_back(old.get(r), new.get(r)) for r in Resource))
        for old, new in ((step.old_requests, step.requests), (step.old_limits, step.limits))
    )
    if requests == limits == Amounts():
        return None
    return Step(
        container=step.container,
        old_requests=step.requests,
        old_limits=step.limits,
        requests=requests,
        limits=limits,
    )


def _back(old: int | None, new: int | None) -> int | None:
    return old if new is not None else None
