"""What forecasts promised, and what came."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drive.status.scenes import an_outlook
from tests.support.builders import a_history, rows_of_names
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.status import Coverage
from vpa_inplace.drive.status.coverage import LATE
from vpa_inplace.history import History
from vpa_inplace.history.history import HOUR, STEP

AT = 1_767_225_600  # a whole hour
STEPS = HOUR // STEP  # 12
ONE = rows_of_names("web")


def usage(cpu, memory=0.0, *, rows=ONE, begin=AT + HOUR, censored=None, tail=LATE // STEP) -> History:
    """Usage of the judged hour, and some steps of zeros after it, since samples may be late."""
    shape = (len(rows), STEPS)
    hour = np.stack([np.broadcast_to(np.asarray(x, np.float32), shape) for x in (cpu, memory)])
    whole = np.concatenate([hour, np.zeros((2, len(rows), tail), np.float32)], axis=2)
    marks = None
    if censored is not None:
        marks = np.zeros(whole.shape, np.bool_)
        marks[0, :, :STEPS] = censored
    return History.of(rows, start=begin, step=STEP, usage=whole, censored=marks)


def published(ceiling=100.0, *, rows=ONE, policies=None, **more) -> Coverage:
    policies = Policies.uniform(Policy(), len(rows)) if policies is None else policies
    return Coverage().add(an_outlook(rows, ceiling, at=AT, **more), rows, policies)


def cpu_of(coverage: Coverage):
    (share,) = [share for share in coverage.shares() if share.resource is Resource.CPU]
    return share


def test_a_worked_hour():
    # nine steps of 80 stay below 100, three of 120 do not; asked 1200, used 720 + 360 = 1080
    share = cpu_of(published().observe(usage([80] * 9 + [120] * 3)))
    assert (share.steps, share.covered, share.ratio) == (12, 9, 0.75)
    assert share.over_ask == pytest.approx((1200 - 1080) / 1080)
    assert (share.profile, share.forecaster) == ("default", "recent")


def test_usage_at_the_ceiling_is_covered():
    assert cpu_of(published().observe(usage(100.0))).ratio == 1


def test_the_hour_ahead_is_judged_not_the_present_one():
    """Of the hour that was current nobody could learn anything: its ceiling of 1 is not looked at."""
    ahead = np.full(24, 1.0)
    ahead[1] = 100.0
    history = usage([50.0] * 12)
    assert cpu_of(published(ahead).observe(history)).ratio == 1


def test_gaps_and_missing_forecasts_are_not_counted():
    share = cpu_of(published().observe(usage([np.nan] * 5 + [50] * 7)))
    assert (share.steps, share.covered) == (7, 7)
    assert published(np.nan).observe(usage(50.0)).shares() == ()


def test_a_throttled_step_counts_against_a_forecast_and_never_for_it():
    throttled = np.array([True, True] + [False] * 10)
    share = cpu_of(published().observe(usage([50, 150] + [50] * 10, censored=throttled)))
    assert (share.steps, share.covered) == (11, 10)


@pytest.mark.parametrize(
    ("tail", "judged"),
    [
        pytest.param(LATE // STEP, True, id="late-samples-had-their-time"),
        pytest.param(LATE // STEP - 1, False, id="some-may-still-come"),
    ],
)
def test_an_hour_is_judged_when_its_samples_have_come(tail: int, judged: bool):
    assert bool(published().observe(usage(50.0, tail=tail)).shares()) is judged


def test_an_hour_is_judged_once():
    history = usage(50.0)
    once = published().observe(history)
    assert once.observe(history) is once


def test_rows_are_found_by_their_names():
    """When a row that came first in the index has gone, ours has moved; what went is not counted."""
    two = rows_of_names("gone", "web")
    policies = Policies.of([Policy(profile="batch"), Policy(profile="web")])
    promised = published([[[1.0], [100.0]], [[1.0], [100.0]]], rows=two, policies=policies)
    share = cpu_of(promised.observe(usage(50.0)))
    assert (share.profile, share.steps, share.covered) == ("web", 12, 12)


def test_groups_are_told_apart():
    rows = rows_of_names("a", "b", "c")
    policies = Policies.of([Policy(), Policy(profile="batch"), Policy()])
    promised = published(rows=rows, policies=policies, experts=("recent", "weekly"), expert=[0, 0, 1])
    found = promised.observe(usage([[50.0], [150.0], [150.0]], rows=rows)).shares()
    of_cpu = {(s.profile, s.forecaster): s.ratio for s in found if s.resource is Resource.CPU}
    assert of_cpu == {("batch", "recent"): 0.0, ("default", "recent"): 1.0, ("default", "weekly"): 0.0}


def test_a_promise_is_made_once_an_hour_however_often_it_is_told():
    coverage, policies = Coverage(), Policies.uniform(Policy(), 1)
    for minute in range(61):
        coverage = coverage.add(an_outlook(ONE, at=AT + 60 * minute), ONE, policies)
    assert [promise.begin - AT for promise in coverage.promises] == [HOUR, 2 * HOUR]


def test_only_the_last_day_counts():
    """30 hours, of which usage was above the ceiling in the first six and below it ever since."""
    coverage, policies = Coverage(), Policies.uniform(Policy(), 1)
    hours = 30
    cpu = np.repeat([150.0] * 6 + [50.0] * (hours - 6), STEPS)
    history = History.of(ONE, start=AT + HOUR, step=STEP, usage=np.stack([cpu[None], cpu[None]]).astype(np.float32))
    for hour in range(hours):
        coverage = coverage.add(an_outlook(ONE, at=AT + hour * HOUR), ONE, policies)
        coverage = coverage.observe(history.until(AT + hour * HOUR + LATE))
    coverage = coverage.observe(history)
    # the last hour's late samples are still waited for: hours 5 to 28 of 0 to 29 are the newest 24
    share = cpu_of(coverage)
    assert (share.steps, share.covered) == (24 * STEPS, 23 * STEPS)
    assert len(coverage.judged) == 24


def test_an_hour_that_is_not_in_the_history_any_more_is_let_go():
    coverage = published().observe(a_history(ONE, days=1))  # months later
    assert (coverage.promises, coverage.shares()) == ((), ())


@given(
    st.lists(st.sampled_from([np.nan, 50.0, 100.0, 150.0]), min_size=STEPS, max_size=STEPS),
    st.lists(st.booleans(), min_size=STEPS, max_size=STEPS),
)
def test_every_step_is_counted_by_the_same_rule(cpu, throttled):
    """Against the rule as it is written down, step by step."""
    counted = [x for x, t in zip(cpu, throttled, strict=True) if not np.isnan(x) and not (t and x <= 100)]
    shares = [s for s in published().observe(usage(cpu, censored=throttled)).shares() if s.resource is Resource.CPU]
    assert [(s.steps, s.covered) for s in shares] == (
        [(len(counted), sum(x <= 100 for x in counted))] if counted else []
    )
