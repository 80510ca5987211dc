"""What the ledger and the other pods have to say of a move, so that guards need look at nothing but it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from vpa_inplace.domain.attempts import Attempt, TooBig
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Crowding, Intent, Move
from vpa_inplace.domain.pods import Pod

Revision = tuple[WorkloadKey, str]

_NOBODY: Final[Mapping[str, tuple[Crowding, ...]]] = {}


def told(
    moves: Iterable[Move],
    pods: Iterable[Pod],
    ledger: Ledger,
    crowding: Mapping[str, tuple[Crowding, ...]] = _NOBODY,
) -> list[Move]:
    """The moves with everything that is known to concern them; most moves of most ticks stay as they are.

    Args:
        moves: of this tick.
        pods: all there are.
        ledger: attempts on their way, and sizes that nodes have refused.
        crowding: by uid of the pod, from ``plan.regrow``.
    """
    moves = list(moves)
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in ledger.attempts:
        attempts[attempt.uid].append(attempt)
    too_big: dict[tuple[WorkloadKey, str], list[TooBig]] = defaultdict(list)
    for size in ledger.too_big:
        too_big[size.workload, size.node].append(size)
    since = _beginnings(moves, pods)
    return [_told(move, attempts, too_big, since, crowding) for move in moves]


def _told(
    move: Move,
    attempts: Mapping[str, list[Attempt]],
    too_big: Mapping[tuple[WorkloadKey, str], list[TooBig]],
    since: Mapping[Revision, datetime],
    crowding: Mapping[str, tuple[Crowding, ...]],
) -> Move:
    pod = move.pod
    others = attempts.get(pod.uid, ()) if attempts else ()
    refused = too_big.get((pod.workload, pod.node or ""), ()) if too_big else ()
    shrinks = move.intent is Intent.SHRINK
    crowds = crowding.get(pod.uid, ()) if shrinks and crowding else ()
    begun = since.get((pod.workload, pod.revision)) if shrinks and since else None
    if not others and not refused and not crowds and begun is None:
        return move
    return replace(move, open_attempts=tuple(others), too_big=tuple(refused), crowding=crowds, revision_since=begun)


def _beginnings(moves: Iterable[Move], pods: Iterable[Pod]) -> dict[Revision, datetime]:
    """When the oldest pod of each revision that is about to shrink was made; of those that do not tell, nothing."""
    asked = {(m.pod.workload, m.pod.revision) for m in moves if m.intent is Intent.SHRINK and m.pod.revision}
    found: dict[Revision, datetime] = {}
    if not asked:
        return found
    for pod in pods:
        if not pod.revision or pod.created is None:
            continue
        revision = (pod.workload, pod.revision)
        if revision in asked:
            found[revision] = min(found.get(revision, pod.created), pod.created)
    return found
