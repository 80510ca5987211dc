"""Laws of the usage matrix: nothing of the future, nothing lost, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import NOON, a_history, rows_of_names
from vpa_inplace.history import History
from vpa_inplace.history.history import DETAIL, HOUR, HOURLY, NEVER, first_seen, hourly_maxima

ROWS = rows_of_names("a", "b")
START = int(NOON.timestamp())


def a_wild(width: int, seed: int = 0, *, start: int = START, step: int = 300) -> History:
    rng = np.random.default_rng(seed)
    usage = rng.random((2, 2, width)).astype(np.float32)
    usage[rng.random(usage.shape) < 0.3] = np.nan
    return History.of(ROWS, start=start, step=step, usage=usage, censored=rng.random(usage.shape) < 0.2)


def same(one: History, other: History) -> None:
    assert (one.rows, one.start, one.step, one.hour_start) == (other.rows, other.start, other.step, other.hour_start)
    for name in ("usage", "censored", "hourly", "born"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# ------------------------------------------------------------------------------------------------- until


@given(st.integers(0, 700), st.integers(-900, 700 * 300 + 900), st.integers(0, 99))
def test_until_knows_no_window_that_had_not_ended(width: int, seconds: int, seed: int) -> None:
    history, now = a_wild(width, seed), START + seconds
    past = history.until(now)
    assert past.end <= now
    assert not past.hourly.shape[2] or past.hour_start + past.hourly.shape[2] * HOUR <= now
    assert ((past.born <= now) | (past.born == NEVER)).all()


@given(st.integers(1, 700), st.integers(0, 700 * 300), st.integers(0, 99))
def test_what_comes_later_changes_nothing_before(width: int, seconds: int, seed: int) -> None:
    history, now = a_wild(width, seed), START + seconds
    ended = max(0, (now - START) // 300)
    future = history.usage.copy()
    future[:, :, ended:] = 1e9
    same(
        history.until(now), History.of(ROWS, start=START, step=300, usage=future, censored=history.censored).until(now)
    )


@given(st.integers(1, 700), st.integers(0, 300 * 700), st.integers(0, 300 * 700))
def test_until_twice_is_until_the_earlier(width: int, first: int, second: int) -> None:
    history = a_wild(width)
    twice = history.until(START + max(first, second)).until(START + min(first, second))
    same(twice, history.until(START + min(first, second)))


def test_until_keeps_eight_days_and_five_weeks() -> None:
    history = a_history(ROWS, days=40)
    past = history.until(NOON)
    assert past.usage.shape[2] * 300 == DETAIL
    assert past.hourly.shape[2] * HOUR == HOURLY


@pytest.mark.parametrize("days", [0, 20, 31, 32, 33, 40])
def test_until_a_time_of_which_only_the_hours_are_left(days: int) -> None:
    history = History.empty(ROWS, at=START)
    for day in range(40):
        history = history.append(np.full((2, 2, 288), day, np.float32), start=START + day * 86400)
    past = history.until(START + days * 86400 + 7)
    assert past.end == START + days * 86400
    assert past.usage.shape[2] == max(0, days - 32) * 288  # eight days of detail: from the 32nd on
    assert past.hourly.shape[2] == max(0, days - 5) * 24  # five weeks of hours: from the fifth on
    assert not past.hourly.shape[2] or past.hourly.max() == days - 1


def test_until_takes_a_datetime_as_well() -> None:
    history = a_wild(50)
    same(history.until(NOON + timedelta(hours=2)), history.until(START + 7200))


def test_until_gives_views() -> None:
    history = a_wild(600)
    assert np.shares_memory(history.until(START + 86400).usage, history.usage)


# ------------------------------------------------------------------------------------------------- append


@given(st.integers(0, 99), st.lists(st.integers(0, 400), min_size=1, max_size=5))
def test_appending_in_pieces_is_having_it_at_once(seed: int, pieces: list[int]) -> None:
    whole = a_wild(sum(pieces), seed)
    grown = History.empty(ROWS, at=START)
    at = 0
    for piece in pieces:
        block = slice(at, at + piece)
        grown = grown.append(whole.usage[:, :, block], start=START + at * 300, censored=whole.censored[:, :, block])
        at += piece
    end = whole.end
    for mine, theirs in (
        (grown.usage, whole.usage),
        (grown.censored & np.isfinite(grown.usage), whole.censored & np.isfinite(whole.usage)),
    ):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(grown.hourly, whole.hourly)
    np.testing.assert_array_equal(grown.born, whole.born)
    assert grown.end == end


def block(*values: float) -> np.ndarray:
    return np.broadcast_to(np.array(values, np.float32), (2, 2, len(values)))


@pytest.mark.parametrize(
    ("start", "values", "expected"),
    [
        pytest.param(3, (9.0,), [0, 1, 2, 9], id="joins"),
        pytest.param(5, (9.0,), [0, 1, 2, np.nan, np.nan, 9], id="leaves-a-hole"),
        pytest.param(1, (8.0, 9.0, 7.0), [0, 8, 9, 7], id="late-data-overwrites"),
        pytest.param(1, (np.nan, 9.0), [0, 1, 9], id="a-gap-overwrites-nothing"),
        pytest.param(-2, (8.0, 9.0), [8, 9, 0, 1, 2], id="older-data-goes-before"),
        pytest.param(3, (), [0, 1, 2], id="nothing"),
    ],
)
def test_append(start: int, values: tuple[float, ...], expected: list[float]) -> None:
    history = History.of(ROWS, start=START, step=300, usage=block(0, 1, 2))
    joined = history.append(block(*values), start=START + start * 300)
    np.testing.assert_array_equal(joined.usage[0, 0], np.array(expected, np.float32))
    np.testing.assert_array_equal(joined.born, first_seen(joined.usage, start=joined.start, step=300))


def test_append_keeps_eight_days_of_detail_and_five_weeks_of_hours() -> None:
    history = History.empty(ROWS, at=START)
    for day in range(40):
        history = history.append(np.full((2, 2, 288), day, np.float32), start=START + day * 86400)
    assert history.usage.shape[2] * 300 == DETAIL
    assert history.end - history.hour_start == HOURLY
    assert history.hourly[0, 0, 0] == 5  # the fifth day is the oldest of 35
    assert (history.born == START).all()  # what was seen is not forgotten with its samples


def test_more_than_the_detail_holds_leaves_its_hours() -> None:
    days = np.repeat(np.arange(40, dtype=np.float32), 288)
    at_once = History.empty(ROWS, at=START).append(np.broadcast_to(days, (2, 2, len(days))), start=START)
    by_day = History.empty(ROWS, at=START)
    for day in range(40):
        by_day = by_day.append(np.full((2, 2, 288), day, np.float32), start=START + day * 86400)
    same(at_once, by_day)


def test_late_data_may_raise_an_hour_and_never_lowers_it() -> None:
    history = History.of(ROWS, start=START, step=300, usage=block(5, 6))
    lower, higher = (history.append(block(value), start=START + 300) for value in (1.0, 9.0))
    assert lower.usage[0, 0].tolist() == [5, 1]
    assert (lower.hourly[0, 0, 0], higher.hourly[0, 0, 0]) == (6, 9)


@pytest.mark.parametrize(
    ("shape", "start"), [pytest.param((2, 3, 1), 0, id="other-rows"), pytest.param((2, 2, 1), 17, id="off-the-grid")]
)
def test_append_of_what_does_not_fit(shape: tuple[int, int, int], start: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        a_wild(3).append(np.zeros(shape, np.float32), start=START + start)


def test_append_leaves_the_old_history_alone() -> None:
    history = a_wild(20)
    before = history.usage.copy()
    history.append(block(*range(20)), start=START)
    np.testing.assert_array_equal(history.usage, before)


# ------------------------------------------------------------------------------------------------- hours, rows


@given(st.integers(0, 11), st.integers(0, 60), st.integers(0, 99))
def test_hours_are_the_maxima_of_their_steps(lead: int, width: int, seed: int) -> None:
    start = START + lead * 300
    history = a_wild(width, seed, start=start)
    for k in range(history.hourly.shape[2]):
        inside = [j for j in range(width) if (start + j * 300 - START) // HOUR == k]
        for resource in range(2):
            for row in range(2):
                known = [x for j in inside if not np.isnan(x := history.usage[resource, row, j])]
                expected = max(known) if known else np.nan
                np.testing.assert_equal(history.hourly[resource, row, k], expected)


def test_hours_of_nothing() -> None:
    assert hourly_maxima(np.empty((2, 2, 0), np.float32), start=0, step=300, hour_start=0).shape == (2, 2, 0)


def test_an_older_past_joins_the_hours() -> None:
    history = History.of(ROWS, start=START, step=300, usage=block(1, 2))
    longer = history.with_past(block(5, 6, 7), start=START - 3 * HOUR)
    assert longer.hourly[0, 0].tolist() == [5, 6, 7, 2]
    assert (longer.born == START - 3 * HOUR).all()
    assert longer.usage is history.usage


def test_an_older_past_that_overlaps_raises_and_never_lowers() -> None:
    history = History.of(ROWS, start=START, step=300, usage=block(4))
    assert history.with_past(block(9, 1), start=START - HOUR).hourly[0, 0].tolist() == [9, 4]


@pytest.mark.parametrize("start", [START - 300, START - 1])
def test_an_older_past_starts_with_an_hour(start: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        a_wild(3).with_past(block(1), start=start)


def test_other_rows() -> None:
    history = a_wild(30)
    moved = history.on(rows_of_names("b", "c"))
    np.testing.assert_array_equal(moved.usage[:, 0], history.usage[:, 1])
    assert np.isnan(moved.usage[:, 1]).all()
    assert (moved.born[:, 1] == NEVER).all()
    assert not moved.censored[:, 1].any()
    same(history.on(ROWS), history)
    same(moved.on(rows_of_names("b")).on(rows_of_names("b", "c")), moved)


@pytest.mark.parametrize(("start", "step"), [(START + 1, 300), (START, 7)])
def test_windows_stand_on_a_grid_that_divides_the_hour(start: int, step: int) -> None:
    with pytest.raises(ValueError, match="multiple of step"):
        History.of(ROWS, start=start, step=step, usage=block(1))


def test_an_empty_history_has_no_end_before_its_start() -> None:
    empty = History.empty(ROWS, at=START + 17)
    assert (empty.start, empty.end) == (START, START)
    assert replace(empty, rows=ROWS).until(START + 999).usage.shape == (2, 2, 0)
