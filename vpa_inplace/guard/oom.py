"""Memory is not taken from what has just died for want of it."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.data import lowered, span
from vpa_inplace.guard.guard import SHRINKS


@dataclass(frozen=True, slots=True)
class RecentOom:
    """After an OOM kill the record ends where the container did: how much more it wanted nobody knows.

    ``recommend`` keeps a size above the one it died with for a week. This holds for a day (``minHistory``) also where
    that floor does not: under a smaller maxAllowed, or for a container that had neither request nor limit. CPU is not
    concerned. A kill that is not seen in the pod has not happened.
    """

    reason: str = "RecentOom"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:
        for container in move.pod.containers:
            if container.last_oom is None:
                continue
            ago = (snapshot.now - container.last_oom).total_seconds()
            for name, row, resource in lowered(move):
                if name != container.name or resource is not Resource.MEMORY:
                    continue
                needed = policies[row].min_history.total_seconds()
                if ago < needed:
                    message = (
                        f"container {name} of pod {move.pod} was killed for want of memory {span(max(ago, 0))} ago, "
                        f"less than {span(needed)}"
                    )
                    return Refusal(self.reason, message, f"{span(needed - ago)} more without a kill")
        return None
