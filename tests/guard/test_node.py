"""What a node's state holds back."""

from __future__ import annotations

import pytest

from tests.guard.builders import GROW, RESCUE, SHRINK, a_move, a_world, intents, refused, refuses
from tests.support.builders import MIB, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.guard.node import NodeMaintenance, NodePressure

MORE_MEMORY, MORE_CPU, LESS = Amounts(memory=900 * MIB), Amounts(cpu=900), Amounts(100, 100 * MIB)


def under(*pressure):
    return a_world(node={"pressure": frozenset(pressure)})


@pytest.mark.parametrize(
    ("pressure", "requests", "expected"),
    [
        pytest.param((), MORE_MEMORY, set(), id="none"),
        pytest.param(("MemoryPressure",), MORE_MEMORY, {RESCUE, GROW, SHRINK}, id="more of what it lacks"),
        pytest.param(("MemoryPressure",), MORE_CPU, {GROW, SHRINK}, id="a rescue with what it has"),
        pytest.param(
            ("MemoryPressure",), Amounts(900, 512 * MIB), {GROW, SHRINK}, id="memory named, and left as it is"
        ),
        pytest.param(("DiskPressure",), MORE_MEMORY, {GROW, SHRINK}, id="disk"),
        pytest.param(("PIDPressure", "MemoryPressure"), MORE_MEMORY, {RESCUE, GROW, SHRINK}, id="several"),
    ],
)
def test_node_pressure(pressure, requests, expected):
    assert intents(NodePressure(), under(*pressure), requests=requests) == expected


def test_a_rescue_that_raises_only_the_memory_limit_asks_for_memory_too():
    pod = a_pod(a_container(limits=Amounts(memory=600 * MIB)))
    world = a_world(pod, node={"pressure": frozenset({"MemoryPressure"})})
    assert refuses(NodePressure(), a_move(pod, RESCUE, Amounts(cpu=900), Amounts(memory=900 * MIB)), world)
    assert not refuses(NodePressure(), a_move(pod, RESCUE, Amounts(cpu=900), Amounts(memory=500 * MIB)), world)


def test_all_pressures_are_named():
    refusal = refused(NodePressure(), a_move(), under("PIDPressure", "DiskPressure"))
    assert refusal.message == "node node-1 of pod shop/web-1 is under DiskPressure and PIDPressure"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param({}, set(), id="well"),
        pytest.param({"unschedulable": True}, {SHRINK}, id="cordoned"),
        pytest.param({"leaving": "karpenter.sh/disrupted"}, {GROW, SHRINK}, id="leaving"),
        pytest.param({"leaving": "a drain", "unschedulable": True}, {GROW, SHRINK}, id="drained"),
        pytest.param({"ready": False}, {RESCUE, GROW, SHRINK}, id="not ready"),
    ],
)
def test_node_maintenance(state, expected):
    assert intents(NodeMaintenance(), a_world(node=state), requests=LESS) == expected


@pytest.mark.parametrize("guard", [NodePressure(), NodeMaintenance()])
@pytest.mark.parametrize("node", ["node-2", None])
def test_a_node_that_nobody_knows_is_well(guard, node):
    pod = a_pod(node=node)
    world = a_world(pod, node={"ready": False, "pressure": frozenset({"MemoryPressure"}), "leaving": "a drain"})
    assert intents(guard, world) == set()


def test_why_a_node_leaves_is_told():
    refusal = refused(NodeMaintenance(), a_move(), a_world(node={"leaving": "taint karpenter.sh/disrupted"}))
    assert refusal.message == "node node-1 of pod shop/web-1 is on its way out (taint karpenter.sh/disrupted)"
