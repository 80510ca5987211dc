"""Parts of a move that will not be allowed are kept apart from those that may be.

A guard refuses a move whole. An HPA on CPU or a container that restarts for memory would so hold back the other
resource too, for ever. Two moves of the same intent instead: one is refused, and says why, and the other is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Move
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot


def apart(moves: Iterable[Move], snapshot: Snapshot) -> list[Move]:
    """The moves, those that mix free and bound resources of containers split in two, the free part first."""
    hpas = snapshot.around.hpas
    return [
        part
        for move in moves
        for part in (
            _split(move, snapshot)
            if hpas or any(container.restart_on_resize for container in move.pod.containers)
            else (move,)
        )
    ]


def _split(move: Move, snapshot: Snapshot) -> tuple[Move, ...]:
    bound = [_bound(move, change, snapshot) for change in move.changes]
    if not any(bound):
        return (move,)
    free = _part(move, [frozenset(Resource) - resources for resources in bound])
    if not free:
        return (move,)
    return replace(move, changes=free), replace(move, changes=_part(move, bound))


def _bound(move: Move, change: Change, snapshot: Snapshot) -> frozenset[Resource]:
    """Resources of this container that somebody else scales on, or whose resize kills it."""
    hpas = snapshot.around.hpas.get(move.pod.workload, ())
    restarts = next((c.restart_on_resize for c in move.pod.containers if c.name == change.container), frozenset())
    return frozenset(
        resource
        for resource in Resource
        if (change.requests.get(resource) is not None or change.limits.get(resource) is not None)
        and (resource in restarts or any(hpa.scales_on(resource, change.container) for hpa in hpas))
    )


def _part(move: Move, kept: Iterable[frozenset[Resource]]) -> tuple[Change, ...]:
    changes = []
    for change, resources in zip(move.changes, kept, strict=True):
        requests, limits = (
            Amounts(*(amounts.get(r) if r in resources else None for r in Resource))
            for amounts in (change.requests, change.limits)
        )
        if requests != Amounts() or limits != Amounts():
            changes.append(replace(change, requests=requests, limits=limits))
    return tuple(changes)
