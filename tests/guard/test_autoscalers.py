"""Two hands on one wheel."""

from __future__ import annotations

import pytest

from tests.guard.builders import GROW, RESCUE, SHRINK, a_move, a_world, intents, refused, refuses
from tests.support.builders import MIB, WEB, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import ForeignVpa as Vpa
from vpa_inplace.domain.surroundings import Hpa
from vpa_inplace.guard.autoscalers import ForeignVpa, HpaOnSameResource

EVERYONE: frozenset[str] = frozenset()
CPU, MEMORY = Amounts(cpu=100), Amounts(memory=100 * MIB)
ALL = {RESCUE, GROW, SHRINK}


def scaled(utilization=None, pod=None, **fields):
    hpa = Hpa(workload=WEB, name="web", utilization=utilization or {}, **fields)
    return a_world(pod, hpas={WEB: (hpa,)})


@pytest.mark.parametrize(
    ("utilization", "requests", "expected"),
    [
        pytest.param({Resource.CPU: EVERYONE}, CPU, ALL, id="the same resource"),
        pytest.param({Resource.CPU: EVERYONE}, MEMORY, set(), id="the other one"),
        pytest.param({Resource.CPU: EVERYONE}, Amounts(100, 100 * MIB), ALL, id="both move"),
        pytest.param({Resource.CPU: EVERYONE}, Amounts(cpu=500), set(), id="named, and left as it is"),
        pytest.param({Resource.CPU: frozenset({"app"})}, CPU, ALL, id="this container alone"),
        pytest.param({Resource.CPU: frozenset({"side"})}, CPU, set(), id="another container alone"),
        pytest.param({Resource.MEMORY: EVERYONE}, MEMORY, ALL, id="memory"),
        pytest.param({}, CPU, set(), id="metrics that requests do not change"),
    ],
)
def test_hpa_on_the_same_resource(utilization, requests, expected):
    assert intents(HpaOnSameResource(), scaled(utilization), requests=requests) == expected


def test_limits_are_not_what_an_hpa_divides_by():
    pod = a_pod(a_container(limits=Amounts(cpu=1000)))
    world = scaled({Resource.CPU: EVERYONE}, pod)
    assert intents(HpaOnSameResource(), world, requests=Amounts(), limits=Amounts(cpu=2000)) == set()


def test_while_replicas_change_nothing_is_taken_away():
    assert intents(HpaOnSameResource(), scaled({Resource.CPU: EVERYONE}, settled=False), requests=MEMORY) == {SHRINK}
    assert intents(HpaOnSameResource(), scaled(settled=False), requests=CPU) == {SHRINK}


def test_every_hpa_counts_that_scales_the_same_workload():
    other = WorkloadKey("test", "shop", "Deployment", "api")
    tame, wild = (Hpa(workload=WEB, name=n, utilization=u) for n, u in (("a", {}), ("b", {Resource.CPU: EVERYONE})))
    assert refuses(HpaOnSameResource(), a_move(), a_world(hpas={WEB: (tame, wild)}))
    assert not refuses(HpaOnSameResource(), a_move(), a_world(hpas={WEB: (tame,), other: (wild,)}))
    assert not refuses(HpaOnSameResource(), a_move(), a_world())


def test_who_made_the_hpa_is_told():
    world = scaled({Resource.CPU: EVERYONE}, scaled_by="ScaledObject/web")
    refusal = refused(HpaOnSameResource(), a_move(), world)
    assert refusal.message == "HPA web of ScaledObject/web scales web on the cpu utilisation of app"


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        pytest.param((), set(), id="none"),
        pytest.param(("Off",), set(), id="only recommends"),
        pytest.param(("Initial",), ALL, id="sizes new pods"),
        pytest.param(("Auto",), ALL, id="evicts"),
        pytest.param(("InPlaceOrRecreate",), ALL, id="resizes"),
        pytest.param(("Off", "Recreate"), ALL, id="one of two acts"),
    ],
)
def test_foreign_vpa(modes, expected):
    vpas = tuple(Vpa(workload=WEB, name=f"web-{mode}", mode=mode) for mode in modes)
    assert intents(ForeignVpa(), a_world(vpas={WEB: vpas})) == expected
    assert intents(ForeignVpa(), a_world(vpas={WorkloadKey("test", "shop", "Deployment", "api"): vpas})) == set()


def test_the_vpa_and_its_mode_are_named():
    world = a_world(vpas={WEB: (Vpa(workload=WEB, name="web-vpa", mode="Auto"),)})
    assert refused(ForeignVpa(), a_move(), world).message == (
        "VerticalPodAutoscaler web-vpa sizes web too (updateMode Auto)"
    )
