"""Whether forecasts keep what they promise: ceilings are put down when they are published and compared with what came.

A ceiling is judged an hour ahead, on the hour that begins an hour after it was published: nobody is praised for knowing
the present. A step that was throttled, or in which memory ran out, says only that demand was at least so much: below the
ceiling it proves nothing and is not counted, above it it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.outlook import BLOCK, Outlook
from vpa_inplace.history import History

AHEAD: Final = 1  # blocks
LATE: Final = 600
"""Seconds that samples may be late before an hour is judged without them; a common scrape interval and rule delay fit in."""
_SUMS: Final = 4  # steps, covered steps, ceilings, usage

Group = tuple[str, str]
"""(profile, forecaster)"""
Sums = npt.NDArray[np.float64]
"""[2, 4] of each resource: steps, steps in which usage stayed at or below the ceiling, ceilings and usage added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How one forecaster did with one resource of one profile's containers."""

    profile: str
    forecaster: str
    resource: Resource
    steps: int
    covered: int  # of the steps
    over_ask: float  # (ceilings - usage) / usage; NaN where nothing was used

    @property
    def ratio(self) -> float:
        return self.covered / self.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Ceilings of n rows for the hour that begins at ``begin``."""

    begin: int  # epoch seconds
    rows: Index
    ceiling: npt.NDArray[np.float32]  # [2, n] NaN where nothing was promised
    group: npt.NDArray[np.intp]  # [n] index into ``groups``
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Promises that are still to be kept, and how those of the last ``hours`` hours were."""

    hours: int = 24
    promises: tuple[Promise, ...] = ()
    judged: tuple[tuple[int, Mapping[Group, Sums]], ...] = field(default=())  # with the hour's begin, oldest first

    def add(self, outlook: Outlook, rows: Index, policies: Policies) -> Coverage:
        """Put down what was published. Within an hour of the promise before there is nothing new to put down."""
        begin = outlook.at + AHEAD * BLOCK
        if self.promises and begin < self.promises[-1].begin + BLOCK:
            return self
        groups: dict[Group, int] = {}
        number = [
            [groups.setdefault((policy.profile, expert), len(groups)) for expert in outlook.experts]
            for policy in policies.distinct
        ]
        of = np.array(number, np.intp).reshape(-1, max(len(outlook.experts), 1))
        promise = Promise(
            begin=begin,
            rows=rows,
            ceiling=outlook.ceiling[:, :, AHEAD].copy(),  # a view would keep the whole day's alive
            group=of[policies.of_row, outlook.expert],
            groups=tuple(groups),
        )
        return replace(self, promises=(*self.promises, promise))

    def observe(self, history: History) -> Coverage:
        """Judge the hours that are over; their samples are asked for once."""
        due = [promise for promise in self.promises if promise.begin + BLOCK + LATE <= history.end]
        if not due:
            return self
        # they stand in the order of time, so the due ones are the first
        judged = (*self.judged, *((promise.begin, _kept(promise, history)) for promise in due))
        oldest = due[-1].begin - (self.hours - 1) * BLOCK
        return replace(
            self,
            promises=self.promises[len(due) :],
            judged=tuple(hour for hour in judged if hour[0] >= oldest),
        )

    def shares(self) -> tuple[Share, ...]:
        """Of every group that has steps, by name."""
        total: dict[Group, Sums] = {}
        for _, hour in self.judged:
            for group, sums in hour.items():
                total[group] = total.get(group, np.zeros((2, _SUMS))) + sums
        return tuple(
            Share(
                profile=profile,
                forecaster=forecaster,
                resource=resource,
                steps=int(sums[resource, 0]),
                covered=int(sums[resource, 1]),
                over_ask=float((sums[resource, 2] - sums[resource, 3]) / sums[resource, 3])
                if sums[resource, 3]
                else np.nan,
            )
            for (profile, forecaster), sums in sorted(total.items())
            for resource in Resource
            if sums[resource, 0]
        )


def _kept(promise: Promise, history: History) -> dict[Group, Sums]:
    """How a promise was kept, by group."""
    first = -(-(promise.begin - history.start) // history.step)
    stop = (promise.begin + BLOCK - history.start) // history.step
    hour = slice(max(first, 0), max(stop, 0))
    pairs = [(here, there) for here, key in enumerate(promise.rows) if (there := history.rows.row(key)) is not None]
    mine, row = np.array(pairs, np.intp).reshape(-1, 2).T
    used = history.usage[:, row, hour].astype(np.float64)  # [2, k, steps]
    ceiling = np.broadcast_to(promise.ceiling[:, mine, None].astype(np.float64), used.shape)
    under = used <= ceiling
    counted = np.isfinite(used) & np.isfinite(ceiling) & ~(history.censored[:, row, hour] & under)
    parts = (counted, counted & under, np.where(counted, ceiling, 0.0), np.where(counted, used, 0.0))
    per_row = np.stack([part.sum(axis=2, dtype=np.float64) for part in parts], axis=1)  # [2, 4, k]
    sums = np.zeros((len(promise.groups), 2, _SUMS))
    np.add.at(sums, promise.group[mine], per_row.transpose(2, 0, 1))
    return {group: sums[i] for i, group in enumerate(promise.groups) if sums[i, :, 0].any()}
