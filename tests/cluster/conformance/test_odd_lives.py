"""Resizes of what does not simply run on: too full, crashing, not yet started, ended, ending, static."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests

from tests.cluster.api import MERGE, until
from tests.cluster.conformance.answers import BELOW_USAGE, STATIC_POD, at
from tests.cluster.conformance.pods import GATED, HUNGRY, MIB, SIZES, create, idle, of_cpu
from tests.cluster.conformance.seen import DRY_RUN, IN_PROGRESS, PENDING, check, condition, done, group, status_of
from tests.cluster.fixtures import Namespace, change, fresh_namespace, started

ROOMY: dict[str, Any] = {"requests": SIZES["requests"], "limits": {"cpu": "500m", "memory": "256Mi"}}
BACK_OFF = 10  # seconds, the shortest that a kubelet waits before a second restart


@pytest.fixture(scope="module")
def pods(cluster: Any) -> Iterator[Namespace]:
    with fresh_namespace(cluster.api(), "odd-lives") as made:
        yield made


def test_a_memory_limit_below_usage_is_an_error_until_it_is_taken_back(cluster, pods, minor):
    """The kubelet looks first, tries again for ever, and kills nothing. Its numbers are bytes."""
    if minor < 34:
        pytest.skip("1.33 refuses lower memory limits: see test_validation.py")
    address = pods.run("full", idle("main", "-memory", "128", sizes=ROOMY))["status"]["podIP"]
    until(lambda: listens(address), "it listens, and so has its memory")
    pods.resize("full", change(limits={"memory": "64Mi"})).expect()

    def failed(pod: Any) -> bool:
        return (condition(pod, IN_PROGRESS) or {}).get("reason") == "Error"

    pod = pods.until("full", failed, "an error", seconds=60)  # its numbers are up to 15 s old, and it may wait for new
    match = re.fullmatch(BELOW_USAGE, condition(pod, IN_PROGRESS)["message"])
    assert match, condition(pod, IN_PROGRESS)["message"]
    assert {match["pod_limit"], match["limit"]} <= {None, str(64 * MIB)} != {None}
    assert status_of(pod)["resources"] == ROOMY
    assert group(cluster, pod).bytes() == 256 * MIB

    pods.resize("full", change(limits={"memory": "256Mi"})).expect()
    assert status_of(pods.until("full", done, "taken back"))["restartCount"] == 0


def listens(address: str) -> bool:
    return bool(tell(address, ""))


def tell(address: str, what: str) -> Any:
    """Ask the burner; None while there is no answer, as from one that has just been killed."""
    try:
        return requests.get(f"http://{address}:8080/{what}", timeout=5).json()
    except requests.ConnectionError:
        return None


def test_a_raise_while_a_container_is_down(cluster, pods, minor):
    """Why it matters: what died of too little memory starts at once with more, however long it had to wait.

    But before 1.37 nobody raises the cgroup of its pod, which keeps the old limit, and no condition or size tells: it
    dies again (kubernetes/kubernetes#138760). So a rescue has to come, or to come again, while the container runs.
    """
    address = pods.run("down", idle(sizes=HUNGRY))["status"]["podIP"]
    die(pods, "down", address, 1)
    status = die(pods, "down", address, 2)  # after its first death it starts at once, now it has to wait
    dead = status["state"].get("terminated") or status["lastState"]["terminated"]
    assert dead["reason"] == "OOMKilled"

    pods.resize("down", change(limits={"memory": "256Mi"})).expect()
    after = pods.until("down", lambda pod: deaths(pod) == 2 and started(pod) and done(pod), "running")
    begun = datetime.fromisoformat(status_of(after)["state"]["running"]["startedAt"])
    waited = (begun - datetime.fromisoformat(dead["finishedAt"])).total_seconds()
    assert waited < BACK_OFF
    files = group(cluster, after)
    assert files.bytes() == 256 * MIB
    assert files.pod.bytes() == (256 if minor >= 37 else 64) * MIB

    pods.resize("down", change(limits={"memory": "288Mi"})).expect()
    pods.until("down", done, "raised while it runs")
    assert (files.bytes(), files.pod.bytes()) == (288 * MIB, 288 * MIB)


def deaths(pod: Any) -> int:
    """How often the container has ended."""
    status = status_of(pod)
    return int(status["restartCount"]) + ("running" not in status["state"])


def die(pods: Namespace, name: str, address: str, times: int) -> Any:
    """Let the container take more memory than it may; its status when it has died so often."""
    until(lambda: listens(address), "it listens")
    tell(address, "set?memory=128")
    return status_of(pods.until(name, lambda pod: deaths(pod) == times, "died"))


def test_a_pod_starts_with_the_size_that_it_was_given_before(cluster, pods):
    create(pods, "early", idle(), **GATED)
    pods.resize("early", of_cpu(80, 160)).expect()
    pods.api.patch(pods.path("pods", "early"), {"spec": {"schedulingGates": None}}, MERGE).expect()
    after = pods.until("early", lambda pod: started(pod) and done(pod), "running")
    assert status_of(after)["restartCount"] == 0
    assert group(cluster, after).millicores() == 160


def test_a_pod_that_has_ended_takes_any_size(pods):
    """Why it matters: accepted, no condition says otherwise, and whether it will ever look done is a matter of luck.

    Only the phase tells that there is nothing to wait for.
    """
    create(pods, "ended", idle("main", "-memory", "128", sizes=HUNGRY), restartPolicy="Never")
    pods.until("ended", lambda pod: pod["status"]["phase"] == "Failed", "ended")
    pods.resize("ended", change(requests={"cpu": "60m"})).expect()
    pods.run("later", idle())  # by then the kubelet has read what came before
    after = pods.pod("ended")
    assert after["status"]["phase"] == "Failed"
    assert "terminated" in status_of(after)["state"]
    assert condition(after, PENDING) is None


def test_a_pod_that_is_ending_is_not_resized_any_more(cluster, pods):
    """Why it matters: accepted, at times allocated or even said to be in progress, and it never is in force."""
    lingers = {"lifecycle": {"preStop": {"sleep": {"seconds": 60}}}}
    files = group(cluster, pods.run("ending", idle(**lingers), terminationGracePeriodSeconds=60))
    pods.api.delete(pods.path("pods", "ending")).expect()
    pods.until("ending", lambda pod: "deletionTimestamp" in pod["metadata"], "ending")
    pods.resize("ending", of_cpu(80, 160)).expect()
    pods.run("after-it", idle())  # by then the kubelet has read what came before
    after = pods.pod("ending")
    assert "running" in status_of(after)["state"]
    assert status_of(after)["resources"] == SIZES
    assert not done(after)
    assert files.millicores() == 100


def test_a_static_pod_is_not_resized(cluster, pods, minor):
    """It belongs to a file on the node. The pod that the API server shows is a mirror of it."""
    spec = {"terminationGracePeriodSeconds": 1, "containers": [idle()]}
    metadata = {"name": "static", "namespace": pods.name}
    manifest = cluster.node.static_pods / f"{pods.name}.json"
    name = "static-localhost"
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
    try:
        until(lambda: pods.api.get(pods.path("pods", name)).code == 200, "the mirror")
        assert "kubernetes.io/config.mirror" in pods.until(name, started, "started")["metadata"]["annotations"]
        for query in (DRY_RUN, ""):
            check(pods.resize(name, change(requests={"cpu": "60m"}), query=query), at(STATIC_POD, minor), name)
    finally:
        manifest.unlink()
        until(lambda: pods.api.get(pods.path("pods", name)).code == 404, "the mirror gone")
