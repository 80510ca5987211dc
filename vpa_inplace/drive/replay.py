"""The past lived once more: at every step the brain sees what it could have known then, and a simulated cluster obeys.

Nothing here decides. ``learn``, ``foresee`` and ``decide`` are those of the command line and of the controller; guards
and the ledger of budgets judge as they do there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from vpa_inplace.decide import decide
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.decisions import Decisions, Usage
from vpa_inplace.drive.simulated import SimulatedCluster
from vpa_inplace.forecast import Beliefs, Forecaster, Outlook
from vpa_inplace.forecast.model import Film
from vpa_inplace.forecast.outlook import Filming
from vpa_inplace.history import History, evidence_of
from vpa_inplace.history.history import DAY
from vpa_inplace.lifecycle import CLOCKS, Clocks
from vpa_inplace.observe.source import Progress, Report, silent
from vpa_inplace.recommend import size

Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class Replay:
    """What was asked for, what came of it, and what the guards held back."""

    in_force: Float  # [2, n, t] millicores and bytes in each window, NaN without a pod
    killed: Mask  # [n, t] windows in which memory went over the limit
    decisions: Decisions = field(default_factory=Decisions)
    moves: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # reason: moves it spoke against, anew at every step


def replay(usage: Usage, forecaster: Forecaster, policy: Policy, *, delay: int = 0, report: Report = silent) -> Replay:
    """Decide at every step of the usage, from the end of the first window to the start of the last.

    Args:
        usage: what happened.
        forecaster: learns and looks ahead at every step.
        policy: that of every series.
        delay: steps from a decision until it is in force; decisions are stamped with the time they come into force.
        report: told of the progress, a hundred times or so.
    """
    world = _World.before(usage, forecaster, policy, delay)
    columns = _lived_in(usage)
    for done, column in enumerate(columns.tolist()):
        if done % max(len(columns) // 100, 1) == 0:
            report(Progress("replay", done, len(columns)))
        world.tick(column, (usage.first < column) & (column < usage.stop))
    report(Progress("replay", len(columns), len(columns)))
    return world.result


def giving_back(policy: Policy) -> Policy:
    """The policy with memory that may fall: simulated pods are Guaranteed and would never give any back otherwise."""
    return replace(policy, allow_memory_limit_decrease=True)


def floorless(policy: Policy) -> Policy:
    """A policy for judging a rule by itself: floors of 1m and 1 MiB, as published comparisons have them nearly zero."""
    return replace(
        giving_back(policy),
        cpu=replace(policy.cpu, min_allowed=1),
        memory=replace(policy.memory, min_allowed=2**20),
    )


def _lived_in(usage: Usage) -> npt.NDArray[np.intp]:
    """Columns at which some series has a window behind it and one to come: years between two series cost nothing."""
    change = np.zeros(usage.history.usage.shape[2] + 2, np.intp)
    some = usage.stop - usage.first > 1
    np.add.at(change, usage.first[some] + 1, 1)
    np.add.at(change, usage.stop[some], -1)
    return np.flatnonzero(np.cumsum(change))


@dataclass(slots=True, kw_only=True)
class _World:
    """All that changes from step to step."""

    history: History
    lived: History  # the same as it was recorded, without marks of what is simulated
    forecaster: Forecaster
    policies: Policies
    cluster: SimulatedCluster
    ledger: Ledger
    result: Replay
    due: Float  # [2, n] what was in force or due at the step before
    clocks: Clocks
    beliefs: Beliefs | None = None
    film: tuple[int, Film | None] = (0, None)  # curves from this column on

    @classmethod
    def before(cls, usage: Usage, forecaster: Forecaster, policy: Policy, delay: int) -> _World:
        """The morning of the first day."""
        history = usage.history
        shape = history.usage.shape
        return cls(
            # marks of throttling and OOM kills are made on the way, each in a window that nobody has seen yet
            history=replace(history, censored=history.censored.copy()),
            lived=history,
            forecaster=forecaster,
            policies=Policies.uniform(policy, len(history.rows)),
            cluster=SimulatedCluster(history.rows, step=history.step, delay=delay),
            ledger=Ledger.empty(history.rows),
            result=Replay(in_force=np.full(shape, np.nan), killed=np.zeros(shape[1:], np.bool_)),
            due=np.full(shape[:2], np.nan),
            # a kubelet that is slow on purpose is not given up
            clocks=replace(CLOCKS, in_progress=CLOCKS.in_progress + delay * history.step),
        )

    def tick(self, column: int, alive: Mask) -> None:
        """One step: all windows before ``column`` have ended, the one at ``column`` begins."""
        now = self.history.start + column * self.history.step
        past = self.history.until(now)
        outlook = self._foreseen(column, past)
        # marks of what is simulated say that a size was too small, not that usage was cut: it is what was wanted
        evidence = replace(evidence_of(past, now), cut_off=self.lived.censored[:, :, column - 1])
        unborn = alive & ~self.cluster.born & np.isfinite(evidence.newest)
        if unborn.any():
            empty = self.cluster.snapshot(now, evidence)
            self.cluster.bear(size(outlook, empty, self.policies, self.ledger), unborn)
        self.cluster.keep(alive)
        snapshot = self.cluster.snapshot(now, evidence)
        decision = decide(snapshot, outlook, self.ledger, self.policies, clocks=self.clocks)
        self.ledger = decision.ledger
        self.cluster.resize(decision.admitted)
        self.result.moves += len(decision.admitted)
        self.result.refused.update([r.reason for verdict in decision.verdicts for r in verdict.refusals])
        self._live(column, now, alive)

    def _foreseen(self, column: int, past: History) -> Outlook:
        """The outlook at the start of this window; filmed a day ahead of the walk where the forecaster can."""
        if not isinstance(self.forecaster, Filming):
            self.beliefs = self.forecaster.learn(past, self.beliefs)
            return self.forecaster.foresee(past, self.beliefs, self.policies.risk)
        first, film = self.film
        if film is None or column >= first + len(film.base):
            count = min(DAY // self.history.step, self.history.usage.shape[2] - column)
            first, film = self.film = column, self.forecaster.film(self.lived, column, count)
        curves = None if film is None else film.at(column - first)
        return self.forecaster.outlook(past, curves, self.policies.risk)

    def _live(self, column: int, now: int, alive: Mask) -> None:
        """What is due comes into force, the window passes, and what happened in it is written down."""
        before, used = self.due, self.history.usage[:, :, column]
        self.due = self.cluster.settle(now, self.history.usage[Resource.MEMORY, :, column - 1])
        changed = alive & (self.due != before) & np.isfinite(self.due)
        rows = np.flatnonzero(changed.any(axis=0))
        if len(rows):
            self.result.decisions.add(now, rows, np.where(changed, self.due, np.nan)[:, rows])
        self.result.in_force[:, alive, column] = self.cluster.in_force[:, alive]
        short = alive & (used > self.cluster.in_force)
        self.history.censored[:, :, column] |= short
        self.result.killed[:, column] = short[Resource.MEMORY]
        self.cluster.live(now, short[Resource.MEMORY])
