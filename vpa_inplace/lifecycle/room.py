"""What a kubelet's refusal tells about room: the largest size that would fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.resource import Resource

# kubernetes/pkg/kubelet/lifecycle/predicate.go InsufficientResourceError, as of 1.33 to 1.37:
#   Node didn't have enough resource: cpu, requested: 1400, used: 370, capacity: 1500      (Deferred)
#   Node didn't have enough capacity: cpu, requested: 4000, capacity: 1500                 (Infeasible, up to 1.35)
# and plugin/pkg/admission/podresize of 1.36, which refuses the PATCH:
#   node didn't have enough allocatable resources: cpu, requested: 4000, allocatable: 1500
# CPU in millicores, memory in bytes, both for the whole pod; `used` is what the node's other pods have.
_SHORTAGE: Final = re.compile(
    r"[Nn]ode didn't have enough (?:resource|capacity|allocatable resources): (?P<resource>cpu|memory),"
    r" requested: (?P<requested>\d+),(?: used: (?P<used>\d+),)? (?:capacity|allocatable): (?P<capacity>\d+)"
)


@dataclass(frozen=True, slots=True)
class Shortage:
    """One resource of which a node has too little for a pod."""

    resource: Resource
    requested: int  # by the whole pod
    room: int  # for the whole pod

    @property
    def excess(self) -> int:
        return self.requested - self.room


def shortages(message: str) -> tuple[Shortage, ...]:
    """What a kubelet's or an API server's words say is missing; empty where they speak of something else."""
    return tuple(
        Shortage(
            Resource.CPU if found["resource"] == "cpu" else Resource.MEMORY,
            int(found["requested"]),
            max(int(found["capacity"]) - int(found["used"] or 0), 0),
        )
        for found in _SHORTAGE.finditer(message)
    )
