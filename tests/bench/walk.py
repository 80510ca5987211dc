"""A fleet walked through time with the forecast, the prices and the pace alone: no pods, no guards, no ledger.

What a change of a constant does to the whole table is seen in minutes. Many settings walk side by side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.traces import Trace
from vpa_inplace.domain.dials import Dials
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.forecast.model import Film
from vpa_inplace.forecast.windows import NOTHING, Moments, Peaks
from vpa_inplace.plan.paced import paced
from vpa_inplace.recommend.dials import Seen, turn
from vpa_inplace.recommend.priced import targets

FLOOR = 0.1  # millicores; floors are nearly none where rules are compared


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one setting made of one source, in the words of the protocol."""

    risk: float
    budget: float
    slack: float  # unused over given, all containers together
    macro: float  # mean over containers
    short: float  # mean over containers of the share of time below demand
    short_p90: float  # the container at the 90th percentile
    late_work: float  # demand above the size over all demand
    resizes: float  # per container-day
    resizes_p99: float


def walk(
    trace: Trace,
    film: Film,
    risks: Sequence[float],
    budgets: Sequence[float] = (8.0,),
    *,
    delay: int = 0,
    cap: float = np.inf,
) -> list[Outcome]:
    """Every combination of risk and budget.

    ``delay`` steps pass before a size is in force. ``cap`` is the hard limit of one container: a shrink needs room for
    itself and its regrow among so many resizes, which refill evenly over the day; growth is never held back.
    """
    n, width = trace.usage.shape
    settings = [(risk, budget) for budget in budgets for risk in risks]
    risk, budget = (np.repeat(np.array(x)[:, None], n, axis=1) for x in zip(*settings, strict=True))
    rows = Index(tuple(ContainerKey.of("bench", trace.name, "Pod", str(i), "main") for i in range(n)))
    dials = Dials.new(rows, len(settings))
    asked = np.full((len(settings), n), np.nan)
    in_force, before = asked, asked
    under_way = deque([asked] * delay)
    sums = _Sums.nothing(len(settings), n)
    usage, counted = np.ascontiguousarray(trace.usage.T, np.float64), trace.first + trace.warm_up
    no = np.zeros(n, np.bool_)
    spent = np.zeros(risk.shape)
    for t in range(1, width):
        newest = usage[t - 1]
        lived = np.isfinite(newest) & np.isfinite(in_force)
        resized = (in_force != before) & np.isfinite(before)
        short = np.where(lived, newest > in_force, np.nan)
        dials = turn(dials, Seen(seconds=trace.step, short=short, resized=resized), risk, budget)
        wanted = targets(film.at(t), dials, risk)
        step = paced(
            asked,
            wanted,
            dials,
            newest=newest,
            cut_off=no,
            seconds=trace.step,
            may_shrink=(budget > 0) & (spent + 2 <= cap),
        )
        dials = step.applied(dials)
        spent = np.maximum(spent - (min(cap, 1e6) / trace.day), 0) + (np.isfinite(asked) & (step.size != asked))
        asked = np.maximum(step.size, FLOOR)
        under_way.append(asked)
        before, in_force = in_force, under_way.popleft()
        sums.add(usage[t], in_force, before, t >= counted)
    return [sums.outcome(i, *setting, day=trace.day) for i, setting in enumerate(settings)]


def walk_rule(trace: Trace, margins: Sequence[float], dead_band: float = 0.1) -> list[Outcome]:
    """The simple rule to beat, for comparison in the same run: last hour or yesterday +-1 h, plus each of the margins."""
    n, width = trace.usage.shape
    hour = 3600 // trace.step
    reach = trace.day + 2 * hour + 1
    padded = np.concatenate([np.full((n, reach), NOTHING), np.nan_to_num(trace.usage, nan=NOTHING)], axis=1)
    every, peaks = Moments(reach, width), Peaks.of(padded.astype(np.float32), reach)
    yesterday = peaks.between(every, -trace.day - hour, -trace.day + hour + 1)
    base = np.maximum(peaks.between(every, -hour, 0), yesterday).astype(np.float64)
    base[base < 0] = np.nan
    asked = np.full((len(margins), n), np.nan)
    sums, counted = _Sums.nothing(len(margins), n), trace.first + trace.warm_up
    for t in range(1, width):
        want = base[:, t] * (1 + np.array(margins)[:, None])
        far = ~np.isfinite(asked) | (np.abs(want - asked) >= dead_band * asked)
        before, asked = asked, np.where(np.isfinite(want) & far, np.maximum(want, FLOOR), asked)
        sums.add(trace.usage[:, t].astype(np.float64), asked, before, t >= counted)
    return [sums.outcome(i, np.nan, np.inf, day=trace.day) for i in range(len(margins))]


@dataclass
class _Sums:
    unused: np.ndarray  # [settings, n], as the next ones
    given: np.ndarray
    short: np.ndarray
    missed: np.ndarray
    resizes: np.ndarray
    used: np.ndarray  # [n]
    steps: np.ndarray  # [n]

    @classmethod
    def nothing(cls, settings: int, n: int) -> _Sums:
        return cls(*(np.zeros((settings, n)) for _ in range(5)), np.zeros(n), np.zeros(n))

    def add(self, used: np.ndarray, given: np.ndarray, before: np.ndarray, counted: np.ndarray) -> None:
        seen = counted & np.isfinite(used) & np.isfinite(given[0])
        used, given = np.where(seen, used, 0.0), np.where(seen, given, 0.0)
        self.steps += seen
        self.used += used
        self.given += given
        self.unused += np.maximum(given - used, 0)
        self.missed += np.maximum(used - given, 0)
        self.short += used > given
        self.resizes += seen & (given != before) & np.isfinite(before)

    def outcome(self, setting: int, risk: float, budget: float, *, day: int) -> Outcome:
        some = self.steps > 0
        days = self.steps[some] / day
        unused, given, short, missed, resizes = (
            x[setting][some] for x in (self.unused, self.given, self.short, self.missed, self.resizes)
        )
        short = short / self.steps[some]
        return Outcome(
            risk=risk,
            budget=budget,
            slack=unused.sum() / given.sum(),
            macro=(unused / np.maximum(given, 1e-12)).mean(),
            short=short.mean(),
            short_p90=float(np.quantile(short, 0.9)),
            late_work=missed.sum() / self.used.sum(),
            resizes=resizes.sum() / days.sum(),
            resizes_p99=float(np.quantile(resizes / days, 0.99)),
        )


def matched(outcomes: Sequence[Outcome], level: float, figure: str = "slack") -> float:
    """A figure where exactly ``level`` of the time is short: linear in the level's logarithm, NaN outside the sweep."""
    ordered = sorted(outcomes, key=lambda o: o.short)
    x = np.log10([max(o.short, 1e-6) for o in ordered])
    at = np.log10(level)
    if not x[0] <= at <= x[-1]:
        return float("nan")
    return float(np.interp(at, x, [getattr(o, figure) for o in ordered]))
