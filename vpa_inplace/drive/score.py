"""Forecasters side by side on the same past: what each left unused, where each fell short, how often it resized.

Usage above the CPU in force is a violated window, its excess is late work; usage above the memory in force is an OOM
kill. Warm-up is lived through but not counted. The figures follow the protocol of published comparisons of autoscalers
(total slack, share of violated time, OOM kills per container-day), so that they can be put beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.api.config import Config
from vpa_inplace.api.policies import Overrides, default_policy, forecaster_of
from vpa_inplace.api.profiles import DEFAULT
from vpa_inplace.domain.policy import Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.decisions import Usage
from vpa_inplace.drive.replay import giving_back, replay
from vpa_inplace.forecast import Forecaster, make_forecaster
from vpa_inplace.history import History
from vpa_inplace.history.history import DAY
from vpa_inplace.observe.source import Progress, Report, silent
from vpa_inplace.report.scoreboard import Score

Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

HINDSIGHT: Final = (timedelta(hours=1), timedelta(hours=3))
"""Windows of the oracles: about as many resizes a day as the simple rule makes, and as the usual budget of eight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """One line of the scoreboard before the race."""

    name: str
    forecaster: Forecaster
    policy: Policy
    delay: int = 0  # steps until a decision is in force


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What n containers had in t windows, and in which of them memory ran out."""

    in_force: Float  # [2, n, t] millicores and bytes, NaN without a pod
    killed: Mask  # [n, t]


def scoreboard(
    usage: Usage | History,
    entrants: Sequence[Entrant],
    *,
    warm_up: timedelta | None = None,
    oracles: Sequence[timedelta] = HINDSIGHT,
    report: Report = silent,
) -> list[Score]:
    """Replay every entrant, then let the oracles show what hindsight would have done; scores in that order.

    Args:
        usage: what happened.
        entrants: who competes.
        warm_up: time from each container's first sample that is not counted; 14 days where the median container has
            21 days or more, else 3.
        oracles: for each, the true maximum of every running window of that length; they do not compete.
        report: told of the progress of each entrant, whose name is the phase.
    """
    usage = Usage.of(usage) if isinstance(usage, History) else usage
    counted = counted_windows(usage, usual_warm_up(usage) if warm_up is None else warm_up)
    scores = []
    for entrant in entrants:
        seen = _under(entrant.name, report)
        ran = replay(usage, entrant.forecaster, entrant.policy, delay=entrant.delay, report=seen)
        scores.append(score(entrant.name, Outcome(in_force=ran.in_force, killed=ran.killed), usage, counted))
    for window in oracles:
        hours = window / timedelta(hours=1)
        bound = score(f"oracle {hours:g} h, hindsight", hindsight(usage, window), usage, counted)
        scores.append(replace(bound, bound=True))
    return scores


def usual_entrants(config: Config) -> list[Entrant]:
    """Those whom people compare with, each as its own friends would set it up, and ours as it is built in.

    * VPA: upstream's histogram, margin and floors; no budget.
    * simple rule: the last hour or yesterday plus 15 %, resized as often as it likes, memory too.
    * vpa-inplace: the default profile, which is the simple rule within a budget, with memory held at its peak.
    * static: the highest usage of a week plus 15 %.

    Memory may fall for all of them: the simulated pods are Guaranteed.
    """
    ours = giving_back(default_policy(config, Overrides(profile=DEFAULT)))
    upstream = giving_back(default_policy(config, Overrides(profile="vpa")))
    free = replace(ours, max_resizes_per_day=None, memory=replace(ours.memory, peak_margin=None))
    return [
        Entrant(name="VPA", forecaster=forecaster_of(config, Overrides(profile="vpa")), policy=upstream),
        Entrant(name="simple rule", forecaster=make_forecaster("recent"), policy=free),
        Entrant(name="vpa-inplace", forecaster=forecaster_of(config, Overrides(profile=DEFAULT)), policy=ours),
        Entrant(name="static", forecaster=make_forecaster("static"), policy=free),
    ]


def score(name: str, outcome: Outcome, usage: Usage, counted: Mask) -> Score:
    """The figures of one outcome over the windows [n, t] that count. ``None`` where a resource was not used at all."""
    used = usage.history.usage.astype(np.float64)
    seen = counted & np.isfinite(used) & np.isfinite(outcome.in_force)  # [2, n, t]
    cpu, memory = (_sums(used[r], outcome.in_force[r], seen[r]) for r in Resource)
    days = seen.any(axis=0).sum() * usage.history.step / DAY  # container-days
    memory_days = seen[Resource.MEMORY].sum() * usage.history.step / DAY
    killed = (outcome.killed & seen[Resource.MEMORY]).sum()
    resized = (_resized(outcome.in_force) & seen.any(axis=0)).sum()
    return Score(
        name=name,
        cpu_slack=_share(cpu.unused, cpu.given),
        violation_time=cpu.short_time,
        throttled_work=_share(cpu.missed, cpu.used),
        resizes_per_day=_share(resized, days),
        memory_slack=_share(memory.unused, memory.given),
        oom_per_day=_share(killed, memory_days),
    )


def hindsight(usage: Usage, window: timedelta) -> Outcome:
    """The least that a size can be that stays the same for each whole ``window`` and is never too small.

    Windows are counted from each container's first sample, as the containers' own days are.
    """
    history = usage.history
    length = int(window.total_seconds()) // history.step
    in_force = np.full(history.usage.shape, np.nan)
    for row, (first, stop) in enumerate(zip(usage.first, usage.stop, strict=True)):
        for begin in range(int(first), int(stop), length):
            part = slice(begin, min(begin + length, int(stop)))
            peak = np.fmax.reduce(history.usage[:, row, part], axis=1)
            in_force[:, row, part] = peak[:, None]
    return Outcome(in_force=in_force, killed=np.zeros(in_force.shape[1:], np.bool_))


def usual_warm_up(usage: Usage) -> timedelta:
    """Two weekly cycles where there is enough left to judge, else three days."""
    days = float(np.median(usage.stop - usage.first)) * usage.history.step / DAY
    return timedelta(days=14 if days >= 21 else 3)


def counted_windows(usage: Usage, warm_up: timedelta) -> Mask:
    """[n, t] the windows of each container after its own warm-up."""
    column = np.arange(usage.history.usage.shape[2])
    begin = usage.first + int(warm_up.total_seconds()) // usage.history.step
    counted: Mask = (column >= begin[:, None]) & (column < usage.stop[:, None])
    return counted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    used: float
    given: float
    unused: float
    missed: float
    short_time: float | None  # mean over containers of the share of windows that fell short


def _sums(used: Float, given: Float, seen: Mask) -> _Sums:
    used, given = np.where(seen, used, 0.0), np.where(seen, given, 0.0)
    windows = seen.sum(axis=1)
    some = windows > 0
    short = (used > given).sum(axis=1)
    return _Sums(
        used=float(used.sum()),
        given=float(given.sum()),
        unused=float(np.maximum(given - used, 0).sum()),
        missed=float(np.maximum(used - given, 0).sum()),
        short_time=float((short[some] / windows[some]).mean()) if some.any() else None,
    )


def _resized(in_force: Float) -> Mask:
    """[n, t] windows that begin with another size than the window before had; being born is no resize."""
    changed = np.zeros(in_force.shape[1:], np.bool_)
    before, after = in_force[:, :, :-1], in_force[:, :, 1:]
    changed[:, 1:] = ((before != after) & np.isfinite(before) & np.isfinite(after)).any(axis=0)
    return changed


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _under(name: str, report: Report) -> Report:
    return lambda progress: report(Progress(name, progress.done, progress.total, progress.detail))
