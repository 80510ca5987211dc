"""Resizes are not free: each container has a number of them a day."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import SHRINKS


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """A shrink costs two resizes, itself and its regrow: without both left it would strand the container small.

    Growth is never held back, it only spends.
    """

    reason: str = "BudgetSpent"
    judges: frozenset[Intent] = SHRINKS

    cost: float = 2.0  # resizes

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        if move.budget_left >= self.cost:
            return None
        per_day = min(policies.max_resizes[change.row] for change in move.changes)
        wait = (self.cost - move.budget_left) / per_day * 24 if per_day else float("inf")
        message = f"{move.budget_left:.1f} of {per_day:g} resizes a day left, a shrink takes {self.cost:g}"
        return Refusal(self.reason, message, f"{wait:.1f} h without a resize, or a larger maxResizesPerDay")
