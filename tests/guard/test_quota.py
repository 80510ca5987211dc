"""A namespace gets what its quota has left, and not a byte more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.guard.builders import GROW, RESCUE, SHRINK, UNDO, a_move, a_world, refused, refuses
from tests.support.builders import MIB, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change
from vpa_inplace.domain.surroundings import Quota
from vpa_inplace.guard.quota import ResourceQuota

POD = a_pod(a_container(cpu=500, memory=512 * MIB, limits=Amounts(1000, 512 * MIB)))


def world(**quota):
    return a_world(POD, quotas={"shop": (Quota(namespace="shop", name="team", **quota),)})


def cpu_quota(hard: int, used: int):
    return world(hard_requests=Amounts(cpu=hard), used_requests=Amounts(cpu=used))


@pytest.mark.parametrize(
    ("cpu", "hard", "used", "expected"),
    [
        pytest.param(600, 1000, 900, False, id="exactly what is left"),
        pytest.param(601, 1000, 900, True, id="one millicore more"),
        pytest.param(100, 1000, 2000, False, id="over the quota: a shrink is free"),
        pytest.param(500, 1000, 2000, False, id="over the quota: staying is free"),
        pytest.param(501, 1000, 2000, True, id="over the quota: no growth"),
    ],
)
def test_requests(cpu, hard, used, expected):
    assert refuses(ResourceQuota(), a_move(POD, GROW, Amounts(cpu=cpu)), cpu_quota(hard, used)) is expected


@pytest.mark.parametrize(
    ("move", "quota", "expected"),
    [
        pytest.param(Amounts(cpu=1100), {"hard_limits": Amounts(2000), "used_limits": Amounts(1900)}, False, id="fits"),
        pytest.param(Amounts(cpu=1101), {"hard_limits": Amounts(2000), "used_limits": Amounts(1900)}, True, id="over"),
        pytest.param(Amounts(cpu=1101), {"hard_limits": Amounts(memory=MIB)}, False, id="the other resource"),
        pytest.param(
            Amounts(cpu=1101), {"hard_requests": Amounts(cpu=1), "used_requests": Amounts(cpu=1)}, False, id="requests"
        ),
    ],
)
def test_limits(move, quota, expected):
    assert refuses(ResourceQuota(), a_move(POD, GROW, Amounts(), move), world(**quota)) is expected


@pytest.mark.parametrize(
    ("container", "cpu", "expected"),
    [
        # 100 left. A shrink from 500 to 200 is on its way: the quota still counts 500
        pytest.param(a_container(cpu=200, allocated=Amounts(500)), 600, False, id="500 to 600, whatever the spec says"),
        pytest.param(a_container(cpu=200, allocated=Amounts(500)), 601, True, id="one more"),
        pytest.param(a_container(cpu=200, actual_requests=Amounts(500)), 600, False, id="in force counts too"),
        pytest.param(a_container(cpu=None), 100, False, id="no request yet counts as none"),
        pytest.param(a_container(cpu=None), 101, True, id="and all of it is new"),
    ],
)
def test_a_pod_is_charged_with_what_its_node_still_holds(container, cpu, expected):
    pod = a_pod(container)
    assert refuses(ResourceQuota(), a_move(pod, RESCUE, Amounts(cpu=cpu)), cpu_quota(1000, 900)) is expected


def test_containers_of_a_pod_are_charged_together():
    pod = a_pod(a_container(cpu=500), a_container("side", cpu=500))
    move = a_move(pod, GROW, Amounts(cpu=700))
    given = Change("side", 1, Amounts(500), Amounts(), Amounts(350), Amounts())
    assert refuses(ResourceQuota(), move, cpu_quota(1000, 900))  # + 200
    both = replace(move, changes=(*move.changes, given))
    assert refuses(ResourceQuota(), both, cpu_quota(1000, 951))  # + 200 - 150 = 50, 49 left
    assert not refuses(ResourceQuota(), both, cpu_quota(1000, 950))


def test_a_shrink_that_raises_a_limit_is_charged_for_it():
    move = a_move(POD, SHRINK, Amounts(cpu=100), Amounts(cpu=1500))
    assert refuses(ResourceQuota(), move, world(hard_limits=Amounts(2000), used_limits=Amounts(1900)))


def test_every_quota_of_the_namespace_counts_and_no_other_does():
    roomy, tight = (
        Quota(namespace="shop", name=name, hard_requests=Amounts(cpu=hard)) for name, hard in (("a", 9000), ("b", 1))
    )
    move = a_move(POD, GROW, Amounts(cpu=600))
    assert refuses(ResourceQuota(), move, a_world(POD, quotas={"shop": (roomy, tight)}))
    assert not refuses(ResourceQuota(), move, a_world(POD, quotas={"shop": (roomy,), "other": (tight,)}))
    assert not refuses(ResourceQuota(), move, a_world(POD))


def test_the_way_back_is_not_held_up_here():
    assert not refuses(ResourceQuota(), a_move(POD, UNDO, Amounts(cpu=900)), cpu_quota(1, 1))


def test_the_figures_are_told():
    refusal = refused(
        ResourceQuota(),
        a_move(POD, GROW, Amounts(memory=1024 * MIB)),
        world(hard_requests=Amounts(memory=4096 * MIB), used_requests=Amounts(memory=3840 * MIB)),
    )
    assert refusal.message == ("pod shop/web-1 needs 512Mi more of requests.memory, quota team has 256Mi of 4Gi left")
