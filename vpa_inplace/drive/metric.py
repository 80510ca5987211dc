"""What a metric of our own is, and the kinds of them that the table is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from typing import Final

from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.status import Status

PREFIX: Final = "vpa_inplace_"

Labels = tuple[str, ...]
Point = tuple[Labels, float]

_UNIT: Final = {Resource.CPU: ("core", 1000.0), Resource.MEMORY: ("byte", 1.0)}
"""Base unit, and our units in one of it."""
_PROSE: Final = {Resource.CPU: "CPU", Resource.MEMORY: "Memory"}


class Kind(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that a scrape looks at."""

    status: Status | None  # of the last tick that decided; None before the first
    since: float  # seconds since then
    leads: bool
    well_age: float  # seconds since a tick last ended well


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A gauge is read when somebody looks; a counter begins with a zero for each of ``known``, so that no increase is
    lost on a series that was not there before.
    """

    name: str
    kind: Kind
    meaning: str
    labels: Labels = ()
    read: Callable[[Look], Iterable[Point]] = lambda _: ()
    known: tuple[Labels, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    said: str
    metrics: tuple[Metric, ...]


def gauge(name: str, meaning: str, read: Callable[[Look], Iterable[Point]], labels: Labels = ()) -> Metric:
    return Metric(name=PREFIX + name, kind=Kind.GAUGE, meaning=meaning, labels=labels, read=read)


def of_status(name: str, meaning: str, read: Callable[[Status], Iterable[Point]], labels: Labels = ()) -> Metric:
    """A gauge that is not there before the first tick."""
    return gauge(name, meaning, lambda look: () if look.status is None else read(look.status), labels)


def aging(name: str, meaning: str, read: Callable[[Status], Iterable[Point]], labels: Labels = ()) -> Metric:
    """An age goes on growing when ticks do not come any more."""

    def now(look: Look) -> Iterator[Point]:
        if look.status is not None:
            yield from ((point, age + look.since) for point, age in read(look.status))

    return gauge(name, meaning, now, labels)


def counter(name: str, meaning: str, labels: Labels = (), known: Iterable[Labels] = ()) -> Metric:
    return Metric(name=PREFIX + name, kind=Kind.COUNTER, meaning=meaning, labels=labels, known=tuple(known))


def both(
    name: str, meaning: str, read: Callable[[Status, Resource], Iterable[Point]], labels: Labels = ()
) -> Iterator[Metric]:
    """A gauge for each resource; amounts that are read are millicores and bytes, NaN is left out."""
    for resource in Resource:
        unit, size = _UNIT[resource]

        def scaled(status: Status, resource: Resource = resource, size: float = size) -> Iterator[Point]:
            return ((at, amount / size) for at, amount in read(status, resource) if not isnan(amount))

        yield of_status(f"{name}_{resource.key}_{unit}s", meaning.format(_PROSE[resource]), scaled, labels)


def seconds_counter(name: str, resource: Resource) -> str:
    """Name of the counter of a resource that is held over time: ``vpa_inplace_reserved_cpu_core_seconds_total``."""
    unit, _ = _UNIT[resource]
    return f"{PREFIX}{name}_{resource.key}_{unit}_seconds_total"


def base_unit(resource: Resource) -> float:
    """Our units in a core or a byte."""
    return _UNIT[resource][1]


def over_time(name: str, meaning: str) -> Iterator[Metric]:
    for resource in Resource:
        full = seconds_counter(name, resource).removeprefix(PREFIX)
        yield counter(full, meaning.format(_PROSE[resource]))
