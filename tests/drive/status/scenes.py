"""Decisions about a few pods, for what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.decide import Decision, decide
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import Index, WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.policy import Policies, Policy, UpdateMode
from vpa_inplace.forecast.outlook import BLOCKS, Outlook
from vpa_inplace.history import History

ACTING = Policy(update_mode=UpdateMode.IN_PLACE)


class Clock:
    """Stands still unless it is told not to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def a_workload(name: str) -> WorkloadKey:
    return WorkloadKey("test", "shop", "Deployment", name)


def in_force(cpu: int | None = 500, memory: int | None = 512 * MIB, **more: object):
    """A container of which spec, kubelet and runtime say the same."""
    amounts = Amounts(cpu, memory)
    return a_container(cpu=cpu, memory=memory, **{"allocated": amounts, "actual_requests": amounts} | more)


def an_outlook(
    rows: Index,
    ceiling: object = 100.0,
    *,
    at: int = int(NOON.timestamp()),
    experts: Sequence[str] = ("recent",),
    expert: object = 0,
) -> Outlook:
    """``ceiling`` is broadcast to [2, n, BLOCKS]."""
    n = len(rows)
    whole = np.ascontiguousarray(np.broadcast_to(np.asarray(ceiling, np.float32), (2, n, BLOCKS)))
    return Outlook(
        at=at,
        ceiling=whole,
        low=whole.min(axis=2),
        high=whole.max(axis=2),
        confidence=np.ones(n, np.float32),
        expert=np.broadcast_to(np.asarray(expert, np.uint8), (n,)),
        experts=tuple(experts),
    )


def a_decision(
    *pods: Pod,
    ceiling: object = 100.0,
    policies: Policy | Mapping[str, Policy] = ACTING,
    history: History | None = None,
    outlook_at: int = int(NOON.timestamp()),
    **more: object,
) -> Decision:
    """What is decided at noon; ``policies`` by name of the workload, or one for all. ``more`` replaces what came out."""
    pods = pods or (a_pod(in_force()),)
    rows = rows_of(pods) if history is None else history.rows
    snapshot = a_snapshot(*pods, history=a_history(rows) if history is None else history)
    of_rows = [policies if isinstance(policies, Policy) else policies[key.workload.name] for key in rows]
    outlook = an_outlook(rows, ceiling, at=outlook_at)
    return replace(decide(snapshot, outlook, Ledger.empty(rows), Policies.of(of_rows)), **more)
