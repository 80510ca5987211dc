"""What must not get slower than something else in the same run. Bounds are generous: a shared machine is no laboratory."""

from __future__ import annotations

import pytest

from tests.bench.bench_forecast import one_by_one, per_series
from tests.bench.bench_start import EAGER, HELP, start_time
from tests.bench.data import some_history
from tests.bench.figures import Figure, table, timed
from vpa_inplace.forecast import FORECASTERS, make_forecaster
from vpa_inplace.history import History, evidence_of


@pytest.fixture(scope="module")
def history() -> History:
    return some_history(1000)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORECASTERS)
def test_a_batch_is_quicker_than_a_loop_over_containers(name: str, history: History) -> None:
    """Law 2: data is a matrix. Measured: 11 to 36 times at 10,000 containers."""
    forecaster = make_forecaster(name)
    assert one_by_one(forecaster, history, rows=50) > 3 * per_series(forecaster, history, times=3)


@pytest.mark.slow
def test_new_samples_cost_less_than_the_whole_history(history: History) -> None:
    """A tick appends one step; building the history anew from its matrix is what it must not cost."""
    new = history.usage[:, :, -1:]
    appended = timed(lambda: history.append(new, start=history.end), 3)
    built = timed(
        lambda: History.of(history.rows, start=history.start, step=history.step, usage=history.usage.copy()), 3
    )
    assert appended < 2 * built


@pytest.mark.slow
def test_evidence_costs_less_than_a_forecast_from_nothing(history: History) -> None:
    evidence = timed(lambda: evidence_of(history, history.end), 3)
    assert evidence < 1000 * per_series(make_forecaster("vpa"), history, times=1)


@pytest.mark.slow
def test_help_does_not_wait_for_what_it_does_not_need() -> None:
    """Heavy imports are lazy: help takes a fraction of importing everything that some command needs."""
    assert start_time(HELP, 3) < 0.5 * start_time(EAGER, 1)


def test_the_table_says_which_budget_is_not_kept() -> None:
    lines = table(
        [
            Figure(what="quick", measured=0.1, unit="s", budget=0.4),
            Figure(what="slow", measured=3.0, unit="s", budget=2.0),
            Figure(what="ratio", measured=5.0, unit="", budget=6.0, least=True),
            Figure(what="free", measured=7.0, unit="MB", note="no budget"),
        ]
    ).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["quick", "0.1", "s", "<=", "0.4", "s", "0.25", "ok"],
        ["slow", "3", "s", "<=", "2", "s", "1.50", "OVER"],
        ["ratio", "5", ">=", "6", "0.83", "UNDER"],
        ["free", "7", "MB", "-", "-", "no", "budget"],
    ]
