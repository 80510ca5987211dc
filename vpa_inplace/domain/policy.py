"""What the owner of a workload allows and asks for; one policy per container role, as columns for the batch."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import encode
from vpa_inplace.domain.resource import Resource


class UpdateMode(StrEnum):
    """VPA's words. Off only recommends."""

    OFF = "Off"
    INITIAL = "Initial"
    IN_PLACE = "InPlace"
    IN_PLACE_OR_RECREATE = "InPlaceOrRecreate"

    @property
    def acts(self) -> bool:
        """Whether running pods are resized."""
        return self in {UpdateMode.IN_PLACE, UpdateMode.IN_PLACE_OR_RECREATE}


class ControlledValues(StrEnum):
    REQUESTS_AND_LIMITS = "RequestsAndLimits"
    REQUESTS_ONLY = "RequestsOnly"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRule:
    """How one resource is sized; the same fields for CPU and memory."""

    hold: timedelta
    """How long a size should hold before the next chance to change it: the target covers the forecast that far ahead."""
    peak_margin: float | None
    """The target never falls below the highest usage on record plus this fraction; ``None``: no such floor.
    The record reaches back 35 days, so a weekly peak is seen before its memory is taken away."""
    near_usage: float
    """A shrink must leave this share free above the newest usage, a fraction; guards memory against the OOM killer."""
    quantum: int
    """Sizes are rounded up to a multiple of this: millicores or bytes."""
    min_allowed: int | None = None
    max_allowed: int | None = None
    controlled: bool = True


CPU_RULE = ResourceRule(
    hold=timedelta(hours=1),  # in-place CPU resizes are cheap: facts on oracle slack per resize period favour hours
    peak_margin=None,
    near_usage=0.0,
    quantum=1,
    min_allowed=10,  # KRR's floor, and that of the common back-test protocol: 10m
)
MEMORY_RULE = ResourceRule(
    hold=timedelta(hours=24),  # memory thinks in days: too little is an OOM kill, not a slow minute
    peak_margin=0.15,  # KRR's and VPA's margin
    near_usage=0.10,
    quantum=2**20,
    min_allowed=64 * 2**20,  # floor of the common back-test protocol
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules for one container role. Field names follow VPA v1 where VPA has the field."""

    update_mode: UpdateMode = UpdateMode.OFF
    risk: float = 0.01  # tolerated share of time under-provisioned
    max_resizes_per_day: float | None = 8.0  # None: no budget
    dead_band: float = 0.10  # smaller relative changes are not worth a resize; VPA's --pod-update-threshold
    controlled_values: ControlledValues = ControlledValues.REQUESTS_AND_LIMITS
    allow_memory_limit_decrease: bool = False
    cpu: ResourceRule = CPU_RULE
    memory: ResourceRule = MEMORY_RULE
    min_history: timedelta = timedelta(hours=24)  # before the first shrink: one daily cycle
    min_coverage: float = 0.90  # fraction of the last day's samples that must exist before a shrink
    stale_after: timedelta = timedelta(minutes=15)
    oom_hold: timedelta = timedelta(days=7)  # how long the size after an OOM is not undercut: one weekly cycle
    profile: str = "default"

    def rule(self, resource: Resource) -> ResourceRule:
        return self.cpu if resource is Resource.CPU else self.memory


_KINDS: Final[dict[str, Any]] = {"controlled": np.bool_} | dict.fromkeys(
    ("min_allowed", "max_allowed", "quantum"), np.int64
)  # of the columns that are not float64


@dataclass(frozen=True)
class Policies:
    """Policies of n rows as columns. Rows share few distinct policies; columns are computed once."""

    distinct: tuple[Policy, ...]
    of_row: npt.NDArray[np.intp]  # [n] index into ``distinct``
    risk: npt.NDArray[np.float64] = field(init=False, repr=False)  # [n] fraction
    dead_band: npt.NDArray[np.float64] = field(init=False, repr=False)  # [n] fraction
    max_resizes: npt.NDArray[np.float64] = field(init=False, repr=False)  # [n] per day, inf without a budget
    controlled: npt.NDArray[np.bool_] = field(init=False, repr=False)  # [2, n]
    min_allowed: npt.NDArray[np.int64] = field(init=False, repr=False)  # [2, n] UNSET where none
    max_allowed: npt.NDArray[np.int64] = field(init=False, repr=False)  # [2, n] UNSET where none
    quantum: npt.NDArray[np.int64] = field(init=False, repr=False)  # [2, n]
    hold: npt.NDArray[np.float64] = field(init=False, repr=False)  # [2, n] seconds
    peak_margin: npt.NDArray[np.float64] = field(init=False, repr=False)  # [2, n] fraction, NaN for no floor

    def __post_init__(self) -> None:
        per_policy = {
            "risk": [p.risk for p in self.distinct],
            "dead_band": [p.dead_band for p in self.distinct],
            "max_resizes": [np.inf if p.max_resizes_per_day is None else p.max_resizes_per_day for p in self.distinct],
        }
        rules = [[p.rule(r) for p in self.distinct] for r in Resource]
        per_rule = {
            "controlled": [[x.controlled for x in row] for row in rules],
            "min_allowed": [[encode(x.min_allowed) for x in row] for row in rules],
            "max_allowed": [[encode(x.max_allowed) for x in row] for row in rules],
            "quantum": [[x.quantum for x in row] for row in rules],
            "hold": [[x.hold.total_seconds() for x in row] for row in rules],
            "peak_margin": [[np.nan if x.peak_margin is None else x.peak_margin for x in row] for row in rules],
        }
        for name, values in (per_policy | per_rule).items():
            # said here, because an empty list has no type of its own
            column = np.asarray(values, _KINDS.get(name, np.float64))[..., self.of_row]
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @classmethod
    def uniform(cls, policy: Policy, rows: int) -> Policies:
        return cls((policy,), np.zeros(rows, dtype=np.intp))

    @classmethod
    def of(cls, policies: Sequence[Policy]) -> Policies:
        """One policy per row; equal ones are kept once."""
        distinct = tuple(dict.fromkeys(policies))
        place = {policy: i for i, policy in enumerate(distinct)}
        return cls(distinct, np.array([place[p] for p in policies], dtype=np.intp))

    def allowing(self, rows: npt.NDArray[np.bool_], times: float) -> Policies:
        """The same with so many times the resizes a day for these rows [n]."""
        if not rows.any():
            return self
        other = copy(self)
        column = np.where(rows, self.max_resizes * times, self.max_resizes)
        column.setflags(write=False)
        object.__setattr__(other, "max_resizes", column)
        return other

    def __getitem__(self, row: int) -> Policy:
        return self.distinct[self.of_row.item(row)]

    def __len__(self) -> int:
        return len(self.of_row)
