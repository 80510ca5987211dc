"""Other autoscalers of the same workload. Those that were not seen do not count."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies, UpdateMode
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.domain.surroundings import Hpa
from vpa_inplace.guard.guard import EVERY


@dataclass(frozen=True, slots=True)
class HpaOnSameResource:
    """An HPA on utilisation divides usage by the request in the spec: whoever changes that changes the replicas.

    A raise looks like less load and scales in, a shrink scales out, and while a resize is Deferred the spec says what
    is not there (kubernetes/kubernetes #142155). So a request on which an HPA targets Utilization for the container is
    never changed; limits are, since no HPA looks at them.

    On other resources: while replicas are on their way to another number each pod's share of the load is about to
    change, so nothing is taken away. Growth goes on, because an HPA may hang between two numbers for hours.
    """

    reason: str = "HpaOnSameResource"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        hpas = snapshot.around.hpas
        if not hpas:
            return None
        for hpa in hpas.get(move.pod.workload, ()):
            by = f"HPA {hpa.name}" + (f" of {hpa.scaled_by}" if hpa.scaled_by else "")
            for container, resource in _resized(move, hpa):
                message = f"{by} scales {move.pod.workload.name} on the {resource.key} utilisation of {container}"
                way_out = f"another metric in it (AverageValue, Pods, External), or controlledResources without {resource.key}"
                return Refusal(self.reason, message, way_out)
            if move.intent is Intent.SHRINK and not hpa.settled:
                message = f"{by} is changing the number of pods of {move.pod.workload.name}"
                return Refusal(self.reason, message, "replicas at the number that it wants")
        return None


@dataclass(frozen=True, slots=True)
class ForeignVpa:
    """Two vertical autoscalers on one pod take turns at undoing each other."""

    reason: str = "ForeignVpa"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        vpas = snapshot.around.vpas
        if not vpas:
            return None
        for vpa in vpas.get(move.pod.workload, ()):
            if vpa.mode != UpdateMode.OFF:
                message = f"VerticalPodAutoscaler {vpa.name} sizes {move.pod.workload.name} too (updateMode {vpa.mode})"
                return Refusal(self.reason, message, f'updateMode "Off" in {vpa.name}, or its end')
        return None


def _resized(move: Move, hpa: Hpa) -> list[tuple[str, Resource]]:
    """Containers and resources on whose utilisation it scales and whose request the move changes."""
    return [
        (change.container, resource)
        for change in move.changes
        for resource in hpa.utilization
        if (new := change.requests.get(resource)) is not None
        and new != change.old_requests.get(resource)
        and hpa.scales_on(resource, change.container)
    ]
