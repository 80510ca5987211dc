"""The state of the node that a pod runs on. What is not known of a node speaks against nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import EVERY

MEMORY_PRESSURE: Final = "MemoryPressure"


@dataclass(frozen=True, slots=True)
class NodePressure:
    """A node that runs out of something is about to evict, and the kubelet has other things to do.

    Nothing planned is done there: smaller memory requests would put the pod first in the queue of evictions, and growth
    takes what there is not. A rescue is not planned: it is held back only if it asks for more of the memory that the
    node has too little of.

    Source: kubernetes/pkg/kubelet/eviction rankMemoryPressure, which evicts pods above their requests first.
    """

    reason: str = "NodePressure"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        node = snapshot.nodes.get(move.pod.node or "")
        if node is None or not node.pressure:
            return None
        if move.intent is Intent.RESCUE and not (MEMORY_PRESSURE in node.pressure and _raises_memory(move)):
            return None
        message = f"node {node.name} of pod {move.pod} is under {' and '.join(sorted(node.pressure))}"
        return Refusal(self.reason, message, "the node's condition going away")


@dataclass(frozen=True, slots=True)
class NodeMaintenance:
    """A node on its way out: what a shrink frees there nobody may use, and what growth takes is taken for minutes.

    * Not ready: nobody is there to do it, not even a rescue.
    * Leaving (drained, upgraded, scaled down): neither shrinks nor planned growth; the next pod starts elsewhere.
    * Closed to new pods (cordoned) and nothing more: it may stay so for days. Only shrinks are pointless.
    """

    reason: str = "NodeMaintenance"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        node = snapshot.nodes.get(move.pod.node or "")
        if node is None:
            return None
        if not node.ready:
            return Refusal(
                self.reason, f"node {node.name} of pod {move.pod} is not ready", "the node being ready again"
            )
        if move.intent is Intent.RESCUE:
            return None
        if node.leaving:
            message = f"node {node.name} of pod {move.pod} is on its way out ({node.leaving})"
            return Refusal(self.reason, message, "the pod's next node")
        if node.unschedulable and move.intent is Intent.SHRINK:
            message = f"node {node.name} of pod {move.pod} takes no new pods, so nobody could use what is freed"
            return Refusal(self.reason, message, f"kubectl uncordon {node.name}, or the pod's next node")
        return None


def _raises_memory(move: Move) -> bool:
    return any(
        new is not None and new > (old or 0)
        for change in move.changes
        for old, new in (
            (change.old_requests.memory, change.requests.memory),
            (change.old_limits.memory, change.limits.memory),
        )
    )
