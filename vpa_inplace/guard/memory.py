"""Memory is not taken from under a running process."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.data import lowered
from vpa_inplace.guard.guard import SHRINKS


@dataclass(frozen=True, slots=True)
class MemoryNearUsage:
    """Why: lowering memory.max under usage that cannot be reclaimed ends in an OOM kill (cgroup v2).

    The kubelet's own check is best effort and reads figures that are up to half a minute old. The last hour's
    maximum is compared, and no usage at all means no.
    """

    reason: str = "MemoryNearUsage"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:
        changes = {change.row: change for change in move.changes}
        for container, row, resource in lowered(move):
            if resource is not Resource.MEMORY:
                continue
            used = float(snapshot.evidence.recent_peak[resource, row])
            if isnan(used):
                return Refusal(self.reason, f"no memory usage of {container} in the last hour", "a sample of its usage")
            needed = used * (1 + policies[row].memory.near_usage)
            requests, limits = changes[row].requests, changes[row].limits
            size = limits.memory if limits.memory is not None else requests.memory
            if size is not None and size < needed:
                message = (
                    f"{container} would have {human_amount(size, resource)} while it used "
                    f"{human_amount(used, resource)} in the last hour"
                )
                return Refusal(self.reason, message, f"usage below {human_amount(size * used / needed, resource)}")
        return None
