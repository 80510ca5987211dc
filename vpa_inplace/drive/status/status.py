"""The last tick as those see it who watch us: figures only, nothing that the next tick will touch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.decide import Decision
from vpa_inplace.domain.attempts import Phase
from vpa_inplace.domain.intent import Intent
from vpa_inplace.domain.policy import Policies, UpdateMode
from vpa_inplace.domain.surroundings import Capability
from vpa_inplace.drive.status.coverage import Share
from vpa_inplace.drive.status.savings import Peaks, peaks_of
from vpa_inplace.drive.status.sizes import SHOW, Columns, Show, sizes_of
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.store import State

NO_WATCHES: Final[Mapping[str, Watch]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Watch:
    """How a kind of objects was kept up to date."""

    state: State
    age: float  # seconds since the API server last vouched for it; inf before the first list


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One tick. Ages are those at ``at``."""

    at: float  # seconds of the clock by which ages grow
    pods: int  # live ones
    roles: Mapping[UpdateMode, int]  # container roles with a live pod
    sizes: Columns  # of roles
    pod_sizes: Columns  # of pods' containers
    refusals: Mapping[str, int]  # by reason; a move that has two counts under both
    held: Mapping[Intent, int]  # moves that are not made
    attempts: Mapping[Phase, int]  # resizes on their way
    usage_age: npt.NDArray[np.float64]  # [2] seconds since the newest sample of any container; inf where there is none
    stale: npt.NDArray[np.int64]  # [2] roles with a live pod whose newest sample is older than their policy allows
    reporting: npt.NDArray[np.float64]  # [2] share of the containers that reported an hour ago and still do
    watches: Mapping[str, Watch]  # by kind
    capability: Capability
    paused: bool
    braked: bool
    peaks: Peaks
    coverage: tuple[Share, ...]

    @property
    def usage_seen(self) -> bool:
        """Whether any container has had a sample in the last day."""
        return bool(np.isfinite(self.usage_age).any())


def status_of(
    decision: Decision,
    *,
    at: float,
    watches: Mapping[str, Watch] = NO_WATCHES,
    coverage: Sequence[Share] = (),
    show: Show = SHOW,
) -> Status:
    """What is shown of a decision.

    Args:
        decision: of this tick.
        at: seconds of the clock by which ages grow, see ``Metrics``.
        watches: how each kind was kept up to date when the snapshot was made.
        coverage: of past ceilings.
        show: how much of it is shown.
    """
    snapshot, policies = decision.snapshot, decision.policies
    evidence, live = snapshot.evidence, np.unique(snapshot.slots.row)
    sizes, pod_sizes = sizes_of(decision, show)
    held = [verdict for verdict in decision.verdicts if not verdict.admitted]
    return Status(
        at=at,
        pods=len(snapshot.pods),
        roles=_by_mode(policies, live),
        sizes=sizes,
        pod_sizes=pod_sizes,
        refusals=Counter(reason for verdict in held for reason in {refusal.reason for refusal in verdict.refusals}),
        held=Counter(verdict.move.intent for verdict in held),
        attempts=Counter(attempt.phase for attempt in decision.ledger.attempts),
        usage_age=evidence.age.min(axis=1, initial=np.inf),
        stale=(evidence.age[:, live] > _stale_after(policies)[live]).sum(axis=1),
        reporting=evidence.fleet.copy(),
        watches=watches,
        capability=snapshot.around.capability,
        paused=bool(snapshot.around.paused),
        braked=bool(snapshot.around.braked),
        peaks=peaks_of(decision),
        coverage=tuple(coverage),
    )


def watches(views: Views) -> dict[str, Watch]:
    """How each kind is kept up to date, by its name."""
    return {kind.name: Watch(view.state, view.age) for kind, view in views}


def _by_mode(policies: Policies, live: npt.NDArray[np.intp]) -> Mapping[UpdateMode, int]:
    counts = np.bincount(policies.of_row[live], minlength=len(policies.distinct))
    modes: Counter[UpdateMode] = Counter()
    for policy, count in zip(policies.distinct, counts.tolist(), strict=True):
        modes[policy.update_mode] += count
    return modes


def _stale_after(policies: Policies) -> npt.NDArray[np.float64]:
    """[n] seconds."""
    return np.array([policy.stale_after.total_seconds() for policy in policies.distinct])[policies.of_row]
