"""Small whole objects for tests; every test names only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import ContainerKey, Index, WorkloadKey
from vpa_inplace.domain.pods import Container, Pod, qos_of
from vpa_inplace.domain.snapshot import Slots, Snapshot
from vpa_inplace.history import History, evidence_of
from vpa_inplace.history.history import HOUR, STEP

MIB = 2**20
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
WEB = WorkloadKey("test", "shop", "Deployment", "web")


def a_container(
    name: str = "app",
    *,
    cpu: int | None = 500,
    memory: int | None = 512 * MIB,
    limits: Amounts = Amounts(),
    **more: object,
) -> Container:
    return Container(name=name, requests=Amounts(cpu, memory), limits=limits, **more)  # type: ignore[arg-type]


def a_pod(*containers: Container, name: str = "web-1", workload: WorkloadKey = WEB, **more: object) -> Pod:
    containers = containers or (a_container(),)
    fields: dict[str, object] = {"uid": f"uid-{name}", "qos": qos_of(containers), "node": "node-1"} | more
    return Pod(namespace=workload.namespace, name=name, workload=workload, containers=containers, **fields)  # type: ignore[arg-type]


def rows_of(pods: Sequence[Pod]) -> Index:
    return Index.of(pod.key(c) for pod in pods for c in pod.containers if c.sized)


def a_history(
    rows: Index,
    cpu: object = 100.0,
    memory: object = 200.0 * MIB,
    *,
    days: float = 3,
    end: datetime = NOON,
    step: int = STEP,
) -> History:
    """Constant usage by default; pass arrays [n, t] or [t] to shape it. Ends at ``end``."""
    width = round(days * 24 * HOUR) // step
    shape = (len(rows), width)
    usage = np.stack([np.broadcast_to(np.asarray(x, np.float32), shape) for x in (cpu, memory)])
    return History.of(rows, start=int(end.timestamp()) - width * step, step=step, usage=usage)


def a_snapshot(*pods: Pod, history: History | None = None, now: datetime = NOON) -> Snapshot:
    pods = pods or (a_pod(),)
    rows = history.rows if history is not None else rows_of(pods)
    history = a_history(rows) if history is None else history
    return Snapshot(
        now=now,
        rows=rows,
        pods=pods,
        slots=Slots.of(pods, rows),
        evidence=evidence_of(history.until(now), now.timestamp()),
    )


def a_key(container: str = "app", workload: WorkloadKey = WEB) -> ContainerKey:
    return ContainerKey(workload, container)


def rows_of_names(*names: str) -> Index:
    """One role per name."""
    return Index.of(ContainerKey.of("test", "shop", "Deployment", name, "app") for name in names)
