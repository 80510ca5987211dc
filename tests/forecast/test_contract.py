"""What every forecaster in the registry keeps to. A new entry is tested here without a new line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import NOON, a_history, rows_of_names
from vpa_inplace.api.models import model_for
from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast import FORECASTERS, Forecaster, Outlook, knobs_of
from vpa_inplace.forecast import make_forecaster as bare_forecaster
from vpa_inplace.forecast.outlook import BLOCKS
from vpa_inplace.history import History
from vpa_inplace.history.history import HOUR

NAMES = sorted(FORECASTERS)
FOUR = rows_of_names("a", "b", "c", "d")
every_forecaster = pytest.mark.parametrize("name", NAMES)


def make_forecaster(name: str, knobs: Mapping[str, float] | None = None) -> Forecaster:
    """As users get it: with the model that comes with the program, where it needs one."""
    return bare_forecaster(name, knobs, model_for(name))


def foresee(forecaster: Forecaster, history: History) -> Outlook:
    history = history.until(history.end)  # eight days, and hours that are over
    return forecaster.foresee(history, forecaster.learn(history, None), np.full(len(history.rows), 0.01))


def a_wild_history(seed: int = 0, *, rows: Index = FOUR, days: float = 9.4) -> History:
    """Bursty usage with gaps and marks; the third row begins in the last hour, the fourth has no memory samples."""
    rng = np.random.default_rng(seed)
    width = int(days * 288)
    usage = np.stack([rng.lognormal(5, 1, (len(rows), width)), rng.lognormal(19, 1, (len(rows), width))])
    usage[rng.random(usage.shape) < 0.1] = np.nan
    usage[:, 2, :-5] = np.nan
    usage[Resource.MEMORY, 3] = np.nan
    usage[:, :2, -1] = 7.0  # a sample in the last hour for certain
    usage[:, 2, -2] = 7.0
    usage[Resource.CPU, 3, -3] = 7.0
    cpu, memory = usage
    history = a_history(rows, cpu=cpu, memory=memory, days=width / 288)
    return replace(history, censored=rng.random(history.usage.shape) < 0.01)


def an_empty_history(rows: Index = FOUR) -> History:
    return History.empty(rows, at=int(NOON.timestamp()))


HISTORIES = {
    "wild": a_wild_history(),
    "ten-minutes": a_history(FOUR, cpu=50, days=2 / 288),
    "one-hour": a_history(FOUR, cpu=50, days=1 / 24),
    "zero": a_history(FOUR, cpu=0, memory=0, days=2),
    "unknown": a_history(FOUR, cpu=np.nan, memory=np.nan),
    "no-column": an_empty_history(),
    "no-row": a_history(rows_of_names()),
    "hourly-steps": a_history(FOUR, days=2, step=3600),
    "minutes": a_history(FOUR, days=1, step=60),
}


@every_forecaster
@pytest.mark.parametrize("case", sorted(HISTORIES))
def test_shapes_types_and_order(name: str, case: str) -> None:
    history = HISTORIES[case]
    outlook, n = foresee(make_forecaster(name), history), len(history.rows)
    assert outlook.at == history.end
    assert (outlook.ceiling.shape, outlook.low.shape, outlook.high.shape) == ((2, n, BLOCKS), (2, n), (2, n))
    assert outlook.ceiling.dtype == outlook.low.dtype == outlook.high.dtype == outlook.confidence.dtype == np.float32
    assert outlook.confidence.shape == outlook.expert.shape == (n,)
    assert outlook.expert.dtype == np.uint8
    assert (outlook.expert < len(outlook.experts)).all()
    assert ((outlook.confidence >= 0) & (outlook.confidence <= 1)).all()
    known = np.isfinite(outlook.ceiling).all(axis=2)
    np.testing.assert_array_equal(known, np.isfinite(outlook.ceiling).any(axis=2))  # the whole day or nothing
    assert (outlook.ceiling[known] >= 0).all()
    now, highest = outlook.ceiling[known][:, 0], outlook.ceiling[known].max(axis=1, initial=0)
    assert (np.isnan(outlook.low[known]) | (outlook.low[known] <= now)).all()
    assert (outlook.high[known] >= highest).all()


@every_forecaster
@pytest.mark.parametrize("case", sorted(HISTORIES))
def test_nothing_is_known_exactly_where_there_was_nothing(name: str, case: str) -> None:
    history = HISTORIES[case]
    outlook = foresee(make_forecaster(name), history)
    per_hour = history.per_hour
    fresh = np.isfinite(history.usage[:, :, -per_hour:]).any(axis=2)
    never = ~np.isfinite(history.usage).any(axis=2)
    assert np.isfinite(outlook.ceiling[fresh]).all()
    for array in (outlook.ceiling, outlook.low, outlook.high):
        assert np.isnan(array[never]).all()
    assert not outlook.confidence[never.all(axis=0)].any()


@every_forecaster
def test_ten_minutes_are_enough_to_say_something_and_not_much(name: str) -> None:
    outlook = foresee(make_forecaster(name), HISTORIES["ten-minutes"])
    assert (outlook.ceiling[Resource.CPU] >= 50).all()
    assert (outlook.confidence < 0.01).all()  # 10 of 1440 minutes at most


@every_forecaster
@settings(max_examples=15)
@given(seed=st.integers(0, 99), column=st.integers(1, 9 * 288))
def test_the_future_changes_nothing(name: str, seed: int, column: int) -> None:
    history = a_wild_history(seed)
    now = history.start + column * history.step
    future = history.usage.copy()
    future[:, :, column:] = 1e9
    other = History.of(history.rows, start=history.start, step=history.step, usage=future, censored=history.censored)
    same(foresee(make_forecaster(name), history.until(now)), foresee(make_forecaster(name), other.until(now)))


@every_forecaster
def test_each_row_is_judged_by_itself(name: str) -> None:
    history = a_wild_history(1)
    whole = foresee(make_forecaster(name), history)
    shuffled = Index(tuple(history.rows.keys[i] for i in (2, 0, 3, 1)))
    with_silent = Index.of([*history.rows, *rows_of_names("aa", "z")])
    for rows in (shuffled, with_silent, *(Index((key,)) for key in history.rows)):
        there = [i for i, key in enumerate(rows) if key in history.rows]
        here = [row for key in rows if (row := history.rows.row(key)) is not None]
        same(picked(foresee(make_forecaster(name), history.on(rows)), there), picked(whole, here))


@every_forecaster
def test_learning_in_pieces_foresees_the_same(name: str) -> None:
    history, forecaster = a_wild_history(2), make_forecaster(name)
    beliefs = None
    past = history
    for column in (*range(0, 2000, 371), *range(2000, 2006), 2200):
        past = history.until(history.start + column * history.step)
        beliefs = forecaster.learn(past, beliefs)
    same(forecaster.foresee(past, beliefs, np.full(4, 0.01)), foresee(forecaster, past))


@every_forecaster
def test_learning_on_other_rows_foresees_the_same(name: str) -> None:
    history, forecaster = a_wild_history(3, days=5.2), make_forecaster(name)
    early = history.until(history.end - 3 * HOUR)
    beliefs = forecaster.learn(early.on(rows_of_names("b", "x", "d")), None)
    now = history.on(rows_of_names("a", "b", "c")).until(history.end)
    found = forecaster.foresee(now, forecaster.learn(now, beliefs), np.full(3, 0.01))
    same(found, foresee(forecaster, now))


@every_forecaster
def test_the_history_is_left_as_it_is(name: str) -> None:
    history, forecaster = a_wild_history(4), make_forecaster(name)
    for array in (history.usage, history.censored, history.hourly, history.born):
        array.setflags(write=False)  # writing into it would raise
    outlook = foresee(forecaster, history)
    for array in (outlook.ceiling, outlook.low, outlook.high):
        assert not np.shares_memory(array, history.usage)
        assert not np.shares_memory(array, history.hourly)


@every_forecaster
def test_it_is_known_by_its_name_and_its_knobs_are_numbers(name: str) -> None:
    forecaster = make_forecaster(name)
    assert forecaster.name == name
    assert isinstance(forecaster.uses_risk, bool)
    knobs = {knob: getattr(forecaster, knob) for knob in knobs_of(name)}
    assert all(isinstance(value, float) for value in knobs.values())
    assert make_forecaster(name, knobs) == forecaster
    with pytest.raises(FrozenInstanceError):
        setattr(forecaster, next(iter(knobs)), 1.0)
    with pytest.raises(UnknownName, match=f"knob of forecaster '{name}' 'colour'"):
        make_forecaster(name, {"colour": 1.0})
    with pytest.raises(UsageError, match=f"forecaster '{name}': "):
        make_forecaster(name, {"margin": -5.0})


@every_forecaster
def test_risk_matters_exactly_where_it_is_said_to(name: str) -> None:
    history, forecaster = a_wild_history(5, days=5.2), make_forecaster(name)
    beliefs = forecaster.learn(history, None)
    careful, bold = (forecaster.foresee(history, beliefs, np.full(4, risk)).ceiling for risk in (0.0001, 0.2))
    assert forecaster.uses_risk is not np.array_equal(careful, bold, equal_nan=True)


def test_a_forecaster_that_does_not_exist() -> None:
    with pytest.raises(UnknownName, match="did you mean 'recent'"):
        make_forecaster("resent")


def picked(outlook: Outlook, rows: list[int]) -> Outlook:
    return replace(
        outlook,
        ceiling=outlook.ceiling[:, rows],
        low=outlook.low[:, rows],
        high=outlook.high[:, rows],
        confidence=outlook.confidence[rows],
        expert=outlook.expert[rows],
    )


def same(one: Outlook, other: Outlook) -> None:
    assert (one.at, one.experts) == (other.at, other.experts)
    for name in ("ceiling", "low", "high", "confidence", "expert"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
