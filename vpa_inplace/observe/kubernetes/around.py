"""What was seen around the pods, as the brain takes it. Pure: of the same views the same comes out.

What could not be seen is left out, and said: a kind as a whole once, an object by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.surroundings import Surroundings
from vpa_inplace.observe.kubernetes.bounds import limit_ranges, quotas
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.kind import Kind
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.pods import Pod
from vpa_inplace.observe.kubernetes.rollouts import workload_states
from vpa_inplace.observe.kubernetes.scalers import foreign_vpas, hpas
from vpa_inplace.observe.kubernetes.store import Key, State, View
from vpa_inplace.observe.kubernetes.switch import paused
from vpa_inplace.observe.kubernetes.targets import Targets

OPTIONAL: Final = frozenset({"keda.sh", "autoscaling.k8s.io"})
"""Groups of those who may be installed or not: that a kind of theirs is missing says that there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where we look, which no watch tells."""

    cluster: str = "default"
    switch: Key | None = None  # namespace and name of the ConfigMap that is the kill switch
    everywhere: bool = True  # whether the pods of all namespaces are watched


def surroundings(
    views: Views, tops: Mapping[str, Top], place: Place, *, now: datetime, skips: list[Skip]
) -> Surroundings:
    """Everything but what the API server can do.

    Whether all pods are known and whether they are known as of now are two things: where the watch of the pods is
    broken for a moment the accounts of the nodes go on with what was last heard, and ``pods_seen_at`` says how old it is.

    Args:
        views: of one moment, the one at which ``tops`` were found.
        tops: topmost controllers by the pods' uid.
        place: where we look.
        now: the time of the views.
        skips: takes what was left out.
    """
    targets, pods = Targets(views, tops, place.cluster), views.of(Pod)
    skips += _skips(views, tops, place.cluster)
    return Surroundings(
        quotas=quotas(views, skips),
        limit_ranges=limit_ranges(views, skips),
        hpas=hpas(views, targets),
        vpas=foreign_vpas(views, targets),
        workloads=workload_states(views, targets),
        paused=paused(views, place.switch),
        all_pods=place.everywhere and pods.listed,
        pods_seen_at=now - timedelta(seconds=pods.age) if pods.listed else None,
    )


def unseen(views: Views) -> dict[str, str]:
    """Kinds that are not kept up to date now, by name, and why: a missing right, a server that does not answer.

    A kind that was listed before is still known as it was then.
    """
    return {kind.name: view.reason for kind, view in views if _blind(kind, view)}


def _blind(kind: Kind[Any], view: View[Any]) -> bool:
    if view.state is State.MISSING:
        return kind.group not in OPTIONAL
    return view.state is not State.LIVE


def _skips(views: Views, tops: Mapping[str, Top], cluster: str) -> Iterator[Skip]:
    for kind, view in views:
        if _blind(kind, view):
            yield Skip(kind.plural, f"{view.state}Kind", view.reason)
        for key, why in view.unreadable.items():
            yield Skip(f"{kind.name} {'/'.join(part for part in key if part)}", f"Unreadable{kind.name}", why)
    doubtful = {top.key(cluster): top.doubt for top in tops.values() if top.doubt}
    for workload, doubt in doubtful.items():
        yield Skip(str(workload), "OwnerUnknown", doubt)
