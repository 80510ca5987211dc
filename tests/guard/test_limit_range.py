"""What a LimitRange forbids, and what it gives without being asked."""

from __future__ import annotations

import pytest

from tests.guard.builders import GROW, RESCUE, SHRINK, a_move, a_world, intents, refused, refuses
from tests.support.builders import MIB, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.pods import ContainerKind
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import LimitRange as Item
from vpa_inplace.guard.limit_range import LimitRange

BOUNDED = a_container(cpu=500, memory=512 * MIB, limits=Amounts(1000, 512 * MIB))
OPEN = a_container(cpu=500, memory=512 * MIB)
CPU_RATIO = {Resource.CPU: 4.0}


def item(**rules):
    return Item(namespace="shop", name="sizes", **rules)


def ruled(pod, *items):
    return a_world(pod, limit_ranges={"shop": items})


@pytest.mark.parametrize(
    ("container", "requests", "limits", "rules", "words"),
    [
        pytest.param(BOUNDED, Amounts(100), Amounts(), {"minimum": Amounts(100)}, None, id="exactly the minimum"),
        pytest.param(
            BOUNDED, Amounts(99), Amounts(), {"minimum": Amounts(100)}, "cpu request of 99m", id="below the minimum"
        ),
        pytest.param(BOUNDED, Amounts(50), Amounts(50), {"minimum": Amounts(100)}, "cpu request of 50m", id="both below"),
        pytest.param(
            a_container(cpu=None, limits=Amounts(900)), Amounts(), Amounts(950), {"minimum": Amounts(100)},
            "no cpu request", id="a minimum demands a request",
        ),
        pytest.param(BOUNDED, Amounts(), Amounts(2000), {"maximum": Amounts(2000)}, None, id="exactly the maximum"),
        pytest.param(
            BOUNDED, Amounts(), Amounts(2001), {"maximum": Amounts(2000)}, "cpu limit of 2", id="limit above the maximum"
        ),
        pytest.param(OPEN, Amounts(100), Amounts(), {"maximum": Amounts(2000)}, "no cpu limit", id="a maximum demands a limit"),
        pytest.param(BOUNDED, Amounts(250), Amounts(), {"max_ratio": CPU_RATIO}, None, id="exactly the ratio"),
        pytest.param(BOUNDED, Amounts(249), Amounts(), {"max_ratio": CPU_RATIO}, "4.0 times the request", id="beyond the ratio"),
        pytest.param(BOUNDED, Amounts(0), Amounts(), {"max_ratio": CPU_RATIO}, "no cpu request", id="no ratio to nothing"),
        pytest.param(OPEN, Amounts(100), Amounts(), {"max_ratio": CPU_RATIO}, "no cpu request or limit", id="nor of nothing"),
        pytest.param(BOUNDED, Amounts(100), Amounts(), {"minimum": Amounts(memory=MIB)}, None, id="the other resource is fine"),
    ],
)  # fmt: skip
def test_bounds_of_a_container(container, requests, limits, rules, words):
    pod = a_pod(container)
    refusal = refused(LimitRange(), a_move(pod, GROW, requests, limits), ruled(pod, item(**rules)))
    assert (refusal is None) if words is None else (words in refusal.message)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        pytest.param({"default_limits": Amounts(memory=256 * MIB)}, "a memory limit of 256Mi", id="a limit it lacks"),
        pytest.param({"default_limits": Amounts(cpu=900)}, "a cpu limit of 900m", id="of any resource"),
        pytest.param({"default_requests": Amounts(cpu=100)}, None, id="a request it has"),
        pytest.param({"default_limits": Amounts(cpu=900), "per_pod": True}, None, id="pods have no defaults"),
    ],
)
def test_defaults_are_not_taken_in_silence(rules, words):
    pod = a_pod(OPEN)
    refusal = refused(LimitRange(), a_move(pod), ruled(pod, item(**rules)))
    assert (refusal is None) if words is None else (words in refusal.message)


def test_a_request_that_the_move_itself_gives_needs_no_default():
    pod = a_pod(a_container(cpu=None))
    rule = item(default_requests=Amounts(cpu=100))
    assert not refuses(LimitRange(), a_move(pod, GROW, Amounts(cpu=200)), ruled(pod, rule))
    assert refuses(LimitRange(), a_move(pod, GROW, Amounts(memory=600 * MIB)), ruled(pod, rule))


def test_containers_that_do_not_move_are_checked_as_the_api_server_does():
    pod = a_pod(BOUNDED, a_container("side", cpu=10, limits=Amounts(100)))
    rule = ruled(pod, item(minimum=Amounts(cpu=50)))
    refusal = refused(LimitRange(), a_move(pod, GROW, Amounts(cpu=600)), rule)
    assert refusal.message == (
        "container side of pod shop/web-1 would have a cpu request of 10m, and must have at least 50m by LimitRange sizes"
    )


def test_pods_are_added_up():
    pod = a_pod(BOUNDED, a_container("side", cpu=100, limits=Amounts(500)))
    rule = ruled(pod, item(per_pod=True, maximum=Amounts(cpu=2000)))
    assert not refuses(LimitRange(), a_move(pod, GROW, limits=Amounts(1500)), rule)  # 1500 + 500
    refusal = refused(LimitRange(), a_move(pod, GROW, limits=Amounts(1501)), rule)
    assert refusal.message.startswith("pod shop/web-1 would have a cpu limit of 2")


def test_an_init_container_counts_where_it_needs_more_and_obeys_alone():
    init = a_container("init", cpu=900, kind=ContainerKind.INIT, limits=Amounts(3000))
    pod = a_pod(BOUNDED, init)
    assert refuses(LimitRange(), a_move(pod), ruled(pod, item(per_pod=True, maximum=Amounts(cpu=2000))))
    assert not refuses(LimitRange(), a_move(pod), ruled(pod, item(per_pod=True, maximum=Amounts(cpu=3000))))
    assert refuses(LimitRange(), a_move(pod), ruled(pod, item(maximum=Amounts(cpu=2000))))


def test_other_namespaces_have_other_rules():
    tight = item(maximum=Amounts(cpu=1))
    assert not refuses(LimitRange(), a_move(), a_world(limit_ranges={"other": (tight,)}))
    assert not refuses(LimitRange(), a_move(), a_world())
    pod = a_pod()
    assert refuses(LimitRange(), a_move(pod), ruled(pod, item(), tight))


def test_all_but_the_way_back():
    pod = a_pod(OPEN)
    assert intents(LimitRange(), ruled(pod, item(maximum=Amounts(cpu=1)))) == {RESCUE, GROW, SHRINK}
