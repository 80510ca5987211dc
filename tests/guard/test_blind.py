"""Kinds that may not be listed hold back what is not urgent, and name the right that is missing."""

from __future__ import annotations

import pytest

from tests.guard.builders import GROW, RESCUE, SHRINK, UNDO, a_move, a_world
from tests.support.builders import a_pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.guard import judge
from vpa_inplace.guard.blind import NotObserved

POLICIES = Policies.uniform(Policy(), 1)


def reasons(intent, unseen):
    pod = a_pod()
    refusals = judge(a_move(pod, intent), a_world(pod, unseen=unseen), POLICIES, (NotObserved(),))
    return [refusal.reason for refusal in refusals]


@pytest.mark.parametrize(
    ("unseen", "held"),
    [
        pytest.param({}, [], id="all seen"),
        pytest.param({"HorizontalPodAutoscaler": "403"}, ["NotObserved"], id="autoscalers may not be listed"),
        pytest.param({"ResourceQuota": "the server does not answer"}, ["NotObserved"], id="quotas are not current"),
        pytest.param({"ConfigMap": "403"}, [], id="a kind whose absence is judged elsewhere"),
    ],
)
def test_what_is_not_urgent_waits(unseen, held):
    assert reasons(SHRINK, unseen) == reasons(GROW, unseen) == held
    assert reasons(RESCUE, unseen) == reasons(UNDO, unseen) == []


def test_the_missing_right_is_named():
    pod = a_pod()
    world = a_world(
        pod, unseen={"ResourceQuota": "may not list resourcequotas", "LimitRange": "may not list limitranges"}
    )
    refusal = NotObserved()(a_move(pod), world, POLICIES)
    assert refusal is not None
    assert "may not list limitranges" in refusal.message
    assert refusal.lifted_by == "the right to list and watch LimitRange, ResourceQuota"
