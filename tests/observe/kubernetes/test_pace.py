"""Pauses between tries: how long at most, at least, and that they come to an end."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.observe.kubernetes.pace import PACE, Pace, Pauses

dice = st.floats(0, 1, exclude_max=True)


def pauses(at: float = 0.0, pace: Pace = PACE) -> Pauses:
    return Pauses(pace, lambda: at)


def test_failures_double_up_to_half_a_minute() -> None:
    # the lower end of each: half of 0.5, 1, 2, ... capped at 30
    told = pauses(0.0)
    assert [told.after_failure() for _ in range(9)] == [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15]


def test_a_thousand_failures_are_no_number_too_large() -> None:
    told = pauses(0.0)
    for _ in range(1000):
        told.after_failure()
    assert told.after_failure() == 15


@given(st.integers(0, 50), dice)
def test_from_half_to_all_of_what_is_longest(failures: int, at: float) -> None:
    told = pauses(at)
    for _ in range(failures):
        told.after_failure()
    longest = min(30.0, 0.5 * 2**failures)
    assert longest / 2 <= told.after_failure() <= longest


@given(dice)
def test_success_is_where_it_begins_again(at: float) -> None:
    told = pauses(at)
    for _ in range(8):
        told.after_failure()
        told.after_expiry()
    told.after_success(300)
    assert told.after_failure() <= 0.5
    assert told.after_expiry() <= 0.5


def test_expiry_is_counted_apart() -> None:
    """A server that was away for long is listed from at once when it is back and has forgotten the version."""
    told = pauses(0.0)
    for _ in range(8):
        told.after_failure()
    assert told.after_expiry() == 0.25


@pytest.mark.parametrize(
    ("retry_after", "at", "expected"),
    [
        pytest.param(7.0, 0.0, 7.0, id="what-the-server-says"),
        pytest.param(10.0, 0.5, 10.5, id="a-little-more-so-that-not-all-come-at-once"),  # 10 x (1 + 0.05)
        pytest.param(0.1, 0.0, 0.25, id="never-less-than-ours"),
    ],
)
def test_the_server_may_ask_for_more(retry_after: float, at: float, expected: float) -> None:
    assert pauses(at).after_failure(retry_after) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lasted", "expected"),
    [
        pytest.param(300.0, 0.0, id="long-enough"),
        pytest.param(0.25, 0.75, id="so-that-watches-begin-a-second-apart"),  # 1 - 0.25 at the middle of the dice
    ],
)
def test_after_success(lasted: float, expected: float) -> None:
    assert pauses(0.5).after_success(lasted) == pytest.approx(expected)


@given(dice)
def test_a_watch_lasts_five_minutes_give_or_take_one(at: float) -> None:
    assert 240 <= pauses(at).watch() <= 360


def test_a_watch_lasts_a_second_at_least() -> None:
    """timeoutSeconds=0 would mean: as long as the server likes."""
    assert pauses(0.0, Pace(watch=0.1)).watch() == 1


def test_pauses_differ() -> None:
    numbers = itertools.cycle([0.1, 0.7, 0.4])
    told = Pauses(PACE, lambda: next(numbers))
    assert len({told.slow() for _ in range(3)}) == 3
