"""Room that is given away must be there when the peak comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Crowding, Intent
from vpa_inplace.domain.pods import Node
from vpa_inplace.domain.policy import CPU_RULE, Policies, Policy, UpdateMode
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import Surroundings
from vpa_inplace.forecast import Outlook
from vpa_inplace.plan import plan
from vpa_inplace.plan.regrow import crowding, loads_of, needs
from vpa_inplace.recommend import Sizes

CPU, MEMORY = Resource
ACTING = Policy(update_mode=UpdateMode.IN_PLACE)


def pods(*cpus, node="node-1", **more):
    """Pods of roles of their own, in the order of their rows; 64 MiB each."""
    return [
        a_pod(
            a_container(cpu=cpu, memory=64 * MIB, **more),
            name=f"w{i}",
            workload=WorkloadKey("test", "shop", "Deployment", f"w{i}"),
            node=node,
        )
        for i, cpu in enumerate(cpus)
    ]


def a_world(some, cpu=4000, memory=4096 * MIB, all_pods=True):
    node = Node(name="node-1", allocatable=Amounts(cpu, memory))
    return replace(a_snapshot(*some), nodes={"node-1": node}, around=Surroundings(all_pods=all_pods))


def outlook(*ceilings, memory=64.0 * MIB):
    """CPU ceilings of each row: one number for the whole day, or a peak of it in hour 7 as (rest, peak)."""
    cpu = np.empty((len(ceilings), 24), np.float32)
    for row, ceiling in enumerate(ceilings):
        rest, peak = ceiling if isinstance(ceiling, tuple) else (ceiling, ceiling)
        cpu[row], cpu[row, 7] = rest, peak
    both = np.stack([cpu, np.full_like(cpu, memory)])
    n = len(ceilings)
    return Outlook(
        at=0, ceiling=both, low=both.min(axis=2), high=both.max(axis=2),
        confidence=np.ones(n, np.float32), expert=np.zeros(n, np.uint8), experts=("test",),
    )  # fmt: skip


def shrinking(world, cpus, memory=64 * MIB):
    """``request`` and ``shrinks`` as plan has them, memory at rest."""
    request = np.array([cpus, [memory] * len(cpus)], np.int64)
    return request, request < np.maximum(world.slots.request, 0)


def short(some, ceilings, cpus, policy=ACTING, reserve=0.0, **world):
    """Pods whose CPU shrink is at risk."""
    there = a_world(some, **world)
    policies = Policies.uniform(policy, len(there.rows))
    found = crowding(there, outlook(*ceilings), policies, *shrinking(there, cpus), reserve=reserve)
    return {uid.removeprefix("uid-"): crowds for uid, crowds in found.items()}


# Three pods of 1000m on 4000m. The first shrinks to 200m and wants 2000m in hour 7.
@pytest.mark.parametrize(
    ("ceilings", "expected"),
    [
        pytest.param([(200, 2000), 1000, 1000], False, id="2000 + 1000 + 1000 fit exactly"),
        pytest.param([(200, 2001), 1000, 1000], True, id="one millicore more"),
        pytest.param([(200, 2000), 1000, (500, 1001)], True, id="a neighbour's peak in the same hour"),
        pytest.param([(200, 2500), (900, 500), 1000], False, id="a neighbour that rests in that hour"),
        pytest.param([200, 1000, (1000, 3500)], False, id="what never comes back does not depend on it"),
        pytest.param([(200, 219), 1000, (1000, 3900)], False, id="nor what comes back by less than its dead band"),
        pytest.param([(200, 220), 1000, (1000, 3900)], True, id="but what comes back by as much"),
        pytest.param([(np.nan, np.nan), 1000, (1000, 3900)], False, id="no forecast: it keeps what it is given"),
        pytest.param([(200, 2001), np.nan, 1000], True, id="a neighbour without a forecast keeps its request"),
        pytest.param([(200, 2000), np.nan, 1000], False, id="and no more than that"),
    ],
)
def test_a_node_of_three(ceilings, expected):
    assert set(short(pods(1000, 1000, 1000), ceilings, [200, 1000, 1000])) == ({"w0"} if expected else set())


def test_the_worst_hour_is_told():
    found = short(pods(1000, 1000, 1000), [(200, 2500), 1000, 1000], [200, 1000, 1000])
    assert found == {"w0": (Crowding(CPU, 7, 4500, 4000),)}


@pytest.mark.parametrize(("reserve", "expected"), [(0.05, False), (0.051, True)])
def test_the_reserve_is_not_promised(reserve, expected):
    # 1800 + 1000 + 1000 = 3800 = 95 % of 4000
    found = short(pods(1000, 1000, 1000), [(200, 1800), 1000, 1000], [200, 1000, 1000], reserve=reserve)
    assert bool(found) is expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(ACTING, False, id="we would lower it"),
        pytest.param(replace(ACTING, update_mode=UpdateMode.OFF), True, id="nobody lowers it"),
        pytest.param(replace(ACTING, update_mode=UpdateMode.INITIAL), True, id="not while it lives"),
        pytest.param(replace(ACTING, cpu=replace(CPU_RULE, controlled=False)), True, id="not in this resource"),
    ],
)
def test_a_neighbour_with_more_than_it_needs_counts_with_what_it_will_have(policy, expected):
    """w1 has 2000m and would need 300m; w0 wants 2500m in hour 7."""
    world = a_world(pods(1000, 2000))
    policies = Policies.of([ACTING, policy])
    request, shrinks = shrinking(world, [200, 2000])
    found = crowding(world, outlook((200, 2500), 300), policies, request, shrinks, reserve=0.0)
    assert bool(found) is expected


def test_sizes_that_hold_are_what_is_needed_until_then():
    """The ceiling of the present hour is above the size that plan has chosen: the size is what is asked for."""
    world = a_world(pods(1000))
    request, shrinks = shrinking(world, [300])
    need = needs(world, outlook(700.0), Policies.uniform(ACTING, 1), request, shrinks)
    assert need[CPU, 0].tolist() == [300, *[700] * 23]  # CPU holds for an hour
    assert need[MEMORY, 0].tolist() == [64 * MIB] * 24  # memory for a day


def test_allowed_sizes_bound_what_may_be_needed():
    world = a_world(pods(1000, 1000))
    rule = replace(CPU_RULE, min_allowed=150, max_allowed=900)
    need = needs(
        world, outlook((50, 5000), 400), Policies.uniform(replace(ACTING, cpu=rule), 2), *shrinking(world, [200, 1000])
    )
    assert need[CPU, 0, [1, 7]].tolist() == [150, 900]


def test_whatever_is_not_sized_takes_what_it_takes():
    some = pods(1000, 1000)
    alien = a_pod(a_container("x", cpu=1500), name="alien", workload=WorkloadKey("test", "kube", "DaemonSet", "x"))
    world = a_world([*some, alien])
    rows = rows_of(some)
    world = replace(a_snapshot(*some, alien, history=a_history(rows)), nodes=world.nodes, around=world.around)
    need = np.zeros((2, 2, 24))
    need[CPU] = 700
    loads = loads_of(world, need, reserve=0.25)
    assert loads.needed[0, CPU].tolist() == [700 + 700 + 1500] * 24
    assert loads.room.tolist() == [[3000, 3072 * MIB]]


@pytest.mark.parametrize(
    "world",
    [
        pytest.param({"all_pods": False}, id="not all pods were seen"),
        pytest.param({"cpu": None}, id="the node does not tell its size"),
    ],
)
def test_where_the_room_is_not_known_nothing_is_said(world):
    assert short(pods(1000), [(200, 9000)], [200]) != {}
    assert short(pods(1000), [(200, 9000)], [200], **world) == {}


@pytest.mark.parametrize("node", [None, "node-2"])
def test_a_pod_on_no_known_node_is_on_none(node):
    assert short(pods(1000, node=node), [(200, 9000)], [200]) == {}


def test_two_containers_of_a_pod_are_one_warning():
    pod = a_pod(a_container("a", cpu=1000, memory=MIB), a_container("b", cpu=1000, memory=MIB))
    found = short([pod], [(200, 3000), (200, 2000)], [200, 200])
    assert found == {"web-1": (Crowding(CPU, 7, 5000, 4000),)}


@given(
    st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 4000), st.integers(1, 4000)), min_size=1, max_size=6),
    st.integers(1000, 12000),
)
def test_if_nobody_is_warned_everybody_can_come_back(drawn, cpu):
    """A law: give each pod that shrinks without a warning its need, hour by hour, and the node holds them or nobody's
    peak is among them."""
    some = pods(*(request for request, _, _ in drawn))
    world = a_world(some, cpu=cpu)
    policies = Policies.uniform(ACTING, len(some))
    request, shrinks = shrinking(world, [min(now, rest) for now, rest, _ in drawn])
    ahead = outlook(*((rest, peak) for _, rest, peak in drawn))
    warned = crowding(world, ahead, policies, request, shrinks, reserve=0.0)
    need = needs(world, ahead, policies, request, shrinks)[CPU]
    for row in np.flatnonzero(shrinks[CPU]).tolist():
        back = need[row] - request[CPU, row]
        comes_back = (back > 0) & (back >= 0.1 * request[CPU, row])
        alright = not (comes_back & (need.sum(axis=0) > cpu)).any()
        assert (f"uid-w{row}" not in warned) is alright


def test_plan_tells_its_shrinks():
    world = a_world(pods(1000, 1000, 1000))
    target = np.array([[200, 1000, 1000], [64 * MIB] * 3])
    sizes = Sizes(target=target, lower=target, upper=target, uncapped=target, why=np.zeros((2, 3), np.uint8))
    ahead, policies, ledger = outlook((200, 2500), 1000, 1000), Policies.uniform(ACTING, 3), Ledger.empty(world.rows)
    (move,) = plan(sizes, world, ledger, policies, outlook=ahead)
    assert (move.intent, move.crowding) == (Intent.SHRINK, (Crowding(CPU, 7, 4500, 3800),))  # 5 % in reserve
    (move,) = plan(sizes, world, ledger, policies)
    assert move.crowding == ()
