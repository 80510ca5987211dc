"""Up at once, down when waiting has cost a resize."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.builders import rows_of_names
from vpa_inplace.domain.dials import Dials
from vpa_inplace.plan.paced import Paced, paced
from vpa_inplace.recommend.priced import Targets

ONE = rows_of_names("a")
NAN = float("nan")


def step(
    asked: float,
    hold: float,
    *,
    early: float = 0.0,
    newest: float = 0.0,
    owed: float = 0.0,
    price: float = 0.5,
    cut_off: bool = False,
    may_shrink: bool = True,
    seconds: float = 300.0,
) -> Paced:
    dials = replace(Dials.new(ONE), owed=np.array([owed]), resize=np.log([price]))
    return paced(
        np.array([asked]),
        Targets(hold=np.array([hold], np.float32), early=np.array([early], np.float32)),
        dials,
        newest=np.array([newest]),
        cut_off=np.array([cut_off]),
        seconds=seconds,
        may_shrink=np.array([may_shrink]),
    )


@pytest.mark.parametrize(
    ("case", "size"),
    [
        pytest.param(step(100, 100), 100, id="as-it-should-be"),
        pytest.param(step(100, 150), 100, id="a-higher-target-alone-waits"),
        pytest.param(step(100, 150, early=101), 150, id="the-next-hour-needs-more"),
        pytest.param(step(100, 150, early=100), 100, id="the-next-hour-fits-exactly"),
        pytest.param(step(100, 80, newest=101), 101, id="demand-is-above"),
        pytest.param(step(100, 150, newest=101), 150, id="demand-is-above-and-the-target-too"),
        pytest.param(step(100, 80, newest=100), 100, id="demand-fits-exactly"),
        pytest.param(step(100, 80, newest=100, cut_off=True), 120, id="cut-off-demand-cannot-be-seen"),
        pytest.param(step(100, 80, newest=50, cut_off=True), 100, id="throttled-far-below-the-size"),
        pytest.param(step(100, 80, newest=180, cut_off=True), 180, id="what-is-seen-is-not-raised-twice"),
        # unused is half of the size: after an hour at a price of half an hour
        pytest.param(step(100, 50, seconds=3600), 50, id="waited-long-enough"),
        pytest.param(step(100, 50, seconds=3590), 100, id="not-yet"),
        pytest.param(step(100, 50, owed=0.5), 50, id="owed-from-before"),
        pytest.param(step(100, 50, owed=9, may_shrink=False), 100, id="no-budget-left"),
        pytest.param(step(100, 91, owed=9), 100, id="less-than-a-tenth-is-not-worth-it"),
        pytest.param(step(NAN, 70), 70, id="born-at-its-target"),
        pytest.param(step(NAN, 70, newest=90), 90, id="born-no-smaller-than-what-it-uses"),
        pytest.param(step(100, NAN, early=NAN, newest=NAN), 100, id="nothing-known-nothing-changed"),
        pytest.param(step(NAN, NAN, early=NAN, newest=NAN), NAN, id="never-seen"),
    ],
)
def test_one_tick(case: Paced, size: float) -> None:
    assert case.size[0] == pytest.approx(size, nan_ok=True, rel=1e-6)


@pytest.mark.parametrize(
    ("case", "owed"),
    [
        # a fifth of the size unused for 300 s is 1/60 of an hour of a whole size
        pytest.param(step(100, 80), 1 / 60, id="unused-room-adds-up"),
        pytest.param(step(100, 120, owed=0.1), 0.1 - 0.2 / 12, id="a-higher-target-pays-back"),
        pytest.param(step(100, 300, owed=0.1), 0, id="never-below-nothing"),
        pytest.param(step(100, 50, owed=9), 0, id="paid-by-a-shrink"),
        pytest.param(step(100, 150, early=101, owed=0.3), 0, id="paid-by-growth"),
        pytest.param(step(100, NAN, early=NAN, newest=NAN, owed=0.3), 0.3, id="nothing-known"),
    ],
)
def test_what_is_owed(case: Paced, owed: float) -> None:
    assert case.owed[0] == pytest.approx(owed, abs=1e-7)
    assert case.applied(Dials.new(ONE)).owed[0] == case.owed[0]
