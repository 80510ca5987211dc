"""Which pods stand far enough from their size to be moved, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET, Amounts
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.domain.pods import Container
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.forecast import Outlook
from vpa_inplace.plan.apart import apart
from vpa_inplace.plan.desired import desired
from vpa_inplace.plan.regrow import crowding
from vpa_inplace.plan.room import within
from vpa_inplace.plan.told import told
from vpa_inplace.recommend import Sizes

Int = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def plan(
    sizes: Sizes,
    snapshot: Snapshot,
    ledger: Ledger,
    policies: Policies,
    due: Sequence[Move] = (),
    outlook: Outlook | None = None,
    at_once: Mask | None = None,
) -> list[Move]:
    """Moves of this tick, most urgent first, then in the order of the pods.

    Whole arrays up to the dead band; objects only for pods that move. A pod that needs both directions gets two
    moves, growth first. All pods of a role share one size. Pods that are ``due`` for a resize already get no second one.
    Without the outlook nobody asks whether what shrinks can grow back. The CPU of rows ``at_once`` [n] knows no dead band.
    """
    slots = snapshot.slots
    request, limit = desired(sizes, slots, policies)
    grows, shrinks = out_of_band(sizes, snapshot, policies, request, at_once)
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
    taken = {move.pod.uid for move in due}
    moves = apart([move for move in moves if move.pod.uid not in taken], snapshot)
    crowds = {} if outlook is None or not shrinks.any() else crowding(snapshot, outlook, policies, request, shrinks)
    moves = told(moves, snapshot.pods, ledger, crowds)
    return within(sorted(moves, key=lambda move: move.intent), snapshot)  # stable: pods keep their order


def out_of_band(
    sizes: Sizes, snapshot: Snapshot, policies: Policies, request: Int, at_once: Mask | None = None
) -> tuple[Mask, Mask]:
    """Slots [2, m] that must grow and that may shrink to reach ``request`` [2, m].

    A change counts from the dead band on. A request below lowerBound grows whatever the band says: usage is there.
    """
    slots = snapshot.slots
    now = np.maximum(slots.request, 0)  # a request that is not set counts as zero: giving it one is growth
    gap = request - now
    far = np.abs(gap) >= policies.dead_band[slots.row] * now
    if at_once is not None:
        far[Resource.CPU] |= at_once[slots.row]
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
    # plain lists from here on: taking numbers out of arrays one by one would cost more than all the rest
    amounts = (moving, slots.limit, new.request, new.limit)
    pairs = list(zip(*(x[:, chosen].T.tolist() for x in amounts), strict=True))
    pods, places, rows = (x[chosen].tolist() for x in (slots.pod, slots.place, slots.row))
    urgency, left = intents[chosen].tolist(), new.left[chosen].tolist()
    for place, group in groupby(range(len(chosen)), key=pods.__getitem__):
        members, pod = tuple(group), snapshot.pods[place]
        changes = tuple([_change(pod.containers[places[i]], rows[i], *pairs[i]) for i in members])
        most_urgent, least = min([urgency[i] for i in members]), min([left[i] for i in members])
        moves.append(Move(pod, Intent(most_urgent), changes, least))
    return moves


def _change(
    container: Container,
    row: int,
    moving: Sequence[bool],
    old_limit: Sequence[int],
    request: Sequence[int],
    limit: Sequence[int],
) -> Change:
    """The change of one container; each sequence is (cpu, memory). What stays as it is is not named."""
    (cpu, memory), (old_cpu, old_memory) = moving, old_limit
    return Change(
        container=container.name,
        row=row,
        old_requests=container.requests,
        old_limits=container.limits,
        requests=Amounts(request[0] if cpu else None, request[1] if memory else None),
        limits=Amounts(
            limit[0] if cpu and limit[0] != old_cpu else None,
            limit[1] if memory and limit[1] != old_memory else None,
        ),
    )
