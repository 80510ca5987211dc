"""Pods and nodes of an API server as the facts that the brain reasons about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.observe.kubernetes.seen import CORE, Json, a_pod, a_top, an_object, owned_by
from tests.support.builders import MIB
from vpa_inplace.domain import pods as domain
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import ContainerKind, QosClass, ResizeStatus
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.kubernetes.facts import NodeFacts, PodFacts, pod_of
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.pods import Node, Pod

BEGAN, LATER = "2026-11-24T12:49:50Z", "2026-11-24T12:50:37Z"
BEGAN_AT, LATER_AT = datetime(2026, 11, 24, 12, 49, 50, tzinfo=UTC), datetime(2026, 11, 24, 12, 50, 37, tzinfo=UTC)
WEB = WorkloadKey("test", "shop", "Deployment", "web")
TOP = a_top("Deployment", "web", "apps/v1")
IMAGE = "sha256:22c8f99809e0a7956785e037c9654ac9e6dd3e3ab69aacd6072789aba089c7a7"

# A pod of a Deployment whose resize to 900m is deferred, as Kubernetes 1.36.3 gives it, without what nobody reads.
DEFERRED = a_pod(
    "web-5fd9b79895-qfvbg",
    owned_by("apps/v1", "ReplicaSet", "web-5fd9b79895"),
    metadata={
        "resourceVersion": "482",
        "generation": 2,
        "creationTimestamp": BEGAN,
        "labels": {"app": "web", "pod-template-hash": "5fd9b79895"},
    },
    spec={
        "containers": [
            {
                "name": "main",
                "image": "apps:1",
                "resources": {
                    "limits": {"cpu": "1", "memory": "96Mi"},
                    "requests": {"cpu": "900m", "memory": "32Mi"},
                },
            }
        ],
        "nodeName": "node-1",
        "restartPolicy": "Always",
        "priority": 7,
    },
    status={
        "observedGeneration": 2,
        "phase": "Running",
        "conditions": [
            {
                "type": "PodResizePending",
                "observedGeneration": 2,
                "status": "True",
                "lastProbeTime": LATER,
                "lastTransitionTime": LATER,
                "reason": "Deferred",
                "message": "Node didn't have enough resource: cpu, requested: 900, used: 900, capacity: 1500",
            },
            {"type": "Ready", "observedGeneration": 2, "status": "True", "lastTransitionTime": BEGAN},
        ],
        "containerStatuses": [
            {
                "name": "main",
                "state": {"running": {"startedAt": BEGAN}},
                "lastState": {},
                "ready": True,
                "restartCount": 1,
                "imageID": IMAGE,
                "started": True,
                "allocatedResources": {"cpu": "50m", "memory": "32Mi"},
                "resources": {
                    "limits": {"cpu": "100m", "memory": "96Mi"},
                    "requests": {"cpu": "50m", "memory": "32Mi"},
                },
            }
        ],
        "qosClass": "Burstable",
    },
)


def wire(body: Json) -> Pod:
    return msgspec.json.decode(json.dumps(body), type=Pod)


def fact(body: Json, systems: Mapping[str, str] = {}) -> domain.Pod:
    return pod_of(wire(body), WEB, systems)


def the_container(spec: Json, status: Json | None = None) -> domain.Container:
    statuses = [] if status is None else [{"name": "app"} | status]
    body = a_pod("p", spec={"containers": [{"name": "app"} | spec]}, status={"containerStatuses": statuses})
    (one,) = fact(body).containers
    return one


def test_a_whole_pod() -> None:
    """Asked for 900m, 50m set aside and in force."""
    assert fact(DEFERRED) == domain.Pod(
        namespace="shop",
        name="web-5fd9b79895-qfvbg",
        uid="uid-Pod-web-5fd9b79895-qfvbg",
        workload=WEB,
        containers=(
            domain.Container(
                name="main",
                requests=Amounts(900, 32 * MIB),
                limits=Amounts(1000, 96 * MIB),
                restarts=1,
                image=IMAGE,
                started=BEGAN_AT,
                ready=True,
                allocated=Amounts(50, 32 * MIB),
                actual_requests=Amounts(50, 32 * MIB),
                actual_limits=Amounts(100, 96 * MIB),
            ),
        ),
        qos=QosClass.BURSTABLE,
        phase="Running",
        node="node-1",
        created=BEGAN_AT,
        priority=7,
        revision="5fd9b79895",
        resource_version="482",
        generation=2,
        observed_generation=2,
        resize=ResizeStatus(
            pending="Deferred",
            message="Node didn't have enough resource: cpu, requested: 900, used: 900, capacity: 1500",
            since=LATER_AT,
        ),
    )


def test_a_pod_that_nobody_has_looked_at() -> None:
    """Just created: no node, no status to speak of."""
    pod = fact(a_pod("new", status={"phase": "Pending", "qosClass": "Burstable"}))
    (container,) = pod.containers
    assert (pod.node, pod.phase, pod.live, pod.created, pod.observed_generation) == (None, "Pending", True, None, None)
    assert (container.ready, container.started, container.restarts, container.image) == (False, None, 0, "")
    assert (container.allocated, container.actual_requests, container.actual_limits) == (None, None, None)


# ---------------------------------------------------------------------------------------------------------- containers


@pytest.mark.parametrize(
    ("resources", "requests", "limits"),
    [
        pytest.param({"resources": {}}, Amounts(), Amounts(), id="best-effort"),
        pytest.param({}, Amounts(), Amounts(), id="not-a-word"),
        pytest.param({"resources": {"requests": {"cpu": "1"}}}, Amounts(1000), Amounts(), id="cpu-only"),
        pytest.param(
            {"resources": {"limits": {"memory": "1Gi", "nvidia.com/gpu": "1"}}},
            Amounts(),
            Amounts(memory=1024 * MIB),
            id="devices-are-not-ours",
        ),
        # 100000000500m is 100,000,000.5 bytes, as 1.36 stores "100000000.5"; like Value() it rounds up
        pytest.param(
            {"resources": {"requests": {"cpu": "124m", "memory": "100000000500m"}}},
            Amounts(124, 100_000_001),
            Amounts(),
            id="half-a-byte",
        ),
    ],
)
def test_what_is_asked_for(resources: Json, requests: Amounts, limits: Amounts) -> None:
    container = the_container(resources)
    assert (container.requests, container.limits) == (requests, limits)


@pytest.mark.parametrize(
    ("status", "allocated", "actual"),
    [
        pytest.param({}, None, (None, None), id="before-1.33"),
        pytest.param({"resources": {}}, None, (Amounts(), Amounts()), id="best-effort"),
        pytest.param(
            {
                "allocatedResources": {"cpu": "50m"},
                "resources": {"requests": {"cpu": "40m"}, "limits": {"cpu": "100m"}},
            },
            Amounts(50),
            (Amounts(40), Amounts(100)),
            id="set-aside-and-not-in-force-yet",
        ),
    ],
)
def test_what_the_kubelet_tells(status: Json, allocated: Amounts | None, actual: tuple[Any, Any]) -> None:
    container = the_container({}, status)
    assert container.allocated == allocated
    assert (container.actual_requests, container.actual_limits) == actual


def terminated(reason: str, at: str | None) -> Json:
    return {"terminated": {"exitCode": 137, "reason": reason} | ({"finishedAt": at} if at else {})}


@pytest.mark.parametrize(
    ("status", "killed"),
    [
        pytest.param({"state": {"running": {"startedAt": LATER}}, "lastState": {}}, None, id="never"),
        pytest.param({"lastState": terminated("OOMKilled", BEGAN)}, BEGAN_AT, id="and-runs-again"),
        pytest.param({"state": terminated("OOMKilled", LATER)}, LATER_AT, id="just-now"),
        pytest.param(
            {"state": terminated("OOMKilled", LATER), "lastState": terminated("OOMKilled", BEGAN)}, LATER_AT, id="twice"
        ),
        pytest.param({"lastState": terminated("Error", BEGAN)}, None, id="for-another-reason"),
        pytest.param(
            {"state": terminated("Error", LATER), "lastState": terminated("OOMKilled", BEGAN)},
            BEGAN_AT,
            id="before-that",
        ),
        pytest.param({"lastState": terminated("OOMKilled", None)}, None, id="nobody-knows-when"),
    ],
)
def test_oom_kills(status: Json, killed: datetime | None) -> None:
    assert the_container({}, status).last_oom == killed


@pytest.mark.parametrize(
    ("policy", "restarting"),
    [
        pytest.param(None, set(), id="unsaid"),
        pytest.param(
            [
                {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                {"resourceName": "memory", "restartPolicy": "RestartContainer"},
            ],
            {Resource.MEMORY},
            id="memory",
        ),
        pytest.param([{"resourceName": "cpu", "restartPolicy": "RestartContainer"}], {Resource.CPU}, id="cpu"),
    ],
)
def test_restart_on_resize(policy: Any, restarting: set[Resource]) -> None:
    assert the_container({"resizePolicy": policy}).restart_on_resize == restarting


def test_sidecars_and_init_containers_have_statuses_of_their_own() -> None:
    """A container and a sidecar cannot share a name; their statuses are in two lists all the same."""
    pod = fact(
        a_pod(
            "p",
            spec={
                "containers": [{"name": "app"}],
                "initContainers": [{"name": "first"}, {"name": "proxy", "restartPolicy": "Always"}],
            },
            status={
                "containerStatuses": [{"name": "app", "restartCount": 1}],
                "initContainerStatuses": [{"name": "first", "restartCount": 2}, {"name": "proxy", "restartCount": 3}],
            },
        )
    )
    assert [(c.name, c.kind, c.restarts) for c in pod.containers] == [
        ("app", ContainerKind.APP, 1),
        ("first", ContainerKind.INIT, 2),
        ("proxy", ContainerKind.SIDECAR, 3),
    ]
    assert [c.name for c in pod.containers if c.sized] == ["app", "proxy"]


# ---------------------------------------------------------------------------------------------------------------- pods


@pytest.mark.parametrize(
    ("labels", "revision"),
    [
        pytest.param({"pod-template-hash": "5fd9b79895"}, "5fd9b79895", id="deployment"),
        pytest.param({"controller-revision-hash": "db-8457bcff44"}, "db-8457bcff44", id="stateful-set"),
        pytest.param(
            {"controller-revision-hash": "99d78c5f6", "pod-template-generation": "1"}, "99d78c5f6", id="daemon-set"
        ),
        pytest.param({"rollouts-pod-template-hash": "86666d6ffc"}, "86666d6ffc", id="argo-rollout"),
        pytest.param(
            {
                "controller-revision-hash": "lws-99c4ff976",
                "leaderworkerset.sigs.k8s.io/template-revision-hash": "855d7",
            },
            "855d7",
            id="leader-worker-set",
        ),
        pytest.param({"app": "web"}, "", id="job-or-bare-pod"),
        pytest.param(None, "", id="no-labels"),
    ],
)
def test_revisions(labels: Json | None, revision: str) -> None:
    assert fact(a_pod("p", metadata={"labels": labels})).revision == revision


@pytest.mark.parametrize(
    ("spec", "systems", "os"),
    [
        pytest.param({"nodeName": "node-1"}, {"node-1": "linux"}, "linux", id="linux"),
        pytest.param({"nodeName": "node-1"}, {"node-1": "windows"}, "windows", id="the-node-says"),
        pytest.param(
            {"nodeName": "node-1", "os": {"name": "windows"}}, {"node-1": "linux"}, "windows", id="the-pod-says"
        ),
        pytest.param({"nodeSelector": {"kubernetes.io/os": "windows"}}, {}, "windows", id="it-asks-for"),
        pytest.param({"nodeName": "node-2"}, {"node-1": "windows"}, "linux", id="nobody-says"),
    ],
)
def test_operating_systems(spec: Json, systems: dict[str, str], os: str) -> None:
    assert fact(a_pod("p", spec={"containers": [{"name": "app"}]} | spec), systems).os == os


@pytest.mark.parametrize(
    ("spec", "claims"),
    [
        pytest.param({"containers": [{"name": "a"}, {"name": "b", "resources": {"claims": [{"name": "gpu"}]}}]}, True),
        pytest.param(
            {
                "containers": [{"name": "a"}],
                "initContainers": [{"name": "b", "resources": {"claims": [{"name": "gpu"}]}}],
            },
            True,
        ),
        pytest.param({"containers": [{"name": "a", "resources": {"claims": []}}]}, False),
    ],
    ids=["second-container", "init-container", "none"],
)
def test_claims(spec: Json, claims: bool) -> None:
    assert fact(a_pod("p", spec=spec)).claims is claims


def test_the_class_is_the_servers_and_ours_where_it_says_none() -> None:
    """Of a pod-level limit (KEP-2837) our own reckoning knows nothing."""
    sizes = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
    spec = {"containers": [{"name": "app", "resources": sizes}]}
    assert fact(a_pod("p", spec=spec, status={})).qos is QosClass.GUARANTEED
    assert fact(a_pod("p", spec=spec, status={"qosClass": "Burstable"})).qos is QosClass.BURSTABLE
    assert fact(a_pod("p", spec={"containers": [{"name": "app"}]}, status={})).qos is QosClass.BEST_EFFORT


def test_static_and_terminating_pods() -> None:
    mirror = fact(a_pod("p", metadata={"annotations": {"kubernetes.io/config.mirror": "7e2f"}}))
    leaving = fact(a_pod("p", metadata={"deletionTimestamp": LATER}))
    assert (mirror.static, mirror.terminating) == (True, False)
    assert (leaving.static, leaving.terminating, leaving.live) == (False, True, True)


PENDING = {"type": "PodResizePending", "status": "True", "reason": "Deferred", "message": "no room"}
PENDING |= {"lastTransitionTime": LATER}
RUNNING = {"type": "PodResizeInProgress", "status": "True", "lastTransitionTime": BEGAN}
FAILS = RUNNING | {"reason": "Error", "message": "below current usage"}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param([], ResizeStatus(), id="quiet"),
        pytest.param([{"type": "Ready", "status": "True", "lastTransitionTime": BEGAN}], ResizeStatus(), id="ready"),
        pytest.param([PENDING], ResizeStatus(pending="Deferred", message="no room", since=LATER_AT), id="deferred"),
        pytest.param(
            [PENDING | {"reason": "Infeasible", "message": "never"}],
            ResizeStatus(pending="Infeasible", message="never", since=LATER_AT),
            id="infeasible",
        ),
        pytest.param([RUNNING], ResizeStatus(in_progress=True, since=BEGAN_AT), id="in-progress"),
        pytest.param(
            [FAILS],
            ResizeStatus(in_progress=True, failing=True, message="below current usage", since=BEGAN_AT),
            id="error",
        ),
        pytest.param(
            [FAILS, PENDING],
            ResizeStatus(pending="Deferred", in_progress=True, failing=True, message="no room", since=LATER_AT),
            id="one-fails-and-a-newer-one-waits",
        ),
        pytest.param([PENDING | {"status": "False"}], ResizeStatus(), id="no-more"),
    ],
)
def test_resizes(conditions: list[Json], expected: ResizeStatus) -> None:
    status = fact(a_pod("p", status={"phase": "Running", "conditions": conditions})).resize
    assert status == expected
    assert status.quiet is (expected == ResizeStatus())


# ------------------------------------------------------------------------------------------------- tick after tick


def facts_of(facts: PodFacts, pods: list[Pod], top: Top = TOP, systems: Mapping[str, str] = {}) -> list[domain.Pod]:
    skips: list[Skip] = []
    found = list(facts.of(pods, {pod.metadata.uid: top for pod in pods}, systems, skips))
    assert not skips
    return found


def test_pods_that_are_over_are_not_there() -> None:
    pods = [
        wire(a_pod(phase.lower(), status={"phase": phase})) for phase in ("Running", "Succeeded", "Failed", "Pending")
    ]
    assert [pod.name for pod in facts_of(PodFacts("test"), pods)] == ["running", "pending"]


def test_one_that_cannot_be_read_is_said_and_the_others_go_on() -> None:
    odd = a_pod("odd", spec={"containers": [{"name": "app", "resources": {"requests": {"cpu": "much"}}}]})
    pods = [wire(odd), wire(a_pod("even"))]
    facts, tops = PodFacts("test"), {pod.metadata.uid: TOP for pod in pods}
    for _ in range(2):  # each tick anew: it is still so
        skips: list[Skip] = []
        assert [pod.name for pod in facts.of(pods, tops, {}, skips)] == ["even"]
        assert [(skip.what, skip.reason) for skip in skips] == [("shop/odd", "UnreadablePod")]
        assert "much" in skips[0].message


def test_pods_of_a_workload_share_its_key() -> None:
    one, other = facts_of(PodFacts("test"), [wire(a_pod("a")), wire(a_pod("b"))])
    assert one.workload is other.workload


TOPS = (TOP, a_top("Rollout", "web"), a_top("Deployment", "api"))
SYSTEMS: tuple[dict[str, str], ...] = ({}, {"node-1": "linux"}, {"node-1": "windows"})
Step = tuple[frozenset[int], frozenset[int], int, int]
"""Pods that are there, pods that come as new objects, whose they are, what the node runs."""


@given(
    st.lists(
        st.tuples(
            st.frozensets(st.integers(0, 3), min_size=2),
            st.frozensets(st.integers(0, 3), max_size=2),
            st.integers(0, len(TOPS) - 1),
            st.integers(0, len(SYSTEMS) - 1),
        ),
        max_size=6,
    )
)
def test_what_is_remembered_is_what_would_be_found_anew(steps: list[Step]) -> None:
    """Whatever comes, goes and changes: the facts are right, and the same objects as long as they may be."""
    facts, versions = PodFacts("test"), dict.fromkeys(range(4), 0)
    wires: dict[int, Pod] = {}
    before: dict[str, domain.Pod] = {}
    last: tuple[object, ...] = ()
    for there, touched, top, system in steps:
        for i in range(4):
            if i in touched or i not in wires:
                versions[i] += 1
                spec = {"containers": [{"name": "app", "resources": {"requests": {"cpu": f"{versions[i]}"}}}]}
                wires[i] = wire(a_pod(f"p-{i}", spec=spec | {"nodeName": "node-1"}))
        pods = [wires[i] for i in sorted(there)]
        found = facts_of(facts, pods, TOPS[top], SYSTEMS[system])
        assert found == [pod_of(pod, TOPS[top].key("test"), SYSTEMS[system]) for pod in pods]
        same = last == (TOPS[top], SYSTEMS[system])
        for pod, i in zip(found, sorted(there), strict=True):
            if pod.uid in before and same and i not in touched:
                assert pod is before[pod.uid]
        before, last = {pod.uid: pod for pod in found}, (TOPS[top], SYSTEMS[system])


@pytest.mark.parametrize(
    ("top", "systems"),
    [
        pytest.param(TOP, {"node-1": "windows"}, id="its-node-told-later-what-it-runs"),
        pytest.param(a_top("Deployment", "api"), {}, id="another-name"),
        pytest.param(a_top("Rollout", "web"), {}, id="another-kind"),
    ],
)
def test_what_a_pod_is_depends_on_more_than_its_object(top: Top, systems: dict[str, str]) -> None:
    facts, pods = PodFacts("test"), [wire(DEFERRED)]
    (before,) = facts_of(facts, pods)
    (after,) = facts_of(facts, pods, top, systems)
    assert after == pod_of(pods[0], top.key("test"), systems) != before
    assert facts_of(facts, pods, top, systems)[0] is after


def test_a_doubt_about_the_owner_does_not_make_another_pod() -> None:
    facts, pods = PodFacts("test"), [wire(DEFERRED)]
    (first,) = facts_of(facts, pods)
    (second,) = facts_of(facts, pods, a_top("Deployment", "web", "apps/v1", doubt="deployments may not be read"))
    assert first is second


# --------------------------------------------------------------------------------------------------------------- nodes


def nodes(*bodies: Json) -> tuple[NodeFacts, list[Skip]]:
    skips: list[Skip] = []
    wired = [msgspec.json.decode(json.dumps(body), type=Node) for body in bodies]
    return NodeFacts.of(wired, skips), skips


def a_node(name: str = "node-1", **body: Any) -> Json:
    """As 1.36.3 gives it, without what nobody reads."""
    told = {"MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False", "Ready": "True"}
    status = {
        "capacity": {"cpu": "2", "memory": "24684084Ki", "pods": "60"},
        "allocatable": {"cpu": "1500m", "memory": "3686964Ki", "pods": "60"},
        "conditions": [{"type": kind, "status": status} for kind, status in told.items()],
        "nodeInfo": {"kubeletVersion": "v1.36.3", "operatingSystem": "linux"},
    }
    metadata = {"namespace": "", "labels": {"kubernetes.io/os": "linux"}}
    defaults = {"metadata": metadata, "spec": {}, "status": status}
    return an_object(CORE, "Node", name, **defaults | body)


def the_node(**body: Any) -> domain.Node:
    found, skips = nodes(a_node(**body))
    assert not skips
    return found.nodes["node-1"]


def test_a_node() -> None:
    found, skips = nodes(a_node())
    assert found.nodes == {
        "node-1": domain.Node(name="node-1", allocatable=Amounts(1500, 3686964 * 1024), version=(1, 36))
    }
    assert (found.systems, skips) == ({"node-1": "linux"}, [])


@pytest.mark.parametrize(
    ("told", "ready", "pressure"),
    [
        pytest.param({"Ready": "True", "MemoryPressure": "True"}, True, {"MemoryPressure"}, id="short-of-memory"),
        pytest.param(
            {"Ready": "True", "DiskPressure": "True", "PIDPressure": "True"},
            True,
            {"DiskPressure", "PIDPressure"},
            id="two",
        ),
        pytest.param({"Ready": "Unknown", "MemoryPressure": "Unknown"}, False, set(), id="lost"),
        pytest.param({"Ready": "False"}, False, set(), id="not-ready"),
        pytest.param({}, False, set(), id="just-registered"),
    ],
)
def test_conditions(told: dict[str, str], ready: bool, pressure: set[str]) -> None:
    node = the_node(status={"conditions": [{"type": kind, "status": status} for kind, status in told.items()]})
    assert (node.ready, node.pressure) == (ready, pressure)


@pytest.mark.parametrize(
    ("body", "leaving"),
    [
        pytest.param({"spec": {"taints": [{"key": "dedicated", "effect": "NoSchedule"}]}}, "", id="stays"),
        pytest.param(
            {"spec": {"taints": [{"key": "ToBeDeletedByClusterAutoscaler", "value": "17", "effect": "NoSchedule"}]}},
            "the cluster autoscaler removes it",
            id="autoscaler",
        ),
        pytest.param(
            {"spec": {"taints": [{"key": "karpenter.sh/disrupted", "effect": "NoSchedule"}]}},
            "Karpenter replaces it",
            id="karpenter",
        ),
        pytest.param(
            {
                "metadata": {"namespace": "", "deletionTimestamp": LATER},
                "spec": {"taints": [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]},
            },
            "it is being deleted; it is out of service",
            id="for-two-reasons",
        ),
    ],
)
def test_nodes_that_leave(body: Json, leaving: str) -> None:
    assert the_node(**body).leaving == leaving


def test_a_cordoned_node() -> None:
    assert the_node(spec={"unschedulable": True}).unschedulable
    assert not the_node().unschedulable


@pytest.mark.parametrize(
    ("kubelet", "version"),
    [
        pytest.param("v1.36.3", (1, 36), id="plain"),
        pytest.param("v1.33.5-gke.1162000", (1, 33), id="gke"),
        pytest.param("v1.34.1-eks-113cf36", (1, 34), id="eks"),
        pytest.param("v1.37.0-rc.1+k3s1", (1, 37), id="k3s"),
        pytest.param("v1.36", (1, 36), id="short"),
        pytest.param("fake", None, id="none"),
        pytest.param("", None, id="not-told"),
    ],
)
def test_versions(kubelet: str, version: tuple[int, int] | None) -> None:
    assert the_node(status={"nodeInfo": {"kubeletVersion": kubelet}}).version == version


def test_what_a_node_runs_is_told_by_its_label_or_its_kubelet() -> None:
    info = {"nodeInfo": {"kubeletVersion": "v1.36.3", "operatingSystem": "windows"}}
    found, _ = nodes(a_node("a", status=info), a_node("b", status=info, metadata={"namespace": "", "labels": None}))
    assert found.systems == {"a": "linux", "b": "windows"}


def test_a_node_that_cannot_be_read_is_said_and_still_runs_something() -> None:
    found, skips = nodes(a_node("odd", status={"allocatable": {"cpu": "-1"}}), a_node("even"))
    assert list(found.nodes) == ["even"]
    assert found.systems == {"odd": "linux", "even": "linux"}
    assert [(skip.what, skip.reason) for skip in skips] == [("node odd", "UnreadableNode")]
