"""A shrink that could not be taken back is none of ours."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.data import lowered
from vpa_inplace.guard.guard import SHRINKS


@dataclass(frozen=True, slots=True)
class RegrowAtRisk:
    """Room that a shrink frees may be gone when the peak comes.

    ``plan`` adds up for each node and each of the next 24 hours what the pods on it may need, and tells the move of the
    hour in which this pod would have to grow back while its node has promised more than it should. Where forecasts,
    nodes or all pods on them are not known it has nothing to say.
    """

    reason: str = "RegrowAtRisk"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        if not move.crowding:
            return None
        falls = {resource for _, _, resource in lowered(move)}
        for crowd in move.crowding:
            if crowd.resource in falls:
                needed, room = (human_amount(amount, crowd.resource) for amount in (crowd.needed, crowd.room))
                message = (
                    f"pod {move.pod} will need its {crowd.resource.key} back, and in {crowd.ahead} h the pods of node "
                    f"{move.pod.node} may need {needed} together, of which it has {room}"
                )
                return Refusal(self.reason, message, "fewer pods on the node, or lower peaks")
        return None
