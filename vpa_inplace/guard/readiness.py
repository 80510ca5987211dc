"""Nothing is taken from pods that are not yet, or not now, what they usually are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.data import span
from vpa_inplace.guard.guard import SHRINKS


@dataclass(frozen=True, slots=True)
class WarmingUp:
    """What a container uses while it starts, compiles and fills its caches is neither its need nor its peak.

    Where it is not known when it started, it started long ago.
    """

    reason: str = "WarmingUp"
    judges: frozenset[Intent] = SHRINKS

    lasts: timedelta = timedelta(minutes=15)
    """Three 5-minute windows of usage: the first begins before the container does, the third is wholly its own."""

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        for container in move.pod.containers:
            if container.started is None or (age := snapshot.now - container.started) >= self.lasts:
                continue
            if any(change.lowered for change in move.changes if change.container == container.name):
                message = (
                    f"container {container.name} of pod {move.pod} started {span(max(age.total_seconds(), 0))} ago, "
                    f"less than {span(self.lasts.total_seconds())}"
                )
                return Refusal(self.reason, message, f"{span((self.lasts - age).total_seconds())} more")
        return None


@dataclass(frozen=True, slots=True)
class NotReady:
    """A pod that serves nobody uses nothing, and is about to serve again.

    Every container counts: a pod gets its load when all of them are ready. Where readiness is not known they are.
    """

    reason: str = "NotReady"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        for container in move.pod.containers:
            if container.sized and not container.ready:
                message = f"container {container.name} of pod {move.pod} is not ready"
                return Refusal(self.reason, message, "all containers of the pod being ready")
        return None


@dataclass(frozen=True, slots=True)
class RolloutInProgress:
    """While revisions take over from each other load wanders between pods, and two of them take each other's room.

    A workload whose state was not seen is taken to be what it wants to be.
    """

    reason: str = "RolloutInProgress"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        workloads = snapshot.around.workloads
        if not workloads:
            return None
        state = workloads.get(move.pod.workload)
        if state is None or not state.rolling:
            return None
        name = move.pod.workload.name
        if not state.observed:
            return Refusal(self.reason, f"{name} has a new spec that its controller has not seen yet", "its rollout")
        message = f"{state.updated} of {state.desired} pods of {name} are of its newest revision"
        held = "the rollout going on (it is paused)" if state.paused else "the end of the rollout"
        return Refusal(self.reason, message, held)
