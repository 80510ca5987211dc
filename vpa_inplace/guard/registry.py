"""The guards there are, in the order in which reasons are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vpa_inplace.domain.moves import Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.api import NotResizable, QosClassWouldChange
from vpa_inplace.guard.budget import BudgetSpent
from vpa_inplace.guard.data import LowCoverage, NotEnoughHistory, StaleUsage
from vpa_inplace.guard.flight import CoolingDown, ResizeInFlight
from vpa_inplace.guard.guard import Guard
from vpa_inplace.guard.headroom import NodeHeadroom
from vpa_inplace.guard.memory import MemoryNearUsage

GUARDS: Final[tuple[Guard, ...]] = (
    NotResizable(),
    QosClassWouldChange(),
    ResizeInFlight(),
    NodeHeadroom(),
    StaleUsage(),
    LowCoverage(),
    NotEnoughHistory(),
    CoolingDown(),
    MemoryNearUsage(),
    BudgetSpent(),
)


def judge(move: Move, snapshot: Snapshot, policies: Policies, guards: Sequence[Guard] = GUARDS) -> tuple[Refusal, ...]:
    """Everything that speaks against the move: all reasons, not the first."""
    return tuple(
        [
            refusal
            for guard in guards
            if move.intent in guard.judges and (refusal := guard(move, snapshot, policies)) is not None
        ]
    )
