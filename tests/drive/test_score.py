"""The scoreboard's figures, worked out by hand on a few windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drive.tables import MIB, a_day_of_waves, a_table
from vpa_inplace.api.config import Config
from vpa_inplace.domain.policy import Policy
from vpa_inplace.drive.decisions import Usage, usage_of
from vpa_inplace.drive.replay import floorless
from vpa_inplace.drive.score import (
    Entrant,
    Outcome,
    counted_windows,
    hindsight,
    score,
    scoreboard,
    usual_entrants,
    usual_warm_up,
)
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.observe.source import Progress

NONE = timedelta(0)
STEP = 300
A_DAY = 288  # windows


def an_outcome(cpu: list[list[float]], memory: list[list[float]], killed: list[tuple[int, int]] = ()) -> Outcome:  # type: ignore[assignment]
    in_force = np.array([cpu, memory], float)
    kills = np.zeros(in_force.shape[1:], np.bool_)
    for row, column in killed:
        kills[row, column] = True
    return Outcome(in_force=in_force, killed=kills)


def everything(usage: Usage) -> np.ndarray:
    return counted_windows(usage, NONE)


def test_figures_by_hand() -> None:
    usage = usage_of(
        a_table(
            {"a": [0.5, 1.0, 3.0, 1.0], "b": [1.0, 1.0, 1.0, 1.0]},
            memory={"a": [100 * MIB] * 4, "b": [50 * MIB, 50 * MIB, 50 * MIB, np.nan]},
        )
    )
    outcome = an_outcome(
        [[np.nan, 2000, 2000, 2000], [1000, 2000, 2000, 1000]],
        [[np.nan, 200 * MIB, 200 * MIB, 200 * MIB], [100 * MIB, 100 * MIB, 100 * MIB, 100 * MIB]],
        killed=[(0, 2)],
    )
    result = score("x", outcome, usage, everything(usage))
    # CPU given: a 3 x 2 (its first window has no pod), b 1 + 2 + 2 + 1; unused: a 1 + 0 + 1, b 0 + 1 + 1 + 0
    assert result.cpu_slack == pytest.approx(4 / 12)
    # a falls short in one of three windows, b never; containers count alike
    assert result.violation_time == pytest.approx((1 / 3 + 0) / 2)
    # a's third window misses 1 core of the 3; work is a 1 + 3 + 1, b 4
    assert result.throttled_work == pytest.approx(1 / 9)
    # memory given: a 600, b 300 (no usage in its last window); unused 300 and 150
    assert result.memory_slack == pytest.approx(450 / 900)
    # b grows and shrinks: 2 resizes in 3 + 4 windows
    assert result.resizes_per_day == pytest.approx(2 / (7 / A_DAY))
    # one kill in 3 + 3 windows with known memory
    assert result.oom_per_day == pytest.approx(1 / (6 / A_DAY))
    assert not result.bound


def test_what_was_not_used_is_not_measured() -> None:
    usage = usage_of(a_table({"a": [1.0, 1.0]}))
    result = score("x", an_outcome([[1000, 1000]], [[np.nan, np.nan]]), usage, everything(usage))
    assert (result.memory_slack, result.oom_per_day) == (None, None)
    assert result.cpu_slack == 0.0


def test_nothing_counted_is_no_figure() -> None:
    usage = usage_of(a_table({"a": [1.0, 1.0]}))
    result = score(
        "x", an_outcome([[1000, 1000]], [[np.nan, np.nan]]), usage, counted_windows(usage, timedelta(days=1))
    )
    assert (result.cpu_slack, result.violation_time, result.resizes_per_day) == (None, None, None)


def test_warm_up_counts_from_each_containers_own_first_window() -> None:
    usage = replace(usage_of(a_table({"a": [1.0] * 4, "b": [1.0] * 4})), first=np.array([0, 2]), stop=np.array([3, 4]))
    counted = counted_windows(usage, timedelta(seconds=STEP))
    assert counted.astype(int).tolist() == [[0, 1, 1, 0], [0, 0, 0, 1]]


def test_a_change_that_is_counted_may_begin_before_what_is_counted() -> None:
    usage = usage_of(a_table({"a": [1.0] * 4}))
    counted = counted_windows(usage, timedelta(seconds=2 * STEP))
    changes = [
        score("x", an_outcome([sizes], [[np.nan] * 4]), usage, counted).resizes_per_day
        for sizes in ([1000, 2000, 2000, 2000], [1000, 1000, 2000, 2000])
    ]
    # two windows count; the size changes at the second window (before them) or at the third (the first of them)
    assert changes == [0.0, pytest.approx(1 / (2 / A_DAY))]


@pytest.mark.parametrize(("days", "expected"), [(8, 3), (20, 3), (21, 14), (62, 14)])
def test_usual_warm_up(days: int, expected: int) -> None:
    assert usual_warm_up(usage_of(a_table({"a": np.ones(days * A_DAY)}))) == timedelta(days=expected)


def test_hindsight_is_the_maximum_of_each_running_window() -> None:
    usage = usage_of(a_table({"a": [1.0, 3.0, 2.0, np.nan, 5.0]}))
    np.testing.assert_array_equal(
        hindsight(usage, timedelta(seconds=2 * STEP)).in_force[0], [[3000, 3000, 2000, 2000, 5000]]
    )


@given(st.lists(st.floats(0.0625, 64, width=32), min_size=2, max_size=60), st.sampled_from([1, 2, 3, 12]))
def test_hindsight_never_falls_short(cpu: list[float], windows: int) -> None:
    usage = usage_of(a_table({"a": cpu}))
    result = score("o", hindsight(usage, timedelta(seconds=windows * STEP)), usage, everything(usage))
    assert result.violation_time == 0
    assert result.throttled_work == 0


def test_a_longer_hindsight_wastes_more() -> None:
    usage = usage_of(a_table({"a": a_day_of_waves(days=4, peak=2.0, seed=3)}))
    slack = [
        score("o", hindsight(usage, timedelta(hours=h)), usage, everything(usage)).cpu_slack for h in (1, 3, 12, 24)
    ]
    assert slack == sorted(slack)  # type: ignore[type-var]


def test_the_board_has_every_entrant_and_the_oracles_last() -> None:
    cpu = {n: a_day_of_waves(days=5, peak=2.0, seed=n) for n in range(2)}
    usage = usage_of(a_table(cpu, memory={n: 200 * MIB * (1 + x) for n, x in cpu.items()}))
    free = floorless(replace(Policy(), max_resizes_per_day=None))
    told: list[Progress] = []
    entrants = [
        Entrant(name="free", forecaster=Recent(), policy=free),
        Entrant(name="bound", forecaster=Recent(), policy=replace(free, max_resizes_per_day=4.0)),
    ]
    scores = scoreboard(usage, entrants, report=told.append)
    assert [s.name for s in scores] == ["free", "bound", "oracle 1 h, hindsight", "oracle 3 h, hindsight"]
    assert [s.bound for s in scores] == [False, False, True, True]
    free_score, bound_score, hour, _ = scores
    assert bound_score.resizes_per_day < free_score.resizes_per_day  # type: ignore[operator]
    assert hour.cpu_slack < free_score.cpu_slack <= bound_score.cpu_slack  # type: ignore[operator]
    assert {p.phase for p in told} == {"free", "bound"}


def test_a_history_will_do() -> None:
    usage = usage_of(a_table({"a": a_day_of_waves(days=4, peak=2.0, seed=5)}))
    entrants = [Entrant(name="free", forecaster=Recent(), policy=floorless(Policy()))]
    assert scoreboard(usage.history, entrants) == scoreboard(usage, entrants)


def test_the_usual_entrants_differ_in_what_their_names_say() -> None:
    upstream, simple, ours, static = usual_entrants(Config())
    assert [e.forecaster.name for e in (upstream, simple, ours, static)] == ["vpa", "recent", "recent", "static"]
    assert [e.policy.max_resizes_per_day for e in (upstream, simple, ours, static)] == [None, None, 8.0, None]
    assert [e.policy.memory.peak_margin for e in (upstream, simple, ours, static)] == [None, None, 0.15, None]
    assert all(e.policy.allow_memory_limit_decrease for e in (upstream, simple, ours, static))
