"""What cannot be seen may be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot

WEIGHTY: Final = ("HorizontalPodAutoscaler", "LimitRange", "ResourceQuota", "ScaledObject", "VerticalPodAutoscaler")
"""Kinds whose objects forbid resizes; nodes and workloads that are missing make other guards cautious by themselves."""


@dataclass(frozen=True, slots=True)
class NotObserved:
    """An autoscaler or a quota that we may not list looks like none. Saving waits until we may; a rescue does not.

    A report without a cluster has no such kinds to miss and is not judged by this.
    """

    reason: str = "NotObserved"
    judges: frozenset[Intent] = frozenset({Intent.GROW, Intent.SHRINK})

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        unseen = snapshot.around.unseen
        if not unseen:
            return None
        kinds = [kind for kind in WEIGHTY if kind in unseen]
        if not kinds:
            return None
        message = f"pod {move.pod} may be subject to a {kinds[0]}: {unseen[kinds[0]]}"
        return Refusal(self.reason, message, f"the right to list and watch {', '.join(kinds)}")
