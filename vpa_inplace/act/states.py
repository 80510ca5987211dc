"""The ledger as objects in the cluster, one a workload, and back. Pure; ``act/store.py`` carries them to and fro."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from vpa_inplace.api.objects import attempts as records
from vpa_inplace.api.objects.metadata import ObjectMeta
from vpa_inplace.api.objects.resize_state import (
    AttemptRecord,
    Budget,
    Ceilings,
    Oom,
    RefusedSize,
    ResizeState,
    StateSpec,
    WorkloadRef,
    state_name,
)
from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.attempts import Attempt, TooBig
from vpa_inplace.domain.keys import ContainerKey, Index, WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast import Outlook


@dataclass(frozen=True, slots=True)
class Curves:
    """Ceilings of the coming day for every row, as they were when the outlook was made."""

    rows: Index
    outlook: Outlook

    def of(self, row: int) -> Ceilings | None:
        """The curve of one row in whole units, rounded up; nothing where any hour is unknown."""
        curves = {}
        for resource in Resource:
            curve = self.outlook.ceiling[resource, row]
            if np.isfinite(curve).all():
                curves[resource.key] = tuple(int(amount) for amount in np.ceil(curve))
        return Ceilings.model_validate({"start": _time(self.outlook.at), **curves}) if curves else None


def states_of(ledger: Ledger, curves: Curves | None, workloads: Iterable[WorkloadKey]) -> dict[WorkloadKey, StateSpec]:
    """What is to be remembered of each of these workloads."""
    attempts: dict[WorkloadKey, list[Attempt]] = defaultdict(list)
    refused: dict[WorkloadKey, list[TooBig]] = defaultdict(list)
    rows: dict[WorkloadKey, list[tuple[int, ContainerKey]]] = defaultdict(list)
    for attempt in ledger.attempts:
        attempts[attempt.workload].append(attempt)
    for size in ledger.too_big:
        refused[size.workload].append(size)
    for row, key in enumerate(ledger.rows):
        rows[key.workload].append((row, key))
    return {
        workload: _state(workload, rows[workload], attempts[workload], refused[workload], ledger, curves)
        for workload in workloads
    }


def _state(
    workload: WorkloadKey,
    rows: Sequence[tuple[int, ContainerKey]],
    attempts: Sequence[Attempt],
    refused: Sequence[TooBig],
    ledger: Ledger,
    curves: Curves | None,
) -> StateSpec:
    at = _time(ledger.at)
    ceilings = {key.container: curves.of(row) for row, key in rows} if curves is not None else {}
    return StateSpec(
        workload=WorkloadRef(kind=workload.kind, name=workload.name),
        budgets={
            key.container: Budget(spent=round(float(ledger.spent[row]), 6), as_of=at)
            for row, key in rows
            if ledger.spent[row] > 0
        },
        ooms={
            key.container: Oom(floor=int(ledger.oom_floor[row]), at=_time(float(ledger.oom_at[row])))
            for row, key in rows
            if ledger.oom_floor[row] != UNSET
        },
        ceilings={container: curve for container, curve in ceilings.items() if curve is not None},
        attempts=tuple(records.recorded(attempt) for attempt in attempts),
        refused=tuple(records.refused(size) for size in refused),
        as_of=at,
    )


def object_of(workload: WorkloadKey, spec: StateSpec) -> ResizeState:
    """A new object for a workload."""
    return ResizeState(metadata=ObjectMeta(name=state_name(workload), namespace=workload.namespace), spec=spec)


def ledger_of(states: Iterable[ResizeState], rows: Index, cluster: str) -> Ledger:
    """The ledger that these objects tell of. Rows that none of them knows start empty.

    Budgets are brought to one moment, the newest of all: a budget that was written down earlier has refilled a little
    more than is credited here, which errs to the side of fewer resizes.
    """
    ledger = Ledger.empty(rows)
    spent, floor, oom_at = ledger.spent.copy(), ledger.oom_floor.copy(), ledger.oom_at.copy()
    attempts: list[Attempt] = []
    too_big: list[TooBig] = []
    at = -np.inf
    for state in states:
        workload = WorkloadKey(cluster, state.metadata.namespace, state.spec.workload.kind, state.spec.workload.name)
        attempts += [records.attempt_of(record, workload) for record in state.spec.attempts]
        too_big += [size for one in state.spec.refused if (size := records.too_big(one, workload)) is not None]
        for container, budget in state.spec.budgets.items():
            if (row := rows.row(ContainerKey(workload, container))) is not None:
                spent[row] = budget.spent
                at = max(at, budget.as_of.timestamp())
        for container, oom in state.spec.ooms.items():
            if (row := rows.row(ContainerKey(workload, container))) is not None:
                floor[row], oom_at[row] = oom.floor, oom.at.timestamp()
    return replace(
        ledger,
        at=at,
        spent=spent,
        oom_floor=floor,
        oom_at=oom_at,
        attempts=tuple(attempts),
        too_big=tuple(too_big),
    )


def urgent(spec: StateSpec) -> tuple[tuple[AttemptRecord, ...], Mapping[str, Oom], tuple[RefusedSize, ...]]:
    """The part of a state that has to be written down before anything is done; the rest may be a little old."""
    return spec.attempts, spec.ooms, spec.refused


def as_json(state: ResizeState) -> dict[str, Any]:
    return state.written()


def _time(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch if np.isfinite(epoch) else 0.0, UTC)
