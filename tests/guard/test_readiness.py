"""Pods that start, are not ready or are being replaced."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.guard.builders import SHRINK, a_move, a_world, intents, refused, refuses
from tests.support.builders import NOON, WEB, a_container, a_pod
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.pods import ContainerKind
from vpa_inplace.domain.surroundings import WorkloadState
from vpa_inplace.guard.readiness import NotReady, RolloutInProgress, WarmingUp


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        pytest.param(None, False, id="not known"),
        pytest.param(timedelta(minutes=14, seconds=59), True, id="just before"),
        pytest.param(timedelta(minutes=15), False, id="three windows"),
        pytest.param(timedelta(seconds=-5), True, id="a clock that is ahead"),
    ],
)
def test_warming_up(ago, expected):
    pod = a_pod(a_container(started=None if ago is None else NOON - ago))
    assert refuses(WarmingUp(), a_move(pod)) is expected


def test_a_container_that_just_started_holds_back_itself_only():
    pod = a_pod(a_container(), a_container("side", started=NOON))
    assert not refuses(WarmingUp(), a_move(pod))
    assert refuses(WarmingUp(), a_move(pod, container="side"))


def test_how_long_it_still_takes_is_told():
    refusal = refused(WarmingUp(), a_move(a_pod(a_container(started=NOON - timedelta(minutes=5)))))
    assert refusal.message == "container app of pod shop/web-1 started 5 min ago, less than 15 min"
    assert refusal.lifted_by == "10 min more"


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        pytest.param([a_container()], False, id="ready, or not known"),
        pytest.param([a_container(ready=False)], True, id="itself"),
        pytest.param([a_container(), a_container("side", ready=False)], True, id="its neighbour"),
        pytest.param(
            [a_container(), a_container("mesh", ready=False, kind=ContainerKind.SIDECAR)], True, id="its sidecar"
        ),
        pytest.param(
            [a_container(), a_container("init", ready=False, kind=ContainerKind.INIT)], False, id="what ran before"
        ),
    ],
)
def test_not_ready(containers, expected):
    assert refuses(NotReady(), a_move(a_pod(*containers))) is expected


def rollout(**state):
    return a_world(workloads={WEB: WorkloadState(workload=WEB, **state)})


@pytest.mark.parametrize(
    ("world", "words"),
    [
        pytest.param(a_world(), None, id="not known"),
        pytest.param(
            a_world(
                workloads={WorkloadKey("test", "shop", "Deployment", "api"): WorkloadState(workload=WEB, desired=3)}
            ),
            None,
            id="another workload",
        ),
        pytest.param(rollout(desired=3, updated=3, ready=3), None, id="done"),
        pytest.param(rollout(desired=3, updated=2), "2 of 3 pods of web", id="on its way"),
        pytest.param(rollout(desired=3, updated=3, observed=False), "has a new spec", id="about to begin"),
    ],
)
def test_rollout_in_progress(world, words):
    refusal = refused(RolloutInProgress(), a_move(), world)
    assert (refusal is None) if words is None else (words in refusal.message)


def test_a_paused_rollout_is_called_so():
    assert "it is paused" in refused(RolloutInProgress(), a_move(), rollout(desired=2, paused=True)).lifted_by


@pytest.mark.parametrize("guard", [WarmingUp(), NotReady(), RolloutInProgress()])
def test_only_shrinks_wait(guard):
    world = a_world(
        a_pod(a_container(started=NOON, ready=False)), workloads={WEB: WorkloadState(workload=WEB, desired=2)}
    )
    assert intents(guard, world) == {SHRINK}
