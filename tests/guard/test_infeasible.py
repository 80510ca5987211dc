"""A node is asked once for what it will never do."""

from __future__ import annotations

import pytest

from tests.guard.builders import GROW, RESCUE, SHRINK, UNDO, a_move, refused, refuses
from tests.support.builders import MIB, WEB, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import TooBig
from vpa_inplace.guard.infeasible import InfeasibleBefore

TOO_LITTLE = "Node didn't have enough capacity: cpu, requested: 4000, capacity: 1500"
STATIC = 'Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"'


def size(requests, *, container="app", at=0.0, message=TOO_LITTLE):
    return TooBig(workload=WEB, container=container, node="node-1", requests=requests, at=at, message=message)


@pytest.mark.parametrize(
    ("refused_before", "asked", "expected"),
    [
        pytest.param([], Amounts(4000), False, id="nothing was refused"),
        pytest.param([size(Amounts(4000))], Amounts(3999), False, id="smaller"),
        pytest.param([size(Amounts(4000))], Amounts(4000), True, id="the same"),
        pytest.param([size(Amounts(4000))], Amounts(5000), True, id="larger"),
        pytest.param([size(Amounts(4000))], Amounts(memory=900 * MIB), False, id="the other resource, CPU at 500m"),
        pytest.param([size(Amounts(4000, 1024 * MIB))], Amounts(4000), False, id="smaller in memory, which has 512Mi"),
        pytest.param([size(Amounts(4000, 512 * MIB))], Amounts(4000), True, id="as large in memory, which has 512Mi"),
        pytest.param(
            [size(Amounts(4000)), size(Amounts(2000), at=60)], Amounts(2500), True, id="the smallest of several"
        ),
        pytest.param([size(Amounts(4000), container="gone")], Amounts(4000), False, id="of a container that is gone"),
    ],
)
def test_sizes(refused_before, asked, expected):
    move = a_move(a_pod(), GROW, asked, too_big=tuple(refused_before))
    assert refuses(InfeasibleBefore(), move) is expected


def test_the_containers_of_one_refusal_belong_together():
    """The node refused 4000m and 100m together: side is not barred from 200m for ever because app was too large."""
    pod = a_pod(a_container(cpu=500), a_container("side", cpu=50))
    before = (size(Amounts(4000), at=7), size(Amounts(100), container="side", at=7))
    assert not refuses(InfeasibleBefore(), a_move(pod, GROW, Amounts(200), container="side", too_big=before))
    large = a_pod(a_container(cpu=4000), a_container("side", cpu=50))
    assert refuses(InfeasibleBefore(), a_move(large, GROW, Amounts(200), container="side", too_big=before))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(Amounts(100), True, id="a smaller size"),
        pytest.param(Amounts(9000), True, id="a larger one"),
        pytest.param(Amounts(memory=900 * MIB), False, id="another resource"),
    ],
)
@pytest.mark.parametrize("intent", [RESCUE, GROW, SHRINK])
def test_a_refusal_for_other_reasons_than_room_holds_for_every_size(asked, expected, intent):
    move = a_move(a_pod(), intent, asked, too_big=(size(Amounts(4000), message=STATIC),))
    assert refuses(InfeasibleBefore(), move) is expected


def test_a_shrink_asks_for_no_room():
    pod = a_pod(a_container(cpu=9000))
    assert not refuses(InfeasibleBefore(), a_move(pod, SHRINK, Amounts(5000), too_big=(size(Amounts(4000)),)))
    assert refuses(InfeasibleBefore(), a_move(pod, RESCUE, Amounts(9500), too_big=(size(Amounts(4000)),)))


def test_the_way_back_is_not_held_up():
    assert not refuses(InfeasibleBefore(), a_move(None, UNDO, Amounts(5000), too_big=(size(Amounts(4000)),)))


def test_the_kubelet_is_quoted():
    refusal = refused(InfeasibleBefore(), a_move(None, GROW, Amounts(5000), too_big=(size(Amounts(4000)),)))
    assert refusal.message == f"node node-1 has refused 4 cpu for app: {TOO_LITTLE}"


def test_all_that_was_refused_together_is_named():
    pod = a_pod(a_container(cpu=5000), a_container("side", cpu=200))
    before = (size(Amounts(4000, 256 * MIB)), size(Amounts(100), container="side"))
    refusal = refused(InfeasibleBefore(), a_move(pod, GROW, Amounts(300), container="side", too_big=before))
    assert refusal.message == (
        f"node node-1 has refused 4 cpu and 256Mi memory for app and 100m cpu for side: {TOO_LITTLE}"
    )
