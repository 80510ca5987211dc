"""The fleet as one Observation: what a source would see of it at the record's end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from vpa_inplace.demo.fleet import CLUSTER, Fleet, PodRecord, Track
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import LatencySeries, Slots, Snapshot
from vpa_inplace.history import History, evidence_of
from vpa_inplace.history.history import DAY
from vpa_inplace.observe.discovery import left_out, not_sized
from vpa_inplace.observe.source import Observation, Scope

THROTTLED: Final = (
    0.25  # share of CFS periods above which usage is only a lower bound of demand, as the sources have it
)


def observation_of(fleet: Fleet, scope: Scope | None = None) -> Observation:
    """Rows are the roles of pods that exist at ``fleet.now``; a role's usage is the maximum over all pods it ever had."""
    scope = Scope(cluster=CLUSTER) if scope is None else scope
    pods_there = (record.pod for record in fleet.present() if record.pod.live)
    present = sorted(pods_there, key=lambda pod: (pod.namespace, pod.name))
    pods = tuple(pod for pod in present if scope.covers(pod.namespace))
    rows = Index.of(pod.key(container) for pod in pods for container in pod.containers if container.sized)
    history = history_of(fleet, rows)
    shown = {(pod.namespace, pod.name) for pod in pods}
    snapshot = Snapshot(
        now=fleet.now,
        rows=rows,
        pods=pods,
        slots=Slots.of(pods, rows),
        evidence=evidence_of(history.until(fleet.now), fleet.now.timestamp()),
        nodes={node.name: node for node in fleet.nodes},
        latency=_last_day(series for series in fleet.latency if (series.namespace, series.pod) in shown),
    )
    skips = (*left_out((pod.namespace for pod in present), scope), *not_sized(pods))
    return Observation(snapshot=snapshot, history=history, skips=skips)


def history_of(fleet: Fleet, rows: Index) -> History:
    """The usage of these rows over the whole record."""
    shape = (len(Resource), len(rows), fleet.width)
    usage = np.full(shape, np.nan, np.float32)
    censored = np.zeros(shape, np.bool_)
    for record in fleet.records:
        for row, track in _rows(record, rows):
            part = (slice(None), row, slice(record.first, record.first + len(track.cpu)))
            usage[part] = np.fmax(usage[part], np.stack([track.cpu, track.memory]).astype(np.float32))
            censored[part] |= _lower_bounds(fleet, record, track)
    return History.of(rows, start=fleet.start, step=fleet.step, usage=usage, censored=censored)


def _rows(record: PodRecord, rows: Index) -> Iterator[tuple[int, Track]]:
    for name, track in record.tracks.items():
        row = rows.row(ContainerKey(record.pod.workload, name))
        if row is not None:
            yield row, track


def _lower_bounds(fleet: Fleet, record: PodRecord, track: Track) -> np.ndarray:
    """Windows [2, w] in which the container wanted more than it got: throttled, or killed for memory."""
    marks = np.zeros((len(Resource), len(track.cpu)), np.bool_)
    if track.throttled is not None:
        marks[Resource.CPU] = track.throttled > THROTTLED
    if track.killed is not None:
        marks[Resource.MEMORY, (track.killed - fleet.start) // fleet.step - record.first] = True
    return marks


def _last_day(latency: Iterable[LatencySeries]) -> tuple[LatencySeries, ...]:
    """Latency is kept for as long as sources ask for it: a day."""
    cut = []
    for series in latency:
        early = max(0, len(series.counts) - DAY // series.step)
        cut.append(replace(series, start=series.start + early * series.step, counts=series.counts[early:]))
    return tuple(sorted(cut, key=lambda series: (series.metric, series.namespace, series.pod)))
