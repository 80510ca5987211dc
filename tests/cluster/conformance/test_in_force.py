"""A resize that the node can give: how it shows that it is in force, and what looks like it before.

Each test ends at what the kubelet says, never at a time, and then looks into the container's cgroup: there is the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.conformance.pods import MIB, REQUESTS, RESTARTS, SIZES, idle, of_cpu, start
from tests.cluster.conformance.seen import IN_PROGRESS, PENDING, condition, done, group, status_of
from tests.cluster.fixtures import Namespace, change, fresh_namespace, started

# Case: what is asked for, and the limits that the cgroup has then (millicores, MiB).
SEEN: dict[str, tuple[dict[str, Any], int, int]] = {
    "cpu-up": (of_cpu(80, 300), 300, 96),
    "cpu-down": (of_cpu(20, 40), 40, 96),
    "cpu-request": (change(requests={"cpu": "80m"}), 100, 96),
    "cpu-limit": (change(limits={"cpu": "70m"}), 70, 96),
    "memory-up": (change(requests={"memory": "64Mi"}, limits={"memory": "192Mi"}), 100, 192),
    "memory-request": (change(requests={"memory": "16Mi"}), 100, 96),
    "both-up": (
        change(requests={"cpu": "80m", "memory": "64Mi"}, limits={"cpu": "160m", "memory": "128Mi"}),
        160,
        128,
    ),
}
# Case, for a container whose memory has the policy RestartContainer: what is asked for, and how often it restarts.
POLICY: dict[str, tuple[dict[str, Any], int]] = {
    "restart-cpu": (of_cpu(80, 160), 0),
    "restart-limit-up": (change(limits={"memory": "128Mi"}), 1),
    "restart-limit-down": (change(limits={"memory": "64Mi"}), 1),
    # A request is no limit of the cgroup, and still counts.
    "restart-request": (change(requests={"memory": "48Mi"}), 1),
    # One restarts, both wait for it: who wants CPU without a restart sends CPU alone.
    "restart-both": (change(requests={"cpu": "80m"}, limits={"memory": "128Mi"}), 1),
}
SIDECAR = idle("side", "-listen", ":8081", restartPolicy="Always")
PODS: dict[str, dict[str, Any]] = (
    {name: {"container": idle()} for name in (*SEEN, "smaller", "answer", "limit-alone", "quick", "tiny", "half")}
    | {name: {"container": idle(**RESTARTS)} for name in POLICY}
    | {"unlimited": {"container": idle(sizes=REQUESTS)}}
    | {"sidecar": {"container": idle(), "initContainers": [SIDECAR]}}
)


@pytest.fixture(scope="module")
def pods(cluster: Any) -> Iterator[Namespace]:
    """A pod for each test. Together they ask for less than the node has."""
    with fresh_namespace(cluster.api(), "in-force") as made:
        start(made, PODS)
        yield made


def resize(pods: Namespace, name: str, *containers: dict[str, Any]) -> Any:
    """Ask, and wait until it is done."""
    pods.resize(name, *containers).expect()
    return pods.until(name, done, "resize done")


@pytest.mark.parametrize("name", SEEN)
def test_what_is_done_is_in_the_cgroup(cluster, pods, name):
    """And nothing restarted: the same process has other limits."""
    asked, millicores, mebibytes = SEEN[name]
    before = pods.pod(name)
    files = group(cluster, before)
    weight = files.weight()
    after = resize(pods, name, asked)
    assert (files.millicores(), files.bytes()) == (millicores, mebibytes * MIB)
    assert (files.pod.millicores(), files.pod.bytes()) == (millicores, mebibytes * MIB)
    wanted = int(asked["resources"].get("requests", {}).get("cpu", "50m")[:-1])
    assert (files.weight() > weight, files.weight() < weight) == (wanted > 50, wanted < 50)
    assert status_of(after)["containerID"] == status_of(before)["containerID"]
    assert status_of(after)["restartCount"] == 0


def test_a_lower_memory_limit_is_in_the_cgroup(cluster, pods, minor):
    """Since 1.34, where the process uses less than that. Before, the API server says no."""
    if minor < 34:
        pytest.skip("1.33 refuses: see test_validation.py")
    files = group(cluster, pods.pod("smaller"))
    resize(pods, "smaller", change(requests={"memory": "16Mi"}, limits={"memory": "64Mi"}))
    assert files.bytes() == 64 * MIB


def test_the_answer_to_a_patch_says_nothing_about_the_kubelet(pods, minor):
    """Why it matters: no condition is not "done". For some milliseconds there is none, and all else is as it was."""
    answer = pods.resize("answer", of_cpu(80)).expect()
    assert condition(answer, PENDING) is None
    assert condition(answer, IN_PROGRESS) is None
    assert status_of(answer)["resources"] == SIZES
    assert not done(answer)
    if minor >= 34:
        assert answer["status"]["observedGeneration"] < answer["metadata"]["generation"]
    else:
        assert "observedGeneration" not in answer["status"]


def test_a_limit_alone_does_not_show_in_what_is_allocated(pods):
    """Why it matters: allocatedResources are requests; who compares only them calls a limit done at once."""
    answer = pods.resize("limit-alone", change(limits={"cpu": "90m"})).expect()
    asked = answer["spec"]["containers"][0]["resources"]
    assert status_of(answer)["allocatedResources"] == asked["requests"]
    assert not done(answer)
    after = pods.until("limit-alone", done, "limit in force")
    assert status_of(after)["allocatedResources"] == asked["requests"]
    assert status_of(after)["resources"] == asked


def test_the_last_of_quick_resizes_is_what_remains(cluster, pods):
    files = group(cluster, pods.pod("quick"))
    answers = [pods.resize("quick", of_cpu(cpu, 2 * cpu)).expect() for cpu in (60, 70, 80, 90)]
    after = pods.until("quick", done, "last one done")
    assert after["metadata"]["generation"] == answers[-1]["metadata"]["generation"]
    assert files.millicores() == 180


def test_sizes_below_what_the_kernel_can_hold_are_done(cluster, pods):
    """The status repeats what was asked for; the cgroup has the kernel's minimum of 10 millicores."""
    files = group(cluster, pods.pod("tiny"))
    resize(pods, "tiny", of_cpu(1, 5))
    assert files.millicores() == 10


def test_half_a_byte_never_gets_done(pods):
    """Why it matters: the status rounds up and the spec does not, so the kubelet compares them in vain, for ever.

    An amount of memory has to be sent as a whole number. Whoever meets such a pod can only mend it by a new size.
    """
    pods.resize("half", change(requests={"memory": "40000000.5"})).expect()
    pods.resize("half", of_cpu(60, 120)).expect()

    def in_force_but_for_memory(pod: Any) -> bool:
        sizes = status_of(pod).get("resources", {})
        return sizes.get("requests") == {"cpu": "60m", "memory": "40000001"} and sizes["limits"]["cpu"] == "120m"

    stuck = pods.until("half", in_force_but_for_memory, "the later resize in force")
    assert stuck["spec"]["containers"][0]["resources"]["requests"]["memory"] == "40000000500m"
    assert condition(stuck, IN_PROGRESS)
    assert not done(stuck)
    resize(pods, "half", change(requests={"memory": "40000001"}))


@pytest.mark.parametrize("name", POLICY)
def test_a_policy_of_restart_counts_for_its_resource_only(cluster, pods, name):
    asked, restarts = POLICY[name]
    before = pods.pod(name)
    pods.resize(name, asked).expect()
    after = pods.until(name, lambda pod: done(pod) and started(pod), "done and running")
    assert status_of(after)["restartCount"] == restarts
    assert (status_of(after)["containerID"] == status_of(before)["containerID"]) == (restarts == 0)
    limits = after["spec"]["containers"][0]["resources"]["limits"]
    files = group(cluster, after)
    wanted = int(limits["cpu"][:-1]), int(limits["memory"][:-2]) * MIB
    assert (files.millicores(), files.bytes()) == wanted == (files.pod.millicores(), files.pod.bytes())


def test_limits_can_be_added_to_a_running_container(cluster, pods, minor):
    """Where a limit is, a limit stays: see "a limit removed" in test_validation.py. So this cannot be undone."""
    files = group(cluster, pods.pod("unlimited"))
    assert (files.millicores(), files.bytes()) == (None, None)
    memory = {"memory": "96Mi"} if minor >= 34 else {}
    after = resize(pods, "unlimited", change(limits={"cpu": "100m"} | memory))
    assert status_of(after)["restartCount"] == 0
    assert (files.millicores(), files.bytes()) == (100, 96 * MIB if memory else None)


def test_a_sidecar_is_resized_like_a_container(cluster, pods):
    before = pods.pod("sidecar")
    files = group(cluster, before, "side")
    patch = {"spec": {"initContainers": [of_cpu(80, 160, "side")]}}
    answer = pods.api.patch(pods.path("pods", "sidecar", "resize"), patch).expect()
    asked = answer["spec"]["initContainers"][0]["resources"]
    after = pods.until("sidecar", lambda pod: done(pod) and status_of(pod, "side")["resources"] == asked, "resized")
    assert status_of(after, "side")["restartCount"] == 0
    assert files.millicores() == 160
    assert group(cluster, before).millicores() == 100
