"""Whether what is taken away can be given back: what the pods of each node may need together, hour by hour.

Room that a shrink frees is filled by the scheduler. When the peak comes, everything on the node that has to grow back
must find its room, so the ceilings of all of them are added up beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.moves import Crowding
from vpa_inplace.domain.policy import Policies, UpdateMode
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.forecast.outlook import BLOCK, BLOCKS, Outlook
from vpa_inplace.plan.room import free_room

RESERVE: Final = 0.05
"""Fraction of a node that is not promised to anybody's peak: for what moves in between two looks, such as the surge pod
of a rollout. Chosen; a twentieth of a common node of 16 cores is one pod of 800m."""

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """What k nodes may have to bear in each of the coming hours."""

    names: tuple[str, ...]
    node: npt.NDArray[np.intp]  # [m] where each slot is, -1 where that is not known
    needed: Float  # [k, 2, BLOCKS] by everything on it
    room: Float  # [k, 2] what it should give away at most; inf where it is not known


def crowding(
    snapshot: Snapshot, outlook: Outlook, policies: Policies, request: Int, shrinks: Mask, *, reserve: float = RESERVE
) -> dict[str, tuple[Crowding, ...]]:
    """By uid of the pod, what speaks against its shrink: its node's worst hour of those in which it has to grow back.

    A slot has to grow back in an hour in which it may need more than it is left with, by its dead band or more. One
    that never comes back does not depend on the room that it gives: to hold it would only keep it from those who do.

    Args:
        snapshot: of this tick.
        outlook: its ceilings.
        policies: of all rows.
        request: [2, m] that the slots should have now, see ``plan.desired``.
        shrinks: [2, m] whose request would fall.
        reserve: fraction of each node that is left out.
    """
    if not (snapshot.nodes and snapshot.around.all_pods):
        return {}
    need = needs(snapshot, outlook, policies, request, shrinks)
    loads = loads_of(snapshot, need, reserve=reserve)
    over = np.rint(loads.needed) > loads.room[:, :, None]  # [k, 2, b]
    # a slot of no known node looks at the last one, and is left out again
    short = over[loads.node].transpose(1, 0, 2) & (loads.node >= 0)[:, None]  # [2, m, b]
    left = np.maximum(request, 0)[:, :, None]
    back = need - left
    comes_back = (back > 0) & (back >= policies.dead_band[snapshot.slots.row][:, None] * left)
    caught = shrinks[:, :, None] & short & comes_back  # [2, m, b]
    found: dict[str, dict[Resource, Crowding]] = {}
    for r, slot in np.argwhere(caught.any(axis=2)).tolist():
        resource, pod = Resource(r), snapshot.pods[snapshot.slots.pod[slot]]
        worst = _worst(loads, int(loads.node[slot]), resource, caught[r, slot])
        of_pod = found.setdefault(pod.uid, {})
        if resource not in of_pod or worst.needed > of_pod[resource].needed:
            of_pod[resource] = worst
    return {uid: tuple(of_pod.values()) for uid, of_pod in found.items()}


def needs(snapshot: Snapshot, outlook: Outlook, policies: Policies, request: Int, shrinks: Mask) -> Float:
    """What each slot may have to request in each of the coming hours: [2, m, BLOCKS].

    * As long as its size is meant to hold, that size; later its ceiling within minAllowed and maxAllowed.
    * What we do not lower (not controlled, mode Off or Initial, no forecast) keeps its request, and grows at most.
    """
    slots = snapshot.slots
    row = slots.row
    now = np.maximum(slots.request, 0)
    ceiling = outlook.ceiling[:, row].astype(np.float64)
    known = np.isfinite(ceiling)
    most = np.where(policies.max_allowed[:, row] == UNSET, np.inf, policies.max_allowed[:, row])
    least = np.maximum(policies.min_allowed[:, row], 0)
    ceiling = np.minimum(np.maximum(ceiling, least[:, :, None]), most[:, :, None])
    asked = np.where(shrinks, request, np.maximum(request, now)).astype(np.float64)[:, :, None]
    holds = np.arange(BLOCKS) * BLOCK < policies.hold[:, row][:, :, None]
    need = np.where(holds | ~known, asked, ceiling)
    acting = np.array(
        [p.update_mode in {UpdateMode.IN_PLACE, UpdateMode.IN_PLACE_OR_RECREATE} for p in policies.distinct]
    )
    lowered = shrinks | acting[policies.of_row][row]
    need = np.where(lowered[:, :, None], need, np.maximum(need, now[:, :, None]))
    controlled: Float = np.where(policies.controlled[:, row][:, :, None], need, now[:, :, None])
    return controlled


def loads_of(snapshot: Snapshot, need: Float, *, reserve: float = RESERVE) -> Loads:
    """The needs [2, m, BLOCKS] of all slots added up by node, on top of what everything else takes of it now.

    Pods and containers that are not sized go on taking what they take. Empty where not all pods of the nodes were seen.
    """
    slots = snapshot.slots
    free = free_room(snapshot)
    names = tuple(free)
    has = [[snapshot.nodes[name].allocatable.get(r) for r in Resource] for name in names]
    total = np.array([[np.nan if a is None else a for a in one] for one in has], np.float64).reshape(-1, 2)
    taken = np.nan_to_num(total) - np.array([free[name] for name in names], np.float64).reshape(-1, 2)
    place = {name: i for i, name in enumerate(names)}
    of_pod = np.array([place.get(pod.node or "", -1) for pod in snapshot.pods], np.intp)
    node = of_pod[slots.pod]
    grown = need - np.maximum(slots.request, 0)[:, :, None]
    needed = np.repeat(taken[:, :, None], BLOCKS, axis=2)
    here = node >= 0
    np.add.at(needed, node[here], grown[:, here].transpose(1, 0, 2))
    room = np.where(np.isnan(total), np.inf, np.floor(total * (1 - reserve)))
    return Loads(names=names, node=node, needed=needed, room=room)


def _worst(loads: Loads, node: int, resource: Resource, hours: Mask) -> Crowding:
    """The hour of these in which most is needed."""
    needed = loads.needed[node, resource]
    ahead = int(np.where(hours, needed, -np.inf).argmax())
    return Crowding(resource, ahead, round(needed[ahead]), round(loads.room[node, resource]))
