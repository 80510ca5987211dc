"""Figures of a status as points of a metric: label values and a number each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.metric import Point
from vpa_inplace.drive.status import Share, Status
from vpa_inplace.drive.status.sizes import Columns
from vpa_inplace.guard import GUARDS
from vpa_inplace.observe.kubernetes.store import State

REASONS: Final = tuple(guard.reason for guard in GUARDS)


def column(name: str) -> Callable[[Status, Resource], Iterable[Point]]:
    return lambda status, resource: _points(status.sizes, name, resource)


def pod_column(name: str) -> Callable[[Status, Resource], Iterable[Point]]:
    return lambda status, resource: _points(status.pod_sizes, name, resource)


def _points(columns: Columns, name: str, resource: Resource) -> Iterable[Point]:
    return zip(columns.labels, columns.amounts[name][resource].tolist(), strict=True)


def one(value: float) -> Iterable[Point]:
    return (((), float(value)),)


def by_resource(values: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Iterator[Point]:
    return (((resource.key,), float(values[resource])) for resource in Resource)


def shares(value: Callable[[Share], float]) -> Callable[[Status], Iterable[Point]]:
    return lambda status: (
        ((share.profile, share.forecaster, share.resource.key), value(share)) for share in status.coverage
    )


def refusals(status: Status) -> Iterator[Point]:
    for reason in dict.fromkeys((*REASONS, *sorted(status.refusals))):
        yield (reason,), float(status.refusals.get(reason, 0))


def watch_states(status: Status) -> Iterator[Point]:
    for (kind, watch), state in product(status.watches.items(), State):
        yield (kind, state), float(watch.state is state)


def watch_ages(status: Status) -> Iterator[Point]:
    """Of a kind that the server does not have there is nothing that could grow old."""
    return (((kind,), watch.age) for kind, watch in status.watches.items() if watch.state is not State.MISSING)
