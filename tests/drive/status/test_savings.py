"""Two figures that are never mixed: peaks that do not fall together, and room held over time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from tests.drive.status.scenes import ACTING, a_decision, a_workload, in_force
from tests.support.builders import MIB, a_container, a_history, a_pod, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.policy import CPU_RULE, Policy, UpdateMode
from vpa_inplace.drive.status.savings import peaks_of, reserved_by

WIDE = Policy(
    update_mode=UpdateMode.IN_PLACE,
    cpu=replace(CPU_RULE, min_allowed=None),
    memory=replace(ACTING.memory, min_allowed=None),
)


def two_pods(**more):
    return tuple(
        a_pod(in_force(), name=name, workload=a_workload(name), node=node, **more)
        for name, node in (("day", "node-1"), ("night", "node-2"))
    )


def rhythm(day_peak: int, night_peak: int) -> np.ndarray:
    """[1, 2, 24] ceilings of a pod that works in hour 3 and of one that works in hour 20; 100 otherwise."""
    ceiling = np.full((1, 2, 24), 100.0)
    ceiling[0, 0, 3], ceiling[0, 1, 20] = day_peak, night_peak
    return ceiling


def test_peaks_that_do_not_fall_together():
    peaks = peaks_of(a_decision(*two_pods(), ceiling=rhythm(900, 500), policies=WIDE))
    assert_array_equal(peaks.together, [1000, 1000])  # 900 + 100 in hour 3
    assert_array_equal(peaks.alone, [1400, 1400])  # 900 + 500
    assert {node: peak.tolist() for node, peak in peaks.by_node.items()} == {"node-1": [900, 900], "node-2": [500, 500]}


def test_what_is_not_forecast_counts_with_its_request():
    peaks = peaks_of(a_decision(a_pod(in_force(700)), ceiling=np.nan))
    assert_array_equal(peaks.together, [700, 512 * MIB])


def test_nothing_counts_with_more_than_it_may_have_or_less_than_it_must():
    capped = replace(WIDE, cpu=replace(CPU_RULE, min_allowed=200, max_allowed=600))
    peaks = peaks_of(a_decision(*two_pods(), ceiling=rhythm(900, 500), policies=capped))
    assert peaks.together[0] == 800  # 600 + 200 in hour 3
    assert peaks.alone[0] == 1100  # 600 + 500


def test_a_pod_without_a_node_is_the_fleets_only():
    peaks = peaks_of(a_decision(a_pod(in_force(), node=None), policies=WIDE))
    assert peaks.together[0] == 100
    assert dict(peaks.by_node) == {}


def test_no_pods_no_peaks():
    rows = rows_of([a_pod()])
    decision = a_decision(a_pod(phase="Running"), history=a_history(rows))
    empty = replace(decision.snapshot, pods=(), slots=type(decision.snapshot.slots).of((), rows))
    assert peaks_of(replace(decision, snapshot=empty)).together.tolist() == [0, 0]


@given(arrays(np.float32, (2, 2, 24), elements=st.floats(1, 1000, width=32)))
def test_together_is_at_least_the_highest_and_at_most_the_sum_of_all(ceiling):
    peaks = peaks_of(a_decision(*two_pods(), ceiling=ceiling, policies=WIDE))
    assert (peaks.together <= peaks.alone * (1 + 1e-6)).all()
    assert (peaks.together >= ceiling.max(axis=(1, 2)) * (1 - 1e-6)).all()


def reserved(*containers, policy=ACTING, cpu=400.0):
    pod = a_pod(*containers)
    history = a_history(rows_of([pod]), cpu, 100.0 * MIB)
    return reserved_by(a_decision(pod, policies=policy, history=history))


def test_held_against_the_highest_on_record_plus_the_margin_of_careful_people():
    found = reserved(in_force(500))
    assert_allclose(found.now, [500, 512 * MIB])
    assert_allclose(found.static, [460, 115 * MIB], rtol=1e-6)  # 400 and 100 Mi, + 15 %


@pytest.mark.parametrize(
    ("container", "held"),
    [
        pytest.param(in_force(500, allocated=Amounts(700)), 700, id="allocated-counts-not-desired"),
        pytest.param(a_container(cpu=500), 500, id="before-1.33-only-the-spec-tells"),
        pytest.param(a_container(cpu=None, memory=1), 0, id="no-request-reserves-nothing"),
    ],
)
def test_what_is_held(container, held):
    assert reserved(container).now[0] == held


def test_a_container_without_a_request_is_on_neither_side():
    assert reserved(a_container(cpu=None, memory=1)).static[0] == 0


def test_a_container_without_usage_is_on_neither_side():
    assert_array_equal(reserved(in_force(500), cpu=np.nan).now[0], 0)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(Policy(update_mode=UpdateMode.OFF), id="only-recommended"),
        pytest.param(Policy(update_mode=UpdateMode.INITIAL), id="only-at-birth"),
        pytest.param(replace(ACTING, cpu=replace(CPU_RULE, controlled=False)), id="cpu-not-controlled"),
    ],
)
def test_what_we_do_not_resize_is_no_merit_of_ours(policy):
    found = reserved(in_force(500), policy=policy)
    assert (found.now[0], found.static[0]) == (0, 0)
