"""A generated fleet: pods with their owners, and what every container used. Deterministic: same arguments, same fleet.

Nothing here was measured. The moment at which the record ends is a constant, so that the demo shows the same to all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from zlib import crc32

import numpy as np

from vpa_inplace.demo.actors import Actor, Role
from vpa_inplace.demo.cast import cast
from vpa_inplace.demo.crowd import crowd
from vpa_inplace.demo.latency import HISTOGRAMS, served
from vpa_inplace.demo.lives import Generation
from vpa_inplace.demo.names import Owner, pod_names, uid
from vpa_inplace.demo.nodes import place
from vpa_inplace.demo.shapes import Load, Times
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.pods import Container, Node, Pod, qos_of
from vpa_inplace.domain.snapshot import LatencySeries
from vpa_inplace.history.history import DAY, HOUR, STEP

NOW: Final = datetime(2026, 3, 12, 12, tzinfo=UTC)  # a Thursday at noon: working days behind it, a weekend further back
SEED: Final = 20260312
DAYS: Final = 9
CLUSTER: Final = "demo"
PAGE: Final = 4096  # bytes; memory comes in pages, and a float32 holds multiples of it exactly up to 64 GiB
SERVERS: Final = frozenset({"vllm"})  # containers that publish latency histograms


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What one container of one pod used, window by window; NaN where nobody measured."""

    cpu: Load  # [w] millicores, mean of the window
    memory: Load  # [w] bytes, the window's maximum
    throttled: Load | None  # [w] share of CFS periods throttled; None without a CPU limit
    killed: int | None  # epoch seconds of an OOM kill; its counters began anew


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRecord:
    """One pod's whole life within the record."""

    pod: Pod
    owners: tuple[Owner, ...]  # its own controller first, the workload last
    first: int  # column of the fleet's grid in which its first window stands
    tracks: Mapping[str, Track]  # by container
    gone: int | None  # epoch seconds at which its processes ended
    deleted: int | None  # epoch seconds at which the object vanished; None: still there at ``now``


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A cluster's past on one grid. Column j is the window that starts at ``start + j * step``."""

    cluster: str
    now: datetime  # the end of the last window
    start: int  # epoch seconds
    step: int  # seconds
    records: tuple[PodRecord, ...]
    nodes: tuple[Node, ...]
    latency: tuple[LatencySeries, ...]
    stories: Mapping[WorkloadKey, str]  # what each workload is there to show

    @property
    def width(self) -> int:
        """Number of windows."""
        return (int(self.now.timestamp()) - self.start) // self.step

    def present(self) -> Iterator[PodRecord]:
        """Pods whose objects exist at ``now``, finished ones included."""
        return (record for record in self.records if record.deleted is None)


def make_fleet(
    workloads: int | None = None, days: float = DAYS, seed: int = SEED, *, now: datetime = NOW, step: int = STEP
) -> Fleet:
    """The demo's fleet: the first ``workloads`` of the cast (all of them by default) over so many days before ``now``.

    A workload's usage depends on the seed and on itself alone: more workloads leave the others as they are.

    Raises:
        UsageError: days or workloads out of range.
    """
    actors = cast(int(now.timestamp()))
    if workloads is not None and not 1 <= workloads <= len(actors):
        raise UsageError(f"{workloads} workloads asked for; the demo knows 1 to {len(actors)}")
    return stage(actors[:workloads], days=days, seed=seed, now=now, step=step)


def big_fleet(containers: int, days: float = DAYS, seed: int = SEED, *, now: datetime = NOW, step: int = STEP) -> Fleet:
    """Exactly ``containers`` sized containers in Deployments of many shapes: for a Prometheus to serve and for benches."""
    return stage(crowd(containers, seed), days=days, seed=seed, now=now, step=step)


def stage(actors: Sequence[Actor], *, days: float, seed: int, now: datetime = NOW, step: int = STEP) -> Fleet:
    """Let any cast live for so many days.

    Raises:
        UsageError: fewer than one hour or more than 60 days, or a ``now`` off the hour.
    """
    end = int(now.timestamp())
    if not HOUR / DAY <= days <= 60:
        raise UsageError(f"{days:g} days asked for; a fleet lives between one hour and 60 days")
    if end % HOUR:
        raise UsageError(f"now is {now:%H:%M:%S}; a fleet's record ends on the hour")
    start = end - round(days * DAY / HOUR) * HOUR
    grid = _Grid(start, end, step, seed)
    homeless = [(actor.pool, record) for actor in actors for record in _lives(actor, grid)]
    places, nodes = place([(pool, record.pod) for pool, record in homeless])
    records = tuple(
        replace(record, pod=replace(record.pod, node=node)) for (_, record), node in zip(homeless, places, strict=True)
    )
    return Fleet(
        cluster=CLUSTER,
        now=now,
        start=start,
        step=step,
        records=records,
        nodes=nodes,
        latency=tuple(series for record in records for series in _latency(record, grid)),
        stories={_workload(actor): actor.story for actor in actors},
    )


@dataclass(frozen=True, slots=True)
class _Grid:
    start: int
    end: int
    step: int
    seed: int

    def dice(self, *parts: object) -> np.random.Generator:
        """Randomness of one thing alone: neither order nor number of the others matters."""
        return np.random.default_rng([self.seed, crc32("/".join(map(str, parts)).encode())])


def _workload(actor: Actor) -> WorkloadKey:
    return WorkloadKey(CLUSTER, actor.namespace, actor.kind, actor.name)


def _lives(actor: Actor, grid: _Grid) -> Iterator[PodRecord]:
    for generation in actor.life(grid.start, grid.end):
        names, owners = pod_names(actor.kind, actor.name, actor.replicas, born=generation.born)
        for i, name in enumerate(names):
            yield _record(actor, generation, (name, owners), grid, first_pod=i == 0)


def _record(
    actor: Actor, life: Generation, named: tuple[str, tuple[Owner, ...]], grid: _Grid, *, first_pod: bool
) -> PodRecord:
    name, owners = named
    begin, end = max(life.born, grid.start), min(life.gone or grid.end, grid.end)
    tracks = {}
    containers = []
    for role in actor.roles:
        killed = grid.end - int(role.oom_ago.total_seconds()) if first_pod and role.oom_ago is not None else None
        killed = killed if killed is not None and begin < killed < end else None
        containers.append(_container(role, killed))
        if containers[-1].sized:
            dice = grid.dice(actor.namespace, name, role.name, life.born)
            tracks[role.name] = _track(role, np.arange(begin, end, grid.step), dice, killed=killed, step=grid.step)
    pod = Pod(
        namespace=actor.namespace,
        name=name,
        uid=uid(CLUSTER, actor.namespace, name, life.born),
        workload=_workload(actor),
        containers=tuple(containers),
        qos=qos_of(tuple(containers)),
        phase="Succeeded" if life.finished else "Running",
        created=datetime.fromtimestamp(life.born, UTC),
    )
    return PodRecord(
        pod=pod,
        owners=owners,
        first=(begin - grid.start) // grid.step,
        tracks=tracks,
        gone=life.gone,
        deleted=life.deleted,
    )


def _container(role: Role, killed: int | None) -> Container:
    return Container(
        name=role.name,
        kind=role.kind,
        requests=role.requests,
        limits=role.limits,
        restarts=0 if killed is None else 1,
        last_oom=None if killed is None else datetime.fromtimestamp(killed, UTC),
    )


def _track(role: Role, t: Times, dice: np.random.Generator, *, killed: int | None, step: int) -> Track:
    """Usage is demand up to the limit; pods of one role differ by a few percent. A kill comes out of the blue."""
    demand = role.cpu(t, dice) * np.exp(0.04 * dice.standard_normal())
    memory = role.memory(t, dice)
    if killed is not None and role.limits.memory is not None:
        memory = np.where(t == killed - killed % step, role.limits.memory, memory)
    limit = role.limits.cpu
    return Track(
        cpu=demand if limit is None else np.minimum(demand, limit),
        memory=np.ceil(memory / PAGE) * PAGE,
        # bursts shorter than a window are throttled before its mean reaches the limit
        throttled=None if limit is None else np.clip((demand / limit - 0.85) / 0.4, 0.0, 1.0),
        killed=killed,
    )


def _latency(record: PodRecord, grid: _Grid) -> Iterator[LatencySeries]:
    for name, track in record.tracks.items():
        if name not in SERVERS:
            continue
        for histogram in HISTOGRAMS:
            yield served(
                histogram,
                namespace=record.pod.namespace,
                pod=record.pod.name,
                start=grid.start + record.first * grid.step,
                step=grid.step,
                cpu=track.cpu,
                short=np.zeros(len(track.cpu)) if track.throttled is None else track.throttled,
                rng=grid.dice(record.pod.name, histogram.metric),
            )
