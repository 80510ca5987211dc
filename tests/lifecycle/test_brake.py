"""How much harm is too much."""

from __future__ import annotations

import pytest

from tests.support.builders import WEB
from vpa_inplace.domain.attempts import Attempt, End, Ended
from vpa_inplace.domain.intent import Intent
from vpa_inplace.lifecycle.brake import Brake

HOUR = 3600.0


def ends(*which, at=0.0, intent=Intent.SHRINK):
    attempt = Attempt(workload=WEB, pod="web-1", uid="u", intent=intent, steps=(), began=0, since=0)
    return [Ended(attempt=attempt, end=end, at=at, reason="") for end in which]


def shrinks(good, bad, at=0.0):
    return ends(*[End.SETTLED] * good, *[End.REVERTED] * bad, at=at)


@pytest.mark.parametrize(
    ("good", "bad", "brakes"),
    [
        pytest.param(0, 0, False, id="nothing"),
        pytest.param(0, 9, False, id="all of nine: too few to tell"),
        pytest.param(7, 3, True, id="three of ten"),
        pytest.param(8, 2, False, id="two of ten"),
        pytest.param(15, 5, False, id="exactly a quarter"),
        pytest.param(14, 6, True, id="more"),
    ],
)
def test_when_it_brakes(good, bad, brakes):
    assert bool(Brake().after(shrinks(good, bad), 0.0).says) is brakes


def test_ends_are_counted_over_ticks_and_forgotten_after_the_window():
    brake = Brake().after(shrinks(7, 2), 0.0).after(shrinks(0, 1, at=600.0), 600.0)
    assert brake.says == "3 of the 10 shrinks that ended in the last 60 min had to be taken back, more than 25%"
    assert brake.after([], HOUR - 1).says
    assert not brake.after([], HOUR).says
    assert brake.after([], HOUR + 600).ends == ()


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(ends(*[End.REVERTED] * 20, intent=Intent.GROW), id="growth that was given up"),
        pytest.param(ends(*[End.OVERTAKEN] * 20), id="overtaken"),
        pytest.param(ends(*[End.POD_GONE] * 20), id="gone"),
        pytest.param(ends(*[End.APPLIED] * 20, intent=Intent.UNDO), id="the undos themselves"),
    ],
)
def test_what_says_nothing_of_harm(others):
    assert Brake().after(others, 0.0).ends == ()


def test_a_quiet_tick_changes_nothing():
    brake = Brake().after(shrinks(3, 1), 0.0)
    assert brake.after([], 60.0) is brake
