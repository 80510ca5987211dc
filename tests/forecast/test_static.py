"""The week's maximum, whole hours and the running one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.builders import NOON, a_history, rows_of_names
from vpa_inplace.forecast.outlook import Outlook
from vpa_inplace.forecast.static import Static
from vpa_inplace.history import History

ONE = rows_of_names("w")
DAY = 288  # columns
WEEK = 7 * DAY


def foresee(history: History, static: Static | None = None) -> Outlook:
    return (static or Static()).foresee(history, None, np.array([0.01]))


@pytest.mark.parametrize(
    ("ago", "seen"),
    [
        pytest.param(1, True, id="newest"),
        pytest.param(6, True, id="running-hour"),
        pytest.param(WEEK, True, id="a-week-ago"),
        # the week is counted in whole hours: at half past, it reaches half an hour further back
        pytest.param(WEEK + 6, True, id="first-of-its-hour"),
        pytest.param(WEEK + 7, False, id="an-hour-too-old"),
        pytest.param(WEEK + DAY, False, id="eight-days-ago"),
    ],
)
def test_the_highest_of_a_week(ago: int, seen: bool) -> None:
    cpu = np.full(9 * DAY + 6, 100.0)
    cpu[-ago] = 1000.0
    history = a_history(ONE, cpu=cpu, days=9 + 6 / DAY, end=NOON.replace(minute=30))
    outlook = foresee(history.until(history.end))
    assert set(outlook.ceiling[0, 0].tolist()) == {np.float32(1150 if seen else 115)}


def test_bounds_and_confidence() -> None:
    outlook = foresee(a_history(ONE, cpu=100, days=3.5), Static(margin=0.5))
    assert (outlook.low[0, 0], outlook.ceiling[0, 0, 0], outlook.high[0, 0]) == (100, 150, 150)
    assert outlook.confidence[0] == 0.5  # half of a weekly cycle is known


def test_a_gap_is_not_zero() -> None:
    cpu = np.full(2 * DAY, np.nan)
    cpu[5] = 80.0
    assert foresee(a_history(ONE, cpu=cpu, days=2)).ceiling[0, 0, 0] == np.float32(92)


@pytest.mark.parametrize("margin", [-1, 100, float("nan")])
def test_a_margin_that_is_none(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        Static(margin=margin)
