"""What a node has refused once it is not asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import TooBig
from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import EVERY

_ABOUT_SIZE = "have enough"
"""In every refusal for want of room (pkg/kubelet/lifecycle/predicate.go, plugin/pkg/admission/podresize)."""


@dataclass(frozen=True, slots=True)
class InfeasibleBefore:
    """A size that this node called Infeasible would be called so again, and each try makes the spec lie for a while.

    The kubelet refuses a pod whole, so the containers of one refused resize are compared together: whoever stays below
    it anywhere may try. Where the refusal was not about room (a Guaranteed pod under a static CPU or memory manager,
    swap) any other size of that resource would be refused too, a smaller one as well. Forgotten after a day, and on
    another node.

    Source: pkg/kubelet/allocation, handleInfeasible; KEP-1287.
    """

    reason: str = "InfeasibleBefore"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        if not move.too_big:
            return None
        for (_, message), group in groupby(move.too_big, key=lambda size: (size.at, size.message)):
            refused = tuple(group)
            if _ABOUT_SIZE not in message:
                if _touches_any(move, refused):
                    told = f"node {move.pod.node} has refused such a resize of pods of this workload: {message}"
                    return Refusal(self.reason, told, "another node, or another configuration of its kubelet")
            elif move.intent is not Intent.SHRINK and _as_large(move, refused):
                sizes = " and ".join(f"{_amounts(size.requests)} for {size.container}" for size in refused)
                told = f"node {move.pod.node} has refused {sizes}: {message}"
                return Refusal(self.reason, told, "a smaller size, another node, or a day")
        return None


def _as_large(move: Move, refused: Sequence[TooBig]) -> bool:
    after = {container.name: container.requests for container in move.pod.containers}
    after |= {change.container: change.after()[0] for change in move.changes}
    return all(_reaches(after.get(size.container, Amounts()), size.requests) for size in refused)


def _reaches(have: Amounts, refused: Amounts) -> bool:
    return all((have.get(r) or 0) >= amount for r in Resource if (amount := refused.get(r)) is not None)


def _touches_any(move: Move, refused: Sequence[TooBig]) -> bool:
    return any(
        change.container == size.container
        and change.requests.get(resource) is not None
        and size.requests.get(resource) is not None
        for change in move.changes
        for size in refused
        for resource in Resource
    )


def _amounts(amounts: Amounts) -> str:
    parts = [f"{human_amount(a, r)} {r.key}" for r in Resource if (a := amounts.get(r)) is not None]
    return " and ".join(parts) or "a limit"
