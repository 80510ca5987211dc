"""The engine's outlook: the forecasters' contract where it applies, and what its ceilings are made of."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.forecast.test_contract import FOUR, HISTORIES, a_wild_history, picked
from tests.support.builders import a_history, rows_of_names
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.artefact import load
from vpa_inplace.forecast.boosted import Boosted
from vpa_inplace.forecast.outlook import BLOCKS, Outlook
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.history import History

SHIPPED = Path(__file__).parents[2] / "models" / "trees.npz"


@pytest.fixture(scope="module")
def boosted() -> Boosted:
    with SHIPPED.open("rb") as file:
        return Boosted(load(file).model)


def foresee(boosted: Boosted, history: History, risk: float = 0.01) -> Outlook:
    history = history.until(history.end)
    return boosted.foresee(history, boosted.learn(history, None), np.full(len(history.rows), risk))


@pytest.mark.parametrize("case", sorted(HISTORIES))
def test_shapes_and_order(boosted: Boosted, case: str) -> None:
    history = HISTORIES[case]
    outlook, n = foresee(boosted, history), len(history.rows)
    assert (outlook.ceiling.shape, outlook.low.shape, outlook.high.shape) == ((2, n, BLOCKS), (2, n), (2, n))
    assert outlook.ceiling.dtype == outlook.low.dtype == outlook.high.dtype == outlook.confidence.dtype == np.float32
    known = np.isfinite(outlook.ceiling).all(axis=2)
    np.testing.assert_array_equal(known, np.isfinite(outlook.ceiling).any(axis=2))
    assert (np.isnan(outlook.low[known]) | (outlook.low[known] <= outlook.ceiling[known][:, 0])).all()
    assert (outlook.high[known] >= outlook.ceiling[known].max(axis=1, initial=0)).all()
    never = ~np.isfinite(history.usage).any(axis=2)
    assert np.isnan(outlook.ceiling[never]).all()
    assert (outlook.expert < len(outlook.experts)).all()


def test_the_future_changes_nothing(boosted: Boosted) -> None:
    history = a_wild_history(3)
    now = history.start + 2000 * history.step
    future = history.usage.copy()
    future[:, :, 2000:] = 1e9
    other = History.of(history.rows, start=history.start, step=history.step, usage=future, censored=history.censored)
    one, two = (foresee(boosted, h.until(now)) for h in (history, other))
    np.testing.assert_array_equal(one.ceiling, two.ceiling)


def test_each_row_is_judged_by_itself(boosted: Boosted) -> None:
    history = a_wild_history(1)
    whole = foresee(boosted, history)
    for place, key in enumerate(FOUR):
        alone = foresee(boosted, history.on(Index((key,))))
        np.testing.assert_allclose(alone.ceiling, picked(whole, [place]).ceiling, rtol=1e-4)


def test_memory_keeps_the_simple_rule(boosted: Boosted) -> None:
    history = a_wild_history(2).until(a_wild_history(2).end)
    simple = Recent().foresee(history, None, np.full(4, 0.01))
    found = foresee(boosted, history)
    np.testing.assert_array_equal(found.ceiling[Resource.MEMORY], simple.ceiling[Resource.MEMORY])


def test_more_risk_never_a_higher_ceiling(boosted: Boosted) -> None:
    history = a_wild_history(4)
    ceilings = [foresee(boosted, history, risk).ceiling for risk in (0.0, 0.0005, 0.002, 0.01, 0.05, 1.0)]
    for careful, bold in pairwise(ceilings):
        assert (np.nan_to_num(bold) <= np.nan_to_num(careful)).all()


def test_a_daily_peak_is_foreseen_all_day_long(boosted: Boosted) -> None:
    """Half a core at all hours, two from 18:00 to 19:00; it is noon now."""
    hour = 12
    usage = np.full(8 * 24 * hour, 500.0)
    for day in range(8):
        usage[(day * 24 + 6) * hour : (day * 24 + 7) * hour] = 2000  # the history begins at noon
    outlook = foresee(boosted, a_history(rows_of_names("a"), cpu=usage, days=8))
    cpu = outlook.ceiling[Resource.CPU, 0]
    assert (cpu[6:8] >= 2000 * 1.15 * 0.999).all()  # the hour itself, and the one after it as it may come late
    assert (cpu[9:] < 700).all()
    assert (cpu[3:5] < 700).all()


def test_throttling_never_lowers_a_ceiling_of_the_next_hours(boosted: Boosted) -> None:
    history = a_history(rows_of_names("a"), cpu=np.random.default_rng(1).lognormal(5, 0.5, 8 * 288), days=8)
    marks = np.zeros(history.usage.shape, np.bool_)
    marks[Resource.CPU, 0, -3:] = True
    free, cut = (foresee(boosted, h).curves for h in (history, replace(history, censored=marks)))
    assert free is not None
    assert cut is not None
    assert cut.base[0] >= free.base[0]
