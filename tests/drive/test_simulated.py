"""The simulated cluster does what the kubelet and the back-test protocol would do."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.builders import MIB, rows_of_names
from vpa_inplace.domain.amounts import UNKNOWN, Amounts
from vpa_inplace.domain.evidence import Evidence
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.domain.pods import QosClass, qos_of
from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.simulated import SimulatedCluster
from vpa_inplace.recommend import Sizes

ROWS = rows_of_names("a", "b")
STEP = 300
DAY = 86400
NOTHING = Evidence(
    newest=np.full((2, 2), np.nan, np.float32),
    cut_off=np.zeros((2, 2), np.bool_),
    age=np.zeros((2, 2)),
    recent_peak=np.full((2, 2), np.nan, np.float32),
    peak=np.full((2, 2), np.nan, np.float32),
    peak_age=np.zeros((2, 2)),
    coverage=np.zeros((2, 2)),
    fleet=np.ones(2),
)
UNSEEN = np.full(2, np.nan)
BOTH = np.ones(2, np.bool_)


def sizes(cpu: list[int], memory: list[int]) -> Sizes:
    target = np.array([cpu, memory])
    return Sizes(target=target, lower=target, upper=target, uncapped=target, why=np.zeros(target.shape, np.uint8))


def a_cluster(*, cpu: int = 500, memory: int = 500 * MIB, delay: int = 0) -> SimulatedCluster:
    """Two pods of one size, in force since epoch second 0."""
    cluster = SimulatedCluster(ROWS, step=STEP, delay=delay)
    cluster.bear(sizes([cpu, cpu], [memory, memory]), np.ones((2, 2), np.bool_))
    cluster.keep(BOTH)
    cluster.settle(0, UNSEEN)
    return cluster


def resize(cluster: SimulatedCluster, row: int, *, cpu: int | None = None, memory: int | None = None) -> None:
    now = cluster.spec[:, row]
    old, new = Amounts(int(now[0]), int(now[1])), Amounts(cpu, memory)
    pod = cluster.snapshot(0, NOTHING).pods[row]
    cluster.resize([Move(pod, Intent.GROW, (Change("app", row, old, old, new, new),), np.inf)])


def memory_in_force(cluster: SimulatedCluster) -> int:
    return int(cluster.in_force[Resource.MEMORY, 0])


def test_pods_are_guaranteed_and_show_what_was_asked_for() -> None:
    cluster = a_cluster()
    resize(cluster, 1, cpu=800)
    snapshot = cluster.snapshot(STEP, NOTHING)
    assert [pod.qos for pod in snapshot.pods] == [QosClass.GUARANTEED] * 2
    assert [qos_of(pod.containers) for pod in snapshot.pods] == [QosClass.GUARANTEED] * 2
    assert snapshot.pods[1].containers[0].requests == Amounts(800, 500 * MIB)
    np.testing.assert_array_equal(snapshot.slots.request, [[500, 800], [500 * MIB, 500 * MIB]])
    np.testing.assert_array_equal(snapshot.slots.limit, snapshot.slots.request)
    assert snapshot.epoch == STEP


def test_snapshots_already_given_away_do_not_change() -> None:
    cluster = a_cluster()
    before = cluster.snapshot(0, NOTHING)
    resize(cluster, 0, cpu=900)
    assert before.slots.request[0, 0] == 500
    assert before.pods[0].containers[0].requests.cpu == 500


def test_a_pod_is_born_when_something_is_known_and_gets_the_rest_when_it_is() -> None:
    cluster = SimulatedCluster(ROWS, step=STEP)
    everybody = np.ones((2, 2), np.bool_)
    cluster.bear(sizes([100, UNKNOWN], [UNKNOWN, UNKNOWN]), everybody)
    cluster.keep(BOTH)
    assert [pod.name for pod in cluster.snapshot(0, NOTHING).pods] == ["a"]
    np.testing.assert_array_equal(cluster.settle(0, UNSEEN), [[100, np.nan], [np.nan, np.nan]])
    cluster.bear(sizes([999, 50], [7 * MIB, 8 * MIB]), everybody)
    cluster.keep(BOTH)
    assert len(cluster.snapshot(0, NOTHING).pods) == 2
    # CPU of the first was there already: being born again changes nothing
    np.testing.assert_array_equal(cluster.settle(STEP, UNSEEN), [[100, 50], [7 * MIB, 8 * MIB]])


def test_a_pod_that_is_not_alive_is_not_listed() -> None:
    cluster = a_cluster()
    cluster.keep(np.array([False, True]))
    snapshot = cluster.snapshot(0, NOTHING)
    assert [pod.name for pod in snapshot.pods] == ["b"]
    assert snapshot.slots.row.tolist() == [1]


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_resize_comes_into_force_after_the_delay(delay: int) -> None:
    cluster = a_cluster(delay=delay)
    resize(cluster, 0, cpu=800)
    seen = [cluster.settle(STEP * k, UNSEEN)[0, 0] for k in range(1, 6)]
    assert seen == [500] * delay + [800] * (5 - delay)


def test_a_birth_knows_no_delay() -> None:
    cluster = SimulatedCluster(ROWS, step=STEP, delay=2)
    cluster.bear(sizes([100, 100], [MIB, MIB]), np.ones((2, 2), np.bool_))
    np.testing.assert_array_equal(cluster.settle(0, UNSEEN)[0], [100, 100])


@pytest.mark.parametrize(
    ("had", "raised"),
    [
        pytest.param(100 * MIB, 200 * MIB, id="small-gets-100-mib"),
        pytest.param(1000 * MIB, 1200 * MIB, id="large-gets-a-fifth"),
    ],
)
def test_an_oom_kill_raises_the_limit_at_once_and_is_told_once(had: int, raised: int) -> None:
    cluster = a_cluster(memory=had)
    cluster.live(0, np.array([True, False]))
    told = cluster.snapshot(STEP, NOTHING)
    assert [pod.containers[0].last_oom for pod in told.pods] == [told.now, None]
    cluster.settle(STEP, UNSEEN)
    assert memory_in_force(cluster) == raised
    cluster.live(STEP, np.array([False, False]))
    assert [pod.containers[0].last_oom for pod in cluster.snapshot(2 * STEP, NOTHING).pods] == [None, None]


def test_the_raised_limit_is_held_for_a_day_unless_more_is_asked_for() -> None:
    cluster = a_cluster(memory=1000 * MIB)
    cluster.live(0, np.array([True, False]))
    for now, asked, expected in (
        (STEP, 900 * MIB, 1200 * MIB),
        (2 * STEP, 1500 * MIB, 1500 * MIB),
        (3 * STEP, 900 * MIB, 1200 * MIB),
        (DAY, 900 * MIB, 1200 * MIB),  # 24 h after the start of the window of the kill: the last step it is held
        (DAY + STEP, 900 * MIB, 900 * MIB),
    ):
        resize(cluster, 0, memory=asked)
        cluster.settle(now, UNSEEN)
        assert memory_in_force(cluster) == expected, now


def test_a_second_excess_is_a_second_kill() -> None:
    cluster = a_cluster(memory=1000 * MIB)
    for now in (0, STEP):
        cluster.live(now, np.array([True, False]))
        cluster.settle(now + STEP, UNSEEN)
    assert memory_in_force(cluster) == 1440 * MIB


def test_a_shrink_below_usage_waits_until_usage_falls() -> None:
    cluster = a_cluster(memory=500 * MIB)
    resize(cluster, 0, memory=300 * MIB)
    for used, expected in ((301, 500), (301, 500), (300, 300)):
        due = cluster.settle(STEP, np.array([used * MIB, np.nan]))
        assert due[Resource.MEMORY, 0] == 300 * MIB
        assert memory_in_force(cluster) == expected * MIB
