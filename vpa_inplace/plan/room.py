"""The account of each node: what is free on it, and what the moves of one tick take of that together.

What counts as taken is what the scheduler counts: of each pod the largest of what its spec asks for, what the kubelet
has set aside and what is in force (component-helpers/resource/helpers.go, PodRequests with UseStatusResources). So a
shrink frees room only when it is in force, and growth takes it when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot

WORTH_IT = 0.05
"""A rescue of less than this fraction of what a container has is not worth a resize; VPA's smallest step is 10 %."""

Free = dict[str, list[int]]  # by node: millicores and bytes, negative where more was promised than there is


def free_room(snapshot: Snapshot) -> Free:
    """What is free on every node; none where not all of its pods were seen."""
    if not snapshot.around.all_pods:
        return {}
    free = {name: [node.allocatable.get(r) or 0 for r in Resource] for name, node in snapshot.nodes.items()}
    for pod in snapshot.pods:
        if pod.live and pod.node in free:
            for resource, amount in zip(Resource, taken_by(pod), strict=True):
                free[pod.node][resource] -= amount
    return free


def taken_by(pod: Pod) -> tuple[int, int]:
    """What a pod takes of its node. Init containers run before the others and count where they need more."""
    cpu = memory = 0
    for container in pod.containers:
        if not container.sized:
            continue
        sizes = [container.requests, container.allocated or Amounts(), container.actual_requests or Amounts()]
        cpu += max(size.cpu or 0 for size in sizes)
        memory += max(size.memory or 0 for size in sizes)
    first = [container for container in pod.containers if not container.sized]
    return (
        max([cpu, *(container.requests.cpu or 0 for container in first)]),
        max([memory, *(container.requests.memory or 0 for container in first)]),
    )


def within(moves: Iterable[Move], snapshot: Snapshot) -> list[Move]:
    """The moves, most urgent first, each told what its node lacks for it.

    A rescue that does not fit whole takes what there is; the rest is asked for when there is more. Growth that does
    not fit is left as it is, for a guard to refuse with the figures; it takes nothing from those behind it.
    """
    moves = list(moves)
    if not any(_takes(move) for move in moves):
        return moves
    free = free_room(snapshot)
    return [_charged(move, free.get(move.pod.node or "")) for move in moves]


def _charged(move: Move, left: list[int] | None) -> Move:
    if left is None or not _takes(move):
        return move
    wanted = _growth(move.changes)
    if move.intent is Intent.RESCUE and any(w > max(have, 0) for w, have in zip(wanted, left, strict=True)):
        smaller = _fitted(move.changes, left)
        if smaller is not None:
            move, wanted = replace(move, changes=smaller), _growth(smaller)
    lacking = [max(w - max(have, 0), 0) if w > 0 else 0 for w, have in zip(wanted, left, strict=True)]
    if any(lacking) and move.intent is not Intent.UNDO:
        return replace(move, lacks=Amounts(*(amount or None for amount in lacking)))
    for resource in Resource:
        left[resource] -= max(wanted[resource], 0)
    return move


def _takes(move: Move) -> bool:
    return move.intent is not Intent.SHRINK


def _growth(changes: Sequence[Change]) -> list[int]:
    total = [0, 0]
    for change in changes:
        for resource in Resource:
            new = change.requests.get(resource)
            if new is not None:
                total[resource] += new - (change.old_requests.get(resource) or 0)
    return total


def _fitted(changes: Sequence[Change], left: Sequence[int]) -> tuple[Change, ...] | None:
    """The changes with each growth cut in proportion to what is free, or None if that is not worth a resize."""
    wanted = _growth(changes)
    shares = [min(1.0, max(have, 0) / w) if w > 0 else 1.0 for w, have in zip(wanted, left, strict=True)]
    fitted = tuple(_cut(change, shares) for change in changes)
    worth = any(
        (new := change.requests.get(r)) is not None
        and new - (old := change.old_requests.get(r) or 0) > WORTH_IT * max(old, 1)
        for change in fitted
        for r in Resource
    )
    return fitted if worth else None


def _cut(change: Change, shares: Sequence[float]) -> Change:
    requests = change.requests
    for resource in Resource:
        new, old = requests.get(resource), change.old_requests.get(resource) or 0
        if new is not None and new > old:
            requests = requests.replace(resource, old + int((new - old) * shares[resource]))
    return replace(change, requests=requests)
