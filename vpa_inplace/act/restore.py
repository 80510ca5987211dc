"""Back to the ceiling, with nothing but the Kubernetes API: when usage is not to be had, or we are to be taken away.

Each ResizeState holds what its workload may need in every hour of a day. A pod that has less than the highest of the hours
to come is given it; what has more is left alone. Nothing is ever taken away here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from vpa_inplace.api.objects.resize_state import Ceilings, ResizeState
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import NO_ROW, Change, Intent, Move
from vpa_inplace.domain.pods import Container, Pod, QosClass
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.outlook import BLOCK

WHY = "usage is not known: back to the ceiling of the day"


def moves_back(states: Iterable[ResizeState], pods: Iterable[Pod], now: float) -> list[Move]:
    """A rescue for each live pod that has less than it may need from ``now`` (epoch seconds) on."""
    known = {
        (one.metadata.namespace, one.spec.workload.kind, one.spec.workload.name): one.spec.ceilings for one in states
    }
    moves = []
    for pod in pods:
        ceilings = known.get(_name(pod.workload))
        if ceilings is None or not pod.live or pod.terminating:
            continue
        changes = tuple(_changes(pod, ceilings, now))
        if changes:
            moves.append(Move(pod, Intent.RESCUE, changes, inf, reason=WHY))
    return moves


def _name(workload: WorkloadKey) -> tuple[str, str, str]:
    return workload.namespace, workload.kind, workload.name


def _changes(pod: Pod, ceilings: Mapping[str, Ceilings], now: float) -> Iterator[Change]:
    for container in pod.containers:
        curves = ceilings.get(container.name)
        if curves is None or not container.sized:
            continue
        requests, limits = Amounts(), Amounts()
        for resource, curve in zip(Resource, (curves.cpu, curves.memory), strict=True):
            needed = _highest(curve, curves.start.timestamp(), now)
            if needed is not None and needed > (container.requests.get(resource) or inf):
                requests = requests.replace(resource, needed)
                limits = limits.replace(resource, _limit(pod, container, resource, needed))
        if requests != Amounts():
            yield Change(container.name, NO_ROW, container.requests, container.limits, requests, limits)


def _highest(curve: Sequence[int] | None, start: float, now: float) -> int | None:
    """The highest of the hours to come; of all hours, when the curve has run out: the same day is the best guess."""
    if not curve:
        return None
    gone = int(max(now - start, 0) // BLOCK)
    return max(curve[gone:] or curve)


def _limit(pod: Pod, container: Container, resource: Resource, needed: int) -> int | None:
    """The limit that goes with a request: the same in a Guaranteed pod, else only as much higher as it must be."""
    had = container.limits.get(resource)
    if had is None:
        return None
    return needed if pod.qos is QosClass.GUARANTEED or needed > had else None
