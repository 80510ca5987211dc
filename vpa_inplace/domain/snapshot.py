"""Facts observed at one moment. Never stored; built anew each tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import encode
from vpa_inplace.domain.evidence import Evidence
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.pods import Node, Pod, QosClass
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The m sized containers of live pods as columns, grouped by pod: what ``plan`` compares with the sizes."""

    row: npt.NDArray[np.intp]  # [m] row of the sizing index
    pod: npt.NDArray[np.intp]  # [m] index into Snapshot.pods, ascending
    place: npt.NDArray[np.intp]  # [m] index into Pod.containers
    request: npt.NDArray[np.int64]  # [2, m] millicores and bytes, UNSET where none
    limit: npt.NDArray[np.int64]  # [2, m] UNSET where none
    guaranteed: npt.NDArray[np.bool_]  # [m] the pod's class

    @classmethod
    def of(cls, pods: tuple[Pod, ...], rows: Index) -> Slots:
        found = [
            (row, p, c, pod.qos is QosClass.GUARANTEED, container)
            for p, pod in enumerate(pods)
            for c, container in enumerate(pod.containers)
            if container.sized and (row := rows.row(pod.key(container))) is not None
        ]
        m = len(found)
        return cls(
            row=np.fromiter((f[0] for f in found), np.intp, m),
            pod=np.fromiter((f[1] for f in found), np.intp, m),
            place=np.fromiter((f[2] for f in found), np.intp, m),
            request=np.array([[encode(f[4].requests.get(r)) for f in found] for r in Resource], np.int64).reshape(2, m),
            limit=np.array([[encode(f[4].limits.get(r)) for f in found] for r in Resource], np.int64).reshape(2, m),
            guaranteed=np.fromiter((f[3] for f in found), np.bool_, m),
        )

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySeries:
    """Finished requests of one pod by latency bucket, from a cumulative histogram."""

    metric: str  # without the _bucket suffix
    namespace: str
    pod: str
    bounds: tuple[float, ...]  # upper bounds in the metric's unit, ascending, +Inf last
    start: int  # epoch seconds of the first window
    step: int  # seconds
    counts: npt.NDArray[np.float32]  # [windows, bounds] requests at or below the bound per window, NaN where unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything ``decide`` may know about the present. ``now`` is the source's time, not this machine's."""

    now: datetime  # aware, UTC
    rows: Index
    pods: tuple[Pod, ...]
    slots: Slots
    evidence: Evidence
    nodes: Mapping[str, Node] = field(default_factory=dict)
    latency: tuple[LatencySeries, ...] = ()
    around: Surroundings = field(default_factory=Surroundings)

    @property
    def epoch(self) -> float:
        """``now`` as seconds since the epoch."""
        return self.now.timestamp()
