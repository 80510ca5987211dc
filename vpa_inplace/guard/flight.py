"""One resize of a pod at a time, and a shrink watched to its end before the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.attempts import Phase
from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import SHRINKS

_STUCK: Final = frozenset({Phase.DEFERRED, Phase.INFEASIBLE, Phase.ERROR})


@dataclass(frozen=True, slots=True)
class ResizeInFlight:
    """The kubelet takes the newest spec and drops what it was at.

    A shrink waits for whatever is on its way. Growth replaces growth, but waits behind one that is stuck (Deferred,
    failing): asking for more of what is not there helps nobody. A rescue or an undo is worth any replacement.
    """

    reason: str = "ResizeInFlight"
    judges: frozenset[Intent] = frozenset({Intent.GROW, Intent.SHRINK})

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        grows, status = move.intent is Intent.GROW, move.pod.resize
        for attempt in move.open_attempts:
            if attempt.phase is not Phase.SOAKING and (not grows or attempt.phase in _STUCK):
                message = f"pod {move.pod} has a resize on its way ({attempt.intent.name.lower()}, {attempt.phase})"
                return Refusal(self.reason, message, "its end")
        if move.open_attempts or status.quiet or (grows and not (status.pending or status.failing)):
            return None
        said = status.pending or ("Error" if status.failing else "InProgress")
        message = f"pod {move.pod} has a resize of somebody else's on its way ({said})"
        return Refusal(self.reason, message, "its end, or a revert by whoever asked for it")


@dataclass(frozen=True, slots=True)
class CoolingDown:
    """A shrink whose effect is still being watched says nothing yet about the next one."""

    reason: str = "CoolingDown"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        for attempt in move.open_attempts:
            if attempt.phase is Phase.SOAKING:
                ago = snapshot.epoch - attempt.since
                message = f"pod {move.pod} shrank {ago / 60:.0f} min ago and is being watched"
                return Refusal(self.reason, message, "the end of its soak")
        return None
