"""A node gives no more than it has."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot

_NOTHING = Amounts()


@dataclass(frozen=True, slots=True)
class NodeHeadroom:
    """The kubelet would say Deferred, and until it is reverted the scheduler keeps the room from everybody else.

    The account is kept by ``plan``, which also cuts a rescue to what there is: here is said what is missing.
    """

    reason: str = "NodeHeadroom"
    judges: frozenset[Intent] = frozenset({Intent.RESCUE, Intent.GROW})

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        if move.lacks == _NOTHING:
            return None
        missing = " and ".join(
            f"{human_amount(amount, r)} {r.key}" for r in Resource if (amount := move.lacks.get(r)) is not None
        )
        message = f"node {move.pod.node} lacks {missing} for pod {move.pod}"
        return Refusal(self.reason, message, "room on the node: another pod that shrinks or goes")
