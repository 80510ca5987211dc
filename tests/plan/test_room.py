"""Nodes give what they have: to the most urgent first, to a rescue as much as there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, a_container, a_pod, a_snapshot
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.domain.pods import ContainerKind, Node
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.surroundings import Surroundings
from vpa_inplace.guard.headroom import NodeHeadroom
from vpa_inplace.plan.room import free_room, taken_by, within

GROW, RESCUE, SHRINK, UNDO = Intent.GROW, Intent.RESCUE, Intent.SHRINK, Intent.UNDO


def a_world(*pods, cpu=2000, memory=4096 * MIB, all_pods=True):
    """Pods on one node of this size."""
    node = Node(name="node-1", allocatable=Amounts(cpu, memory))
    return replace(a_snapshot(*pods), nodes={"node-1": node}, around=Surroundings(all_pods=all_pods))


def a_move(pod, cpu, intent=GROW):
    (container,) = pod.containers
    change = Change("app", 0, container.requests, container.limits, Amounts(cpu), Amounts())
    return Move(pod, intent, (change,), 8.0)


def pods(*cpus):
    return [a_pod(a_container(cpu=cpu), name=f"web-{i}") for i, cpu in enumerate(cpus)]


def outcome(moves, world):
    """CPU asked for by each move and what its node lacks."""
    return [(move.changes[0].requests.cpu, move.lacks.cpu) for move in within(moves, world)]


@pytest.mark.parametrize(
    ("container", "taken"),
    [
        pytest.param(a_container(cpu=500), 500, id="what the spec asks for"),
        pytest.param(a_container(cpu=500, allocated=Amounts(800)), 800, id="a shrink that is not in force yet"),
        pytest.param(a_container(cpu=500, actual_requests=Amounts(700)), 700, id="or not done"),
        pytest.param(a_container(cpu=500, allocated=Amounts(300)), 500, id="growth that waits: it is promised"),
        pytest.param(a_container(cpu=None), 0, id="nothing asked for"),
    ],
)
def test_what_a_pod_takes(container, taken):
    assert taken_by(a_pod(container))[0] == taken


def test_init_containers_count_where_they_need_more():
    small, large = (a_container("init", cpu=cpu, kind=ContainerKind.INIT) for cpu in (100, 900))
    assert taken_by(a_pod(a_container(cpu=500), small))[0] == 500
    assert taken_by(a_pod(a_container(cpu=500), large))[0] == 900


def test_what_is_free():
    first, second = pods(500, 700)
    over = replace(second, phase="Succeeded", name="over", uid="over")
    elsewhere = replace(second, node="node-2", name="far", uid="far")
    assert free_room(a_world(first, second, over, elsewhere))["node-1"] == [800, (4096 - 2 * 512) * MIB]


def test_without_all_pods_nothing_is_known_of_room():
    (pod,) = pods(500)
    assert outcome([a_move(pod, 9000)], a_world(pod, all_pods=False)) == [(9000, None)]


@pytest.mark.parametrize(
    ("wants", "expected"),
    [
        pytest.param([(800, GROW), (900, GROW)], [(800, None), (900, None)], id="both fit"),
        pytest.param([(1400, GROW), (600, GROW)], [(1400, None), (600, None)], id="to the last millicore"),
        pytest.param([(1400, GROW), (601, GROW)], [(1400, None), (601, 1)], id="the second does not fit"),
        pytest.param([(2600, GROW), (900, GROW)], [(2600, 1100), (900, None)], id="one too large takes nothing"),
        pytest.param([(1400, RESCUE), (900, GROW)], [(1400, None), (900, 300)], id="the rescue was first"),
        pytest.param([(3000, RESCUE), (900, GROW)], [(1500, None), (900, 400)], id="a rescue takes what there is"),
        pytest.param([(3000, UNDO), (900, GROW)], [(3000, None), (900, 400)], id="an undo is never cut"),
    ],
)
def test_two_pods_on_a_node_with_a_core_free(wants, expected):
    both = pods(500, 500)
    moves = [a_move(pod, cpu, intent) for pod, (cpu, intent) in zip(both, wants, strict=True)]
    assert outcome(moves, a_world(*both)) == expected


def test_a_rescue_for_which_nothing_is_left_is_refused_with_the_figures():
    both = pods(500, 1490)
    (move,) = within([a_move(both[0], 900, RESCUE)], a_world(*both))
    assert (move.changes[0].requests.cpu, move.lacks.cpu) == (900, 390)
    refusal = NodeHeadroom()(move, a_world(*both), Policies.uniform(Policy(), 1))
    assert refusal is not None
    assert "lacks 390m cpu" in refusal.message


def test_a_shrink_frees_nothing_yet():
    both = pods(1000, 1000)
    moves = [a_move(both[1], 1100), a_move(both[0], 100, SHRINK)]
    assert outcome(moves, a_world(*both)) == [(1100, 100), (100, None)]


@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([GROW, RESCUE])), max_size=6))
def test_the_node_is_never_overdrawn(asked):
    """What is granted to growth and rescues together is no more than what was free."""
    some = pods(*(have for have, _, _ in asked))
    world = a_world(*some, cpu=6000)
    moves = [a_move(pod, cpu, intent) for pod, (_, cpu, intent) in zip(some, asked, strict=True)]
    moves.sort(key=lambda move: move.intent)
    granted = [m for m in within(moves, world) if m.lacks == Amounts()]
    grown = sum(max(m.changes[0].requests.cpu - m.changes[0].old_requests.cpu, 0) for m in granted)
    assert grown <= max(6000 - sum(have for have, _, _ in asked), 0)
