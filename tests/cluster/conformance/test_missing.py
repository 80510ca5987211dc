"""How to know that there is nothing to resize: no such pod, or a server that does not know resizing at all.

Both are a 404. The second needs a server that has the feature off, which newer ones allow only where they emulate an
older version. It is asked by discovery first; the answer is for servers that changed under a client's feet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import cluster as clusters
from tests.cluster import machine
from tests.cluster.conformance.answers import MISSING, at
from tests.cluster.conformance.pods import GATED, create, idle
from tests.cluster.conformance.seen import DRY_RUN, check
from tests.cluster.fixtures import VERSION, Namespace, change, or_skip

pytestmark = pytest.mark.usefixtures("cluster")  # also for pytest-xdist: all of this goes where the cluster is

LOCKED = 35  # from this minor on, only what emulates an older one can be without
RAISE = change(requests={"cpu": "60m"})


@pytest.fixture(scope="module")
def without(minor: int) -> Iterator[Any]:
    """A control plane whose API server does not serve pods/resize."""
    or_skip(machine.check_control_plane)
    emulated = ["--emulated-version=1.34"] if minor >= LOCKED else []
    off = "--feature-gates=InPlacePodVerticalScaling=false"
    with clusters.control_plane(VERSION, *emulated, off) as plane:
        plane.service_account("default", "default")  # no controller makes it here
        yield plane


def verbs(api: Any) -> list[str]:
    """What can be done to pods/resize, as discovery has it."""
    served = api.get("/api/v1").expect()["resources"]
    return next((one["verbs"] for one in served if one["name"] == "pods/resize"), [])


def test_discovery_tells_whether_pods_can_be_resized(cluster, without):
    assert sorted(verbs(cluster.api())) == ["get", "patch", "update"]
    assert verbs(without.api()) == []


def test_the_version_alone_does_not_tell(cluster, without, minor):
    """Why it matters: an emulated version is in fields that older servers do not have; gitVersion says nothing of it."""
    here, there = (one.api().get("/version").expect() for one in (cluster, without))
    assert here["gitVersion"] == there["gitVersion"] == f"v{VERSION}"
    assert (here["minor"], there["minor"]) == (str(minor), str(minor))
    if minor >= LOCKED:
        assert there["emulationMinor"] == "34"
        assert here.get("emulationMinor", str(minor)) == str(minor)


@pytest.mark.parametrize("query", ["", DRY_RUN], ids=["real", "dry run"])
def test_a_pod_that_is_gone_is_named(namespace, minor, query):
    check(namespace.resize("ghost", RAISE, query=query), at(MISSING["a pod that is gone"], minor), "ghost")
    check(
        namespace.api.get(namespace.path("pods", "ghost", "resize")), at(MISSING["a pod that is gone"], minor), "ghost"
    )


@pytest.mark.parametrize("query", ["", DRY_RUN], ids=["real", "dry run"])
def test_a_subresource_that_is_not_served_names_nothing(without, minor, query):
    """The same for a pod that is there and for one that is not."""
    place = Namespace("default", without.api())
    if place.api.get(place.path("pods", "pod")).code == 404:
        create(place, "pod", idle(), **GATED)
    for name in ("pod", "ghost"):
        answer = place.resize(name, RAISE, query=query)
        check(answer, at(MISSING["a server without the subresource"], minor))
    assert place.pod("pod")["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "50m"


@pytest.mark.parametrize("query", ["", DRY_RUN], ids=["real", "dry run"])
def test_a_namespace_that_is_gone_is_a_pod_that_is_gone(cluster, minor, query):
    answer = Namespace("nowhere", cluster.api()).resize("ghost", RAISE, query=query)
    check(answer, at(MISSING["a pod that is gone"], minor), "ghost")
