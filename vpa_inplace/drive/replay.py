"""The past lived once more: at every step the brain sees what it could have known then, and a simulated cluster obeys.

Nothing here decides. ``learn``, ``foresee`` and ``decide`` are those of the command line and of the controller; guards
and the ledger of budgets judge as they do there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vpa_inplace.decide import decide
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.decisions import Decisions, Usage
from vpa_inplace.drive.simulated import SimulatedCluster
from vpa_inplace.forecast import Forecaster
from vpa_inplace.history import evidence_of
from vpa_inplace.observe.source import Progress, Report, silent
from vpa_inplace.recommend import size


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What was asked for, what came of it, and what the guards held back."""

    decisions: Decisions
    in_force: npt.NDArray[np.float64]  # [2, n, t] millicores and bytes in each window, NaN without a pod
    killed: npt.NDArray[np.bool_]  # [n, t] windows in which memory went over the limit
    moves: int
    refused: Counter[str]  # reason: moves it spoke against, counted anew at every step


def floorless(policy: Policy) -> Policy:
    """A policy for judging a rule by itself: floors of 1m and 1 MiB, and memory may fall.

    Simulated pods are Guaranteed, so that without ``allow_memory_limit_decrease`` no memory would ever be given back.
    """
    return replace(
        policy,
        allow_memory_limit_decrease=True,
        cpu=replace(policy.cpu, min_allowed=1),
        memory=replace(policy.memory, min_allowed=2**20),
    )


def replay(
    usage: Usage, forecaster: Forecaster, policy: Policy, *, delay: int = 0, report: Report = silent
) -> Replay:
    """Decide at every step of the usage, from the first window's end to the last window's start.

    Args:
        usage: what happened.
        forecaster: learns and looks ahead at every step.
        policy: of every series.
        delay: steps from a decision until it is in force; the time of a decision is when it comes into force.
        report: told of the progress, a hundred times or so.
    """
    history = usage.history
    n, width = len(history.rows), history.usage.shape[2]
    policies = Policies.uniform(policy, n)
    cluster = SimulatedCluster(history.rows, step=history.step, delay=delay)
    ledger, beliefs = Ledger.empty(history.rows), None
    result = Replay(
        decisions=Decisions(),
        in_force=np.full((2, n, width), np.nan),
        killed=np.zeros((n, width), np.bool_),
        moves=0,
        refused=Counter(),
    )
    due = np.full((2, n), np.nan)
    moves = 0
    memory = history.usage[Resource.MEMORY]
    for column in range(1, width):
        if column % max(width // 100, 1) == 0:
            report(Progress("replay", column, width))
        alive = (usage.first < column) & (column < usage.stop)
        if not alive.any():
            continue
        now = history.start + column * history.step
        past = history.until(now)
        beliefs = forecaster.learn(past, beliefs)
        outlook = forecaster.foresee(past, beliefs, policies.risk)
        evidence = evidence_of(past, now)
        unborn = alive & ~cluster.born & np.isfinite(evidence.newest)
        if unborn.any():
            cluster.bear(size(outlook, cluster.snapshot(now, evidence), policies, ledger), unborn)
        cluster.keep(alive)
        decision = decide(cluster.snapshot(now, evidence), outlook, ledger, policies)
        ledger = decision.ledger
        cluster.resize(decision.admitted)
        moves += len(decision.admitted)
        result.refused.update(r.reason for verdict in decision.verdicts for r in verdict.refusals)

        before, due = due, cluster.settle(now, memory[:, column - 1])
        changed = alive & (due != before) & np.isfinite(due)
        rows = np.flatnonzero(changed.any(axis=0))
        result.decisions.add(now, rows, np.where(changed, due, np.nan)[:, rows])
        result.in_force[:, alive, column] = cluster.in_force[:, alive]
        result.killed[:, column] = alive & cluster.live(now, memory[:, column])
    report(Progress("replay", width, width))
    return replace(result, moves=moves)
