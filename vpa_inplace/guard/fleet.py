"""What stops the whole fleet: a person, or harm that is no chance any more."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import SHRINKS


@dataclass(frozen=True, slots=True)
class FleetBrake:
    """When shrinks here and there go wrong at once it is not them, it is us: nothing more is taken from anybody.

    What was seen of harm is counted by whoever drives (``lifecycle.brake``); where nobody counts, nothing brakes.
    """

    reason: str = "FleetBrake"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        braked = snapshot.around.braked
        return Refusal(self.reason, braked, "an hour in which fewer go wrong") if braked else None


@dataclass(frozen=True, slots=True)
class Paused:
    """The kill switch stops everything but UNDO and RESCUE: no switch is to leave a pod in need."""

    reason: str = "Paused"
    judges: frozenset[Intent] = frozenset({Intent.GROW, Intent.SHRINK})

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        paused = snapshot.around.paused
        if not paused:
            return None
        return Refusal(
            self.reason, f"everything but rescues and undos is paused: {paused}", "the kill switch taken off"
        )
