"""Back to the ceiling: what has less than it may need gets it, and nothing is taken away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.builders import MIB, NOON, WEB, a_container, a_pod
from vpa_inplace.act.restore import moves_back
from vpa_inplace.act.states import object_of
from vpa_inplace.api.objects.resize_state import Ceilings, StateSpec, WorkloadRef
from vpa_inplace.domain.amounts import Amounts

NOW = NOON.timestamp()
DAY = tuple(range(1000, 100, -37))[:24]  # falls from hour to hour


def a_state(cpu=DAY, memory=None, start=NOON):
    curves = Ceilings.model_validate({"start": start, "cpu": cpu, "memory": memory})
    return object_of(WEB, StateSpec(workload=WorkloadRef(kind=WEB.kind, name=WEB.name), ceilings={"app": curves}))


def raised(pod, state=None, now=NOW):
    return [(c.requests, c.limits) for move in moves_back([state or a_state()], [pod], now) for c in move.changes]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        pytest.param(a_container(cpu=200), [(Amounts(1000), Amounts())], id="less than the day's highest"),
        pytest.param(a_container(cpu=1000), [], id="as much"),
        pytest.param(a_container(cpu=2000), [], id="more is left alone"),
        pytest.param(a_container(cpu=None), [], id="no request is none to raise"),
        pytest.param(
            a_container(cpu=200, limits=Amounts(400)), [(Amounts(1000), Amounts(1000))], id="the limit must be higher"
        ),
        pytest.param(a_container(cpu=200, limits=Amounts(4000)), [(Amounts(1000), Amounts())], id="the limit holds it"),
        pytest.param(a_container("other", cpu=1), [], id="a container of which nothing is known"),
    ],
)
def test_what_is_raised(container, expected):
    assert raised(a_pod(container)) == expected


def test_a_guaranteed_pod_stays_one():
    both = Amounts(200, 512 * MIB)
    pod = a_pod(a_container(cpu=200, limits=both))
    assert raised(pod) == [(Amounts(1000), Amounts(1000))]


def test_only_the_hours_to_come_count():
    pod = a_pod(a_container(cpu=200))
    assert raised(pod, now=NOW + 5.5 * 3600) == [(Amounts(DAY[5]), Amounts())]


def test_a_curve_that_has_run_out_counts_whole():
    pod = a_pod(a_container(cpu=200))
    old = a_state(start=NOON - timedelta(days=3))
    assert raised(pod, old) == [(Amounts(DAY[0]), Amounts())]


def test_pods_that_are_over_or_of_others_are_left_alone():
    small = a_container(cpu=200)
    assert moves_back([a_state()], [a_pod(small, phase="Succeeded"), a_pod(small, terminating=True)], NOW) == []
    assert moves_back([], [a_pod(small)], NOW) == []
