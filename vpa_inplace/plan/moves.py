"""Which pods stand far enough from their size to be moved, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET, Amounts
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.plan.desired import desired
from vpa_inplace.recommend import Sizes

Int = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEFT_AS_IS: Final = Amounts()


def plan(sizes: Sizes, snapshot: Snapshot, ledger: Ledger, policies: Policies) -> list[Move]:
    """Moves of this tick, most urgent first, then in the order of the pods.

    Whole arrays up to the dead band; objects only for pods that move. A pod that needs both directions gets two
    moves, growth first. All pods of a role share one size.
    """
    slots = snapshot.slots
    request, limit = desired(sizes, slots, policies)
    grows, shrinks = out_of_band(sizes, snapshot, policies, request)
    if not (grows.any() or shrinks.any()):
        return []
    newest = snapshot.evidence.newest[:, slots.row]
    overrun = grows & (slots.request != UNSET) & (newest > slots.request)
    left = (policies.max_resizes - ledger.spent)[slots.row]
    new = _New(request=request, limit=limit, left=left)
    growth = np.where(overrun.any(axis=0), Intent.RESCUE, Intent.GROW)
    moves = [
        *_moves(snapshot, grows, new, growth),
        *_moves(snapshot, shrinks, new, np.full(len(slots), Intent.SHRINK)),
    ]
    return sorted(moves, key=lambda move: move.intent)  # stable: pods keep their order


def out_of_band(sizes: Sizes, snapshot: Snapshot, policies: Policies, request: Int) -> tuple[Mask, Mask]:
    """Slots [2, m] that must grow and that may shrink to reach ``request`` [2, m].

    A change counts from the dead band on. A request below lowerBound grows whatever the band says: usage is there.
    """
    slots = snapshot.slots
    now = np.maximum(slots.request, 0)  # a request that is not set counts as zero: giving it one is growth
    gap = request - now
    far = np.abs(gap) >= policies.dead_band[slots.row] * now
    below = now < sizes.lower[:, slots.row]
    return (gap > 0) & (far | below), (gap < 0) & far


@dataclass(frozen=True, slots=True)
class _New:
    request: Int  # [2, m]
    limit: Int  # [2, m]
    left: npt.NDArray[np.float64]  # [m] resizes left today


def _moves(snapshot: Snapshot, moving: Mask, new: _New, intents: npt.NDArray[np.int_]) -> list[Move]:
    """One move a pod; ``intents`` [m] are per container, the most urgent one is the pod's."""
    slots, moves = snapshot.slots, []
    chosen = np.flatnonzero(moving.any(axis=0))
    for group in np.split(chosen, np.flatnonzero(np.diff(slots.pod[chosen])) + 1):
        if not len(group):
            continue
        intent = Intent(int(intents[group].min()))
        changes = tuple(_change(snapshot, int(slot), moving, new) for slot in group)
        pod = snapshot.pods[slots.pod[group[0]]]
        moves.append(Move(pod, intent, changes, float(new.left[group].min())))
    return moves


def _change(snapshot: Snapshot, slot: int, moving: Mask, new: _New) -> Change:
    slots = snapshot.slots
    container = snapshot.pods[slots.pod[slot]].containers[slots.place[slot]]
    requests, limits = LEFT_AS_IS, LEFT_AS_IS
    for resource in Resource:
        if not moving[resource, slot]:
            continue
        requests = requests.replace(resource, int(new.request[resource, slot]))
        if new.limit[resource, slot] != slots.limit[resource, slot]:
            limits = limits.replace(resource, int(new.limit[resource, slot]))
    old_requests, old_limits = slots.requests_of(slot), slots.limits_of(slot)
    return Change(container.name, int(slots.row[slot]), old_requests, old_limits, requests, limits)
