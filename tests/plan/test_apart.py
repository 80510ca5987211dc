"""What will be refused does not hold back what may go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, WEB, a_container, a_pod, a_snapshot
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import Hpa, Surroundings
from vpa_inplace.guard import judge
from vpa_inplace.guard.api import RestartRequired
from vpa_inplace.guard.autoscalers import HpaOnSameResource
from vpa_inplace.plan.apart import apart

CPU, MEMORY = Resource
BOTH = Amounts(600, 600 * MIB)


def a_move(pod, requests=BOTH, limits=Amounts()):
    changes = tuple(Change(c.name, i, c.requests, c.limits, requests, limits) for i, c in enumerate(pod.containers))
    return Move(pod, Intent.GROW, changes, 8.0)


def a_world(pod, utilization=None):
    hpas = {} if utilization is None else {WEB: (Hpa(workload=WEB, name="web", utilization=utilization),)}
    return replace(a_snapshot(pod), around=Surroundings(hpas=hpas))


def parts(move, world):
    """The requests of each container in each move."""
    return [{change.container: change.requests for change in part.changes} for part in apart([move], world)]


ONLY_CPU, ONLY_MEMORY = Amounts(cpu=600), Amounts(memory=600 * MIB)


@pytest.mark.parametrize(
    ("restarts", "utilization", "expected"),
    [
        pytest.param((), None, [BOTH], id="both free: one move"),
        pytest.param((MEMORY,), None, [ONLY_CPU, ONLY_MEMORY], id="memory restarts"),
        pytest.param((), {CPU: frozenset()}, [ONLY_MEMORY, ONLY_CPU], id="an HPA on CPU"),
        pytest.param((), {CPU: frozenset({"side"})}, [BOTH], id="an HPA on another container"),
        pytest.param((MEMORY,), {CPU: frozenset()}, [BOTH], id="both bound: one refusal"),
        pytest.param((), {}, [BOTH], id="an HPA that looks at no request"),
    ],
)
def test_one_container(restarts, utilization, expected):
    pod = a_pod(a_container(restart_on_resize=frozenset(restarts)))
    assert parts(a_move(pod), a_world(pod, utilization)) == [{"app": requests} for requests in expected]


def test_each_container_for_itself():
    pod = a_pod(a_container(), a_container("side", restart_on_resize=frozenset({MEMORY})))
    assert parts(a_move(pod), a_world(pod)) == [{"app": BOTH, "side": ONLY_CPU}, {"side": ONLY_MEMORY}]


def test_limits_go_with_their_resource():
    pod = a_pod(a_container(limits=BOTH, restart_on_resize=frozenset({MEMORY})))
    free, bound = apart([a_move(pod, Amounts(cpu=700), Amounts(700, 700 * MIB))], a_world(pod))
    assert (free.changes[0].requests, free.changes[0].limits) == (Amounts(cpu=700), Amounts(cpu=700))
    assert (bound.changes[0].requests, bound.changes[0].limits) == (Amounts(), Amounts(memory=700 * MIB))


@given(
    st.lists(st.frozensets(st.sampled_from(Resource)), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(Resource), st.frozensets(st.sampled_from(["c0", "c1"])), max_size=2),
)
def test_nothing_is_lost_or_doubled_and_the_free_part_is_free(restarts, utilization):
    pod = a_pod(*(a_container(f"c{i}", restart_on_resize=some) for i, some in enumerate(restarts)))
    world, move = a_world(pod, utilization), a_move(pod)
    found = apart([move], world)
    asked = [
        (change.container, resource)
        for part in found
        for change in part.changes
        for resource in Resource
        if change.requests.get(resource) is not None
    ]
    assert sorted(asked) == sorted((c.name, resource) for c in pod.containers for resource in Resource)
    policies = Policies.uniform(Policy(), len(world.rows))
    refused = [bool(judge(part, world, policies, (RestartRequired(), HpaOnSameResource()))) for part in found]
    bound = bool(judge(move, world, policies, (RestartRequired(), HpaOnSameResource())))
    assert refused == ([False, True] if len(found) == 2 else [bound])
