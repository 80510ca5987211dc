"""Which sizes are shown, and for whom."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.drive.status.scenes import ACTING, a_decision, a_workload, in_force
from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, rows_of_names
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.policy import Policy
from vpa_inplace.drive.status import SHOW, PodSeries, Show
from vpa_inplace.drive.status.sizes import sizes_of
from vpa_inplace.history.history import HOUR

ALIKE = tuple(a_pod(in_force(500), name=f"web-{i}") for i in range(3))


def pods_shown(*pods, show=SHOW):
    return [labels[-1] for labels in sizes_of(a_decision(*pods), show)[1].labels]


def test_a_role_has_what_its_largest_pod_has():
    roles, _ = sizes_of(a_decision(a_pod(in_force(500), name="web-1"), a_pod(in_force(800), name="web-2")))
    assert roles.labels == (("shop", "Deployment", "web", "app"),)
    for name in ("desired", "allocated", "actual"):
        assert_array_equal(roles.amounts[name], [[800], [512 * MIB]], name)


def test_target_is_what_was_sized_and_unknown_is_nothing():
    decision = a_decision(ceiling=[[np.full(24, 300.0)], [np.full(24, np.nan)]])
    roles, _ = sizes_of(decision)
    # 300m within bounds and on the quantum of 1m; of memory nothing is forecast
    assert_array_equal(roles.amounts["target"], [[300], [np.nan]])


@pytest.mark.parametrize(
    ("age", "ceiling"),
    [
        pytest.param(0, 0.0, id="fresh"),
        pytest.param(HOUR - 1, 0.0, id="within-its-first-hour"),
        pytest.param(HOUR, 1.0, id="of-the-hour-before"),
        pytest.param(24 * HOUR, np.nan, id="a-day-old-says-nothing-of-now"),
        pytest.param(-1, np.nan, id="of-the-future"),
    ],
)
def test_the_ceiling_is_that_of_the_hour_that_is_now(age, ceiling):
    decision = a_decision(ceiling=np.arange(24.0), outlook_at=int(NOON.timestamp()) - age)
    assert_array_equal(sizes_of(decision)[0].amounts["ceiling"][0], [ceiling])


def test_a_role_without_a_live_pod_is_not_shown():
    history = a_history(rows_of_names("gone", "web"))
    decision = a_decision(a_pod(in_force()), history=history, policies={"gone": ACTING, "web": ACTING})
    assert [labels[2] for labels in sizes_of(decision)[0].labels] == ["web"]


def test_pods_that_are_as_they_should_be_have_no_series():
    assert pods_shown(*ALIKE) == []


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(in_force(500, allocated=Amounts(400, 512 * MIB)), id="kubelet-has-not-granted-it"),
        pytest.param(in_force(500, actual_requests=Amounts(400, 512 * MIB)), id="runtime-has-not-taken-it"),
        pytest.param(in_force(400), id="smaller-than-its-siblings"),
        pytest.param(in_force(500, MIB), id="memory-only"),
    ],
)
def test_a_pod_that_differs_has_series(odd):
    assert pods_shown(*ALIKE, a_pod(odd, name="odd")) == ["odd"]


def test_what_is_not_told_differs_from_nothing():
    """Before 1.33 no kubelet tells what it has allocated."""
    assert pods_shown(a_pod(a_container())) == []


def test_a_pods_series_say_who_thinks_what():
    odd = in_force(500, allocated=Amounts(400, 512 * MIB), actual_requests=Amounts(300, 512 * MIB))
    _, pods = sizes_of(a_decision(a_pod(odd)))
    assert pods.labels == (("shop", "Deployment", "web", "app", "web-1"),)
    assert {name: column[0].tolist() for name, column in pods.amounts.items()} == {
        "desired": [500],
        "allocated": [400],
        "actual": [300],
    }


@pytest.mark.parametrize(("pods", "shown"), [(PodSeries.NONE, 0), (PodSeries.DIFFERENT, 1), (PodSeries.ALL, 4)])
def test_how_many_pods_are_shown_can_be_chosen(pods: PodSeries, shown: int):
    assert len(pods_shown(*ALIKE, a_pod(in_force(400), name="odd"), show=Show(pods=pods))) == shown


def test_a_bound_leaves_out_what_is_not_acted_on_first_and_says_how_many():
    names = ("a", "b", "c", "d")
    pods = [a_pod(in_force(), name=f"{name}-1", workload=a_workload(name)) for name in names]
    policies = {name: ACTING if name in {"b", "d"} else Policy() for name in names}
    roles, shown = sizes_of(a_decision(*pods, policies=policies), Show(pods=PodSeries.ALL, most_roles=3, most_pods=1))
    assert [labels[2] for labels in roles.labels] == ["a", "b", "d"]  # in the order of the index
    assert (roles.left_out, roles.amounts["target"].shape) == (1, (2, 3))
    assert [labels[2] for labels in shown.labels] == ["b"]
    assert shown.left_out == 3
