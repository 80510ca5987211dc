"""A resize for which there is no room now: put off, whole, until there is, or until it is taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cluster.conformance.answers import DEFERRED
from tests.cluster.conformance.pods import SIZES, create, idle, of_cpu, start
from tests.cluster.conformance.seen import IN_PROGRESS, PENDING, condition, done, group, observed, status_of, waits
from tests.cluster.fixtures import Namespace, change, started

NODE = 1500  # millicores that pods may have: tests/cluster/node.py
TAKEN_UP, SYNCED = 30, 120  # seconds; seen: 0.1 to 0.4 s, and up to 90 s
OTHER = {"container": idle(sizes={"requests": {"cpu": "700m"}})}


@pytest.fixture
def put_off(namespace: Namespace) -> Namespace:
    """A pod that wants 900 millicores beside another one that has 700 of 1500."""
    start(namespace, {"other": OTHER, "pod": {"container": idle()}})
    namespace.resize("pod", of_cpu(900, 1000)).expect()
    namespace.until("pod", waits, "put off")
    return namespace


def told(pod: Any) -> re.Match[str]:
    message = condition(pod, PENDING)["message"]
    match = re.fullmatch(DEFERRED, message)
    assert match, message
    return match


def test_the_message_has_the_numbers_and_nothing_changed(cluster, put_off, minor):
    """Used is what the other pods have; nothing of the new size is in force."""
    pod = put_off.pod("pod")
    match = told(pod)
    assert (match["resource"], match["requested"], match["capacity"]) == ("cpu", "900", str(NODE))
    assert 700 <= int(match["used"]) < 900
    assert ("observedGeneration" in condition(pod, PENDING)) == (minor >= 34)
    assert condition(pod, IN_PROGRESS) is None
    assert status_of(pod)["allocatedResources"] == SIZES["requests"]
    assert status_of(pod)["resources"] == SIZES
    assert group(cluster, pod).millicores() == 100


def test_the_message_tells_the_largest_size_that_fits(put_off):
    """Why it matters: a rescue takes what there is, at once, instead of waiting for what there is not."""
    match = told(put_off.pod("pod"))
    room = int(match["capacity"]) - int(match["used"])
    put_off.resize("pod", of_cpu(room, 1000)).expect()
    put_off.until("pod", done, "all the room taken")
    put_off.resize("pod", of_cpu(room + 1, 1000)).expect()
    put_off.until("pod", waits, "one millicore more put off")


@pytest.mark.parametrize("freed", ["a pod goes", "a pod shrinks"])
def test_it_is_taken_up_when_there_is_room(cluster, put_off, minor, freed):
    """At once, since 1.34. Before, nobody tells the pod: it looks again at its next sync, some time within 90 seconds."""
    if freed == "a pod goes":
        put_off.api.delete(put_off.path("pods", "other")).expect()
    else:
        put_off.resize("other", change(requests={"cpu": "50m"})).expect()
    after = put_off.until("pod", done, "taken up", seconds=TAKEN_UP if minor >= 34 else SYNCED)
    assert group(cluster, after).millicores() == 1000


def test_it_can_be_taken_back(cluster, put_off):
    put_off.resize("pod", change(**SIZES)).expect()
    after = put_off.until("pod", done, "taken back")
    assert status_of(after)["allocatedResources"] == SIZES["requests"]
    assert group(cluster, after).millicores() == 100


def test_it_holds_its_room_against_new_pods(put_off):
    """Why it matters: the scheduler counts the size asked for, so a size that waits for ever keeps others out."""
    create(put_off, "new", idle(sizes={"requests": {"cpu": "300m"}}))  # beside 700 + 50 there is room for 750

    def unschedulable(pod: Any) -> bool:
        return (condition(pod, "PodScheduled") or {}).get("reason") == "Unschedulable"

    put_off.until("new", unschedulable, "kept out")
    put_off.resize("pod", change(**SIZES)).expect()
    put_off.until("new", started, "let in")


def test_a_newer_size_replaces_it_for_good(put_off, minor):
    """It does not come back when there is room."""
    put_off.resize("pod", of_cpu(1000)).expect()
    put_off.until("pod", waits, "the newer one put off")
    put_off.resize("pod", of_cpu(70, 140)).expect()
    fits = put_off.until("pod", done, "the newest one done")
    assert observed(fits["status"], fits)
    assert ("observedGeneration" in fits["status"]) == (minor >= 34)
    put_off.resize("other", change(requests={"cpu": "50m"})).expect()
    put_off.until("other", done, "room made")
    after = put_off.pod("pod")
    assert done(after)
    assert after["spec"] == fits["spec"]


def test_a_pod_is_resized_whole_or_not_at_all(cluster, namespace):
    """Why it matters: a container that wants too much holds up its siblings, even one that wants less."""
    start(namespace, {"other": OTHER})
    namespace.run("pod", idle(), idle("beside", "-listen", ":8081"))
    namespace.resize("pod", of_cpu(1000), of_cpu(20, 40, "beside")).expect()
    pod = namespace.until("pod", waits, "put off")
    assert status_of(pod, "beside")["resources"] == SIZES
    assert group(cluster, pod, "beside").millicores() == 100


def test_a_pod_that_never_found_room_starts_when_it_asks_for_less(namespace):
    start(namespace, {"other": OTHER})
    create(namespace, "pod", idle(sizes={"requests": {"cpu": "1400m"}}))
    namespace.until("pod", lambda pod: (condition(pod, "PodScheduled") or {}).get("reason"), "unschedulable")
    namespace.resize("pod", change(requests={"cpu": "100m"})).expect()
    after = namespace.until("pod", lambda pod: started(pod) and done(pod), "running")
    assert status_of(after)["allocatedResources"] == {"cpu": "100m"}
