"""The few facts that guards read."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tests.support.builders import NOON, a_history, rows_of_names
from vpa_inplace.history import History, evidence_of

ONE = rows_of_names("a")
NOW = NOON.timestamp()
DAY = 288


def evidence(*cpu: float, lead: int = 0, later: float = 0.0) -> object:
    """Of these last samples (memory alike), ``lead`` older gaps before them, ``later`` seconds after the last window."""
    values = np.concatenate([np.full(lead, np.nan), np.array(cpu, float)])
    history = a_history(ONE, cpu=values, memory=values, days=len(values) / DAY)
    return evidence_of(history, NOW + later)


nan = np.nan


@pytest.mark.parametrize(
    ("samples", "lead", "newest", "age", "coverage", "recent"),
    [
        pytest.param((1, 2, 3), 0, 3, 0, 1, 3, id="whole"),
        pytest.param((9, 2, nan), 0, 2, 300, 2 / 3, 9, id="last-one-missing"),
        pytest.param((5,) * 13 + (nan,) * 13, 0, 5, 3900, 0.5, nan, id="silent-for-more-than-an-hour"),
        pytest.param((1, 1), 500, 1, 0, 1, 1, id="young-rows-are-measured-over-their-life"),
        pytest.param((7,) * 144 + (nan,) * 144, 0, 7, 144 * 300, 0.5, nan, id="half-a-day"),
        pytest.param((7,) * 288 + (nan,) * 288, 0, nan, np.inf, 0, nan, id="silent-for-a-day"),
        pytest.param((nan,) * 30, 0, nan, np.inf, 0, nan, id="never"),
        pytest.param((0, 0), 0, 0, 0, 1, 0, id="zero-is-a-sample"),
    ],
)
def test_of_one_row(
    samples: tuple[float, ...], lead: int, newest: float, age: float, coverage: float, recent: float
) -> None:
    found = evidence(*samples, lead=lead)
    for name, expected in (("newest", newest), ("age", age), ("coverage", coverage), ("recent_peak", recent)):
        np.testing.assert_allclose(getattr(found, name), [[expected], [expected]], err_msg=name)


def test_age_grows_while_nothing_comes() -> None:
    np.testing.assert_allclose(evidence(1.0, later=1234.0).age, 1234.0)  # type: ignore[attr-defined]


def test_peak_is_that_of_all_that_is_kept() -> None:
    cpu = np.full(10 * DAY, 3.0)
    cpu[5] = 80.0  # ten days ago: past the detail, within the hours
    history = a_history(ONE, cpu=cpu, days=10).until(NOON)
    found = evidence_of(history, NOW)
    assert found.peak[0, 0] == 80
    assert found.peak_age[0, 0] == 10 * 86400


def test_peak_includes_the_hour_that_is_not_over() -> None:
    cpu = np.full(DAY + 3, 3.0)
    cpu[-1] = 50.0
    now = NOON + timedelta(minutes=15)  # the hourly maxima end at 12:00, the peak comes at 12:10
    history = a_history(ONE, cpu=cpu, days=(DAY + 3) / DAY, end=now)
    assert evidence_of(history.until(now), now.timestamp()).peak[0, 0] == 50


def test_no_column_at_all() -> None:
    found = evidence_of(History.empty(ONE, at=int(NOW)), NOW)
    assert np.isnan(found.newest).all()
    assert np.isnan(found.peak).all()
    assert np.isinf(found.age).all()
    assert (found.coverage == 0).all()
    assert (found.fleet == 1).all()


@pytest.mark.parametrize(
    ("silent", "share"),
    [
        pytest.param(0, 1.0, id="all-there"),
        pytest.param(3, 0.7, id="three-of-ten-gone"),
        pytest.param(10, 0.0, id="all-gone"),
    ],
)
def test_a_fleet_that_falls_silent(silent: int, share: float) -> None:
    rows = rows_of_names(*(f"w{i}" for i in range(10)))
    cpu = np.full((10, 100), 5.0)
    cpu[:silent, -3:] = np.nan
    assert evidence_of(a_history(rows, cpu=cpu, days=100 / DAY), NOW).fleet[0] == pytest.approx(share)


def test_a_fleet_that_grows_is_not_silent() -> None:
    rows = rows_of_names("old", "new")
    cpu = np.full((2, 100), 5.0)
    cpu[0, :-2] = np.nan  # sorted: "new" is row 0, it came ten minutes ago
    assert evidence_of(a_history(rows, cpu=cpu, days=100 / DAY), NOW).fleet[0] >= 1
