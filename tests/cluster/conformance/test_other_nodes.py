"""What only a node, or an API server, with other settings says: this cluster has a static CPU manager and lets any size in.

From 1.36 on PodResizeValidator refuses what a node can never give. It is a plugin, and can be off; older servers have
none. What the kubelet makes of such a size then is seen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import cluster as clusters
from tests.cluster import machine
from tests.cluster.conformance.answers import DEFERRED, STATIC_CPUS, TOO_LARGE, at
from tests.cluster.conformance.pods import MIB, SIZES, idle, of_cpu, start
from tests.cluster.conformance.seen import IN_PROGRESS, PENDING, condition, done, group, observed, status_of, waits
from tests.cluster.fixtures import VERSION, Namespace, change, fresh_namespace, or_skip

pytestmark = pytest.mark.xdist_group("other nodes")

VALIDATED = 36  # the first minor with PodResizeValidator
SAME: dict[str, Any] = {name: {"cpu": "100m", "memory": "64Mi"} for name in ("requests", "limits")}
PODS: dict[str, dict[str, Any]] = {
    "guaranteed": {"container": idle(sizes=SAME)},
    "guaranteed-too": {"container": idle(sizes=SAME)},
    "burstable": {"container": idle()},
    "huge": {"container": idle(sizes={"requests": {"cpu": "50m"}})},
    "large": {"container": idle(sizes={"requests": {"cpu": "50m"}})},
    "late": {"container": idle()},
    "other": {"container": idle(sizes={"requests": {"cpu": "700m"}})},
}


@pytest.fixture(scope="module")
def other(minor: int) -> Iterator[Any]:
    or_skip(machine.check_node)
    flags = ["--disable-admission-plugins=PodResizeValidator"] if minor >= VALIDATED else []
    with clusters.cluster(VERSION, *flags, cpuManagerPolicy="static") as running:
        yield running


@pytest.fixture(scope="module")
def pods(other: Any) -> Iterator[Namespace]:
    with fresh_namespace(other.api(), "other-nodes") as made:
        start(made, PODS)
        yield made


def test_a_static_cpu_manager_makes_guaranteed_pods_infeasible(other, pods, minor):
    """Nothing in the API tells before: not the node, not a dry run. Only a new size ends it."""
    asked = of_cpu(200)
    assert pods.resize("guaranteed", asked, query="?dryRun=All").code == 200
    pods.resize("guaranteed", asked).expect()
    pod = pods.until("guaranteed", lambda pod: waits(pod, "Infeasible"), "infeasible")
    assert condition(pod, PENDING)["message"] == at(STATIC_CPUS, minor)
    assert status_of(pod)["resources"] == SAME
    pods.resize("guaranteed", of_cpu(100)).expect()
    assert group(other, pods.until("guaranteed", done, "taken back")).millicores() == 100


def test_a_static_cpu_manager_leaves_other_pods_alone(other, pods):
    pods.resize("burstable", of_cpu(80, 160)).expect()
    assert group(other, pods.until("burstable", done, "done")).millicores() == 160


def test_a_static_cpu_manager_leaves_memory_alone(other, pods, minor):
    """From 1.34 on; 1.33 looks at the kind of pod only."""
    larger = {name: {"memory": "96Mi"} for name in ("requests", "limits")}
    pods.resize("guaranteed-too", change(**larger)).expect()
    if minor >= 34:
        assert group(other, pods.until("guaranteed-too", done, "done")).bytes() == 96 * MIB
    else:
        pods.until("guaranteed-too", lambda pod: waits(pod, "Infeasible"), "infeasible")


def test_a_size_above_the_node(pods, minor):
    """Why it matters: a kubelet of 1.36 puts off for ever what 1.33 to 1.35 called Infeasible. Only numbers tell.

    It has tried again when it has taken up another one, for which there is room at last.
    """
    reason, message = at(TOO_LARGE, minor)
    pods.resize("huge", change(requests={"cpu": "4"})).expect()
    pod = pods.until("huge", lambda pod: waits(pod, reason), reason)
    match = re.fullmatch(message, condition(pod, PENDING)["message"])
    assert match, condition(pod, PENDING)["message"]
    assert (match["resource"], match["requested"], match["capacity"]) == ("cpu", "4000", "1500")

    pods.resize("large", change(requests={"cpu": "900m"})).expect()
    assert re.fullmatch(DEFERRED, condition(pods.until("large", waits, "put off"), PENDING)["message"])
    pods.resize("other", change(requests={"cpu": "50m"})).expect()
    pods.until("large", done, "taken up", seconds=30 if minor >= 34 else 120)  # see test_deferred.py
    assert waits(pods.pod("huge"), reason)
    assert status_of(pods.pod("huge"))["allocatedResources"] == {"cpu": "50m"}

    pods.resize("huge", change(requests={"cpu": "60m"})).expect()
    pods.until("huge", done, "taken back")


def test_a_kubelet_that_is_away_makes_no_difference_to_the_answer(other, pods, minor):
    """Why it matters: accepted like any other, and then nothing until the kubelet is back.

    And since 1.34 not even then: for 30 s the generation is observed, there is no condition, and nothing is in force. A
    newer size is taken at once.
    """
    files = group(other, pods.pod("late"))
    other.plane.processes.stop("kubelet")
    try:
        silent = pods.resize("late", of_cpu(80, 160)).expect()
        assert pods.pod("late")["status"] == silent["status"]
    finally:
        other.node.start_kubelet()
    if minor >= 34:
        back = pods.until("late", lambda pod: observed(pod["status"], pod), "observed")
        assert (condition(back, PENDING), condition(back, IN_PROGRESS)) == (None, None)
        assert status_of(back)["resources"] == SIZES
        assert files.millicores() == 100
        pods.resize("late", of_cpu(80, 170)).expect()
    assert status_of(pods.until("late", done, "done", seconds=15))["restartCount"] == 0
    assert files.millicores() == (170 if minor >= 34 else 160)
