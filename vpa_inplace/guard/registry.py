"""The guards there are, in the order in which reasons are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.api import (
    CapabilityMissing,
    NotResizable,
    QosClassWouldChange,
    RestartRequired,
    VersionForbids,
)
from vpa_inplace.guard.autoscalers import ForeignVpa, HpaOnSameResource
from vpa_inplace.guard.blind import NotObserved
from vpa_inplace.guard.budget import BudgetSpent
from vpa_inplace.guard.data import LowCoverage, NotEnoughHistory, StaleUsage
from vpa_inplace.guard.fleet import FleetBrake, Paused
from vpa_inplace.guard.flight import CoolingDown, ResizeInFlight
from vpa_inplace.guard.guard import Guard
from vpa_inplace.guard.headroom import NodeHeadroom
from vpa_inplace.guard.infeasible import InfeasibleBefore
from vpa_inplace.guard.limit_range import LimitRange
from vpa_inplace.guard.memory import MemoryNearUsage
from vpa_inplace.guard.node import NodeMaintenance, NodePressure
from vpa_inplace.guard.oom import RecentOom
from vpa_inplace.guard.quota import ResourceQuota
from vpa_inplace.guard.readiness import NotReady, RolloutInProgress, WarmingUp
from vpa_inplace.guard.regrow import RegrowAtRisk
from vpa_inplace.guard.revision import NewRevision

GUARDS: Final[tuple[Guard, ...]] = (
    # what the API server and the kubelet take at all
    CapabilityMissing(),
    NotResizable(),
    QosClassWouldChange(),
    VersionForbids(),
    RestartRequired(),
    # room
    ResizeInFlight(),
    InfeasibleBefore(),
    NodeHeadroom(),
    ResourceQuota(),
    LimitRange(),
    NodePressure(),
    NodeMaintenance(),
    # others who size the same
    NotObserved(),
    HpaOnSameResource(),
    ForeignVpa(),
    # evidence
    StaleUsage(),
    LowCoverage(),
    NotEnoughHistory(),
    NewRevision(),
    # the moment
    WarmingUp(),
    NotReady(),
    RolloutInProgress(),
    CoolingDown(),
    RecentOom(),
    # safety
    MemoryNearUsage(),
    RegrowAtRisk(),
    BudgetSpent(),
    FleetBrake(),
    Paused(),
)


_ASKED: Final[Mapping[Intent, tuple[Guard, ...]]] = {
    intent: tuple(guard for guard in GUARDS if intent in guard.judges) for intent in Intent
}


def judge(move: Move, snapshot: Snapshot, policies: Policies, guards: Sequence[Guard] = GUARDS) -> tuple[Refusal, ...]:
    """Everything that speaks against the move: all reasons, not the first."""
    intent = move.intent
    asked = _ASKED[intent] if guards is GUARDS else [guard for guard in guards if intent in guard.judges]
    return tuple([refusal for guard in asked if (refusal := guard(move, snapshot, policies)) is not None])
