"""Every kind as a real API server gives it: the fields that are read, and those that are left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.cluster.api import MERGE
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.kind import Kind, group_of, path_to
from vpa_inplace.observe.kubernetes.kinds import (
    KINDS,
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    InPlacePodAutoscaler,
    Job,
    LimitRange,
    Namespace,
    Node,
    Pod,
    ReplicaSet,
    ResourceQuota,
    ScaledObject,
    StatefulSet,
    VerticalPodAutoscaler,
)
from vpa_inplace.observe.kubernetes.resources import Discovery

SINCE = "2026-11-01T10:00:00Z"
AT = datetime(2026, 11, 1, 10, tzinfo=UTC)
BUILT_IN = [kind for kind in KINDS if "." not in kind.group]


def kind_of(item: type[Any]) -> Kind[Any]:
    return next(kind for kind in KINDS if kind.item is item)


@pytest.fixture(scope="module")
def space(control_plane: Any) -> Iterator[str]:
    """A namespace with a service account, which pods must have."""
    api, name = control_plane.api(), "kinds"
    api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": {"team": "blue"}}}).expect()
    control_plane.service_account(name, "default")
    yield name
    for kind in (Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, HorizontalPodAutoscaler):
        api.call("DELETE", kind_of(kind).path(name), {"gracePeriodSeconds": 0}).expect()
    api.delete("/api/v1/nodes/kinds-1").expect(200, 404)


@pytest.fixture
def make(control_plane: Any, space: str) -> Callable[..., Any]:
    """Create an object, give it a status, and read it as what it is kept as."""
    client = KubeClient(KubeSettings(kubeconfig=control_plane.kubeconfig()))

    def made(item: type[Any], name: str, body: dict[str, Any], status: dict[str, Any] | None = None) -> Any:
        api, path = control_plane.api(), kind_of(item).path(space)
        metadata = {"name": name} | body.pop("metadata", {})
        api.create(path, {"metadata": metadata} | body).expect()
        if status is not None:
            api.patch(f"{path}/{name}/status", {"status": status}, MERGE).expect()
        return client.decoded(f"{path}/{name}", item)

    return made


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_where_a_kind_is(control_plane: Any, kind: Kind[Any]) -> None:
    discovery = Discovery(KubeClient(KubeSettings(kubeconfig=control_plane.kubeconfig())))
    found = discovery.find(kind.group_version, kind.name)
    assert found is not None
    assert (found.plural, found.namespaced) == (kind.plural, kind.namespaced)
    control_plane.api().get(kind.path()).expect()


def test_kinds_are_told_apart() -> None:
    assert len({kind.item for kind in KINDS}) == len({(kind.group, kind.name) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(path_to("v1"), "/api/v1", id="core"),
        pytest.param(path_to("apps/v1", "deployments"), "/apis/apps/v1/deployments", id="everywhere"),
        pytest.param(
            path_to("apps/v1", "deployments", "shop", "web", "scale"),
            "/apis/apps/v1/namespaces/shop/deployments/web/scale",
            id="subresource",
        ),
        pytest.param(
            path_to("v1", "pods", "../../secrets", "a/b"),
            "/api/v1/namespaces/..%2F..%2Fsecrets/pods/a%2Fb",
            id="no-escape",
        ),
        pytest.param(kind_of(Node).path("shop"), "/api/v1/nodes", id="what-has-no-namespace"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize(("version", "group"), [("v1", ""), ("apps/v1", "apps"), ("keda.sh/v1alpha1", "keda.sh")])
def test_groups(version: str, group: str) -> None:
    assert group_of(version) == group


# ------------------------------------------------------------------------------------------------------- pods and nodes


def test_a_pod_with_a_resize_on_its_way(make: Callable[..., Any]) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7", "uid": "u-7", "controller": True}
    amounts = {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    resize = {
        "type": "PodResizePending",
        "status": "True",
        "reason": "Deferred",
        "message": "Node didn't have enough resource: cpu, requested: 1400, used: 370, capacity: 1500",
        "lastTransitionTime": SINCE,
        "observedGeneration": 1,
    }
    started = {
        "name": "app",
        "image": "app:1",
        "imageID": "app@sha256:1234",
        "ready": True,
        "started": True,
        "restartCount": 2,
        "state": {"running": {"startedAt": SINCE}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": SINCE}},
        "allocatedResources": {"cpu": "200m", "memory": "64Mi"},
        "resources": {"requests": {"cpu": "150m"}, "limits": {"memory": "128Mi"}},
    }
    other = {"type": "PodScheduled", "status": "True", "lastTransitionTime": SINCE}
    pod: Pod = make(
        Pod,
        "web-7-x",
        {
            "metadata": {
                "labels": {"app": "web", "pod-template-hash": "7"},
                "annotations": {"vpa-inplace.io/keep": "yes", "huge": "x" * 1000},
                "ownerReferences": [owner],
            },
            "spec": {
                "containers": [{"name": "app", "image": "app:1", "resources": amounts, "resizePolicy": policy}],
                "initContainers": [{"name": "side", "image": "side:1", "restartPolicy": "Always"}],
                "nodeName": "node-1",
            },
        },
        {"phase": "Running", "observedGeneration": 1, "conditions": [resize, other], "containerStatuses": [started]},
    )
    meta, spec, status = pod.metadata, pod.spec, pod.status
    assert (meta.namespace, meta.name, meta.generation) == ("kinds", "web-7-x", 1)
    assert (meta.uid != "", meta.resource_version != "", meta.creation_timestamp is not None) == (True, True, True)
    assert meta.labels == {"app": "web", "pod-template-hash": "7"}
    assert meta.annotations == {"vpa-inplace.io/keep": "yes"}
    assert meta.controller is not None
    assert (meta.controller.api_version, meta.controller.kind, meta.controller.uid) == ("apps/v1", "ReplicaSet", "u-7")
    assert (spec.node_name, spec.priority, status.qos_class) == ("node-1", 0, "Burstable")
    before_1_34 = status.observed_generation is None  # it came with 1.34, in conditions too
    assert before_1_34 or status.observed_generation == 1
    app, side = spec.containers[0], (spec.init_containers or [])[0]
    assert app.resources is not None
    assert (app.resources.requests, app.resources.limits) == (amounts["requests"], amounts["limits"])
    assert [(p.resource_name, p.restart_policy) for p in app.resize_policy or ()] == [("memory", "RestartContainer")]
    assert side.restart_policy == "Always"
    (condition,) = status.conditions or ()
    assert (condition.type, condition.status, condition.reason) == ("PodResizePending", "True", "Deferred")
    assert (condition.message, condition.last_transition_time) == (resize["message"], AT)
    assert before_1_34 or condition.observed_generation == 1
    (seen,) = status.container_statuses or ()
    assert (seen.ready, seen.started, seen.restart_count, seen.image_id) == (True, True, 2, "app@sha256:1234")
    assert seen.allocated_resources == {"cpu": "200m", "memory": "64Mi"}
    assert seen.resources is not None
    assert (seen.resources.requests, seen.resources.limits) == ({"cpu": "150m"}, {"memory": "128Mi"})
    assert seen.state is not None
    assert seen.state.running is not None
    assert seen.state.running.started_at == AT
    assert seen.last_state is not None
    assert seen.last_state.terminated is not None
    killed = seen.last_state.terminated
    assert (killed.reason, killed.exit_code, killed.finished_at) == ("OOMKilled", 137, AT)


def test_a_pod_that_goes(control_plane: Any, make: Callable[..., Any], space: str) -> None:
    spec = {"containers": [{"name": "app", "image": "app:1"}], "nodeName": "node-1"}
    pod: Pod = make(Pod, "goes", {"spec": spec | {"overhead": None, "priority": None}})
    assert pod.metadata.deletion_timestamp is None
    path = f"/api/v1/namespaces/{space}/pods/goes"
    control_plane.api().call("DELETE", path, {"gracePeriodSeconds": 30}).expect()
    again = KubeClient(KubeSettings(kubeconfig=control_plane.kubeconfig())).decoded(path, Pod)
    assert again.metadata.deletion_timestamp is not None
    assert again.status.conditions is None


def test_a_node(make: Callable[..., Any]) -> None:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": SINCE}
    built = ("machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "architecture")
    info = dict.fromkeys((*built, "kubeProxyVersion"), "x")
    node: Node = make(
        Node,
        "kinds-1",
        {
            "metadata": {"labels": {"kubernetes.io/os": "linux"}},
            "spec": {"unschedulable": True, "taints": [{"key": "special", "value": "yes", "effect": "NoSchedule"}]},
        },
        {
            "allocatable": {"cpu": "1500m", "memory": "3600Mi"},
            "capacity": {"cpu": "2", "memory": "4Gi"},
            "conditions": [ready],
            "nodeInfo": info | {"kubeletVersion": "v1.36.3", "operatingSystem": "linux"},
            "declaredFeatures": ["InPlacePodLevelResourcesVerticalScaling"],
        },
    )
    assert node.metadata.namespace == ""
    assert (node.metadata.labels or {})["kubernetes.io/os"] == "linux"
    assert node.spec.unschedulable
    # a new node is tainted until it is ready, and one that is cordoned too
    assert ("special", "yes", "NoSchedule") in {(t.key, t.value, t.effect) for t in node.spec.taints or ()}
    assert (node.status.allocatable, node.status.capacity) == (
        {"cpu": "1500m", "memory": "3600Mi"},
        {"cpu": "2", "memory": "4Gi"},
    )
    assert [(c.type, c.status) for c in node.status.conditions or ()] == [("Ready", "True")]
    assert (node.status.node_info.kubelet_version, node.status.node_info.operating_system) == ("v1.36.3", "linux")
    assert node.status.declared_features in (
        None,
        ["InPlacePodLevelResourcesVerticalScaling"],
    )  # a field of 1.35 and later


# ------------------------------------------------------------------------------------------------------------ workloads

LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
SELECTED = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
ENDING = {"metadata": {"labels": LABELS}, "spec": TEMPLATE["spec"] | {"restartPolicy": "Never"}}


@pytest.mark.parametrize(
    ("item", "spec", "status", "expected_spec", "expected_status"),
    [
        pytest.param(
            Deployment,
            {"replicas": 4, "paused": True} | SELECTED,
            {"observedGeneration": 1, "replicas": 5, "updatedReplicas": 2, "readyReplicas": 3, "availableReplicas": 1},
            {"replicas": 4, "paused": True},
            {
                "observed_generation": 1,
                "replicas": 5,
                "updated_replicas": 2,
                "ready_replicas": 3,
                "available_replicas": 1,
            },
            id="Deployment",
        ),
        pytest.param(
            ReplicaSet,
            {"replicas": 4} | SELECTED,
            {"observedGeneration": 1, "replicas": 4, "readyReplicas": 3},
            {"replicas": 4},
            {"observed_generation": 1, "replicas": 4, "ready_replicas": 3},
            id="ReplicaSet",
        ),
        pytest.param(
            StatefulSet,
            {"replicas": 3, "serviceName": "db"} | SELECTED,
            {"observedGeneration": 1, "replicas": 3, "currentRevision": "db-1", "updateRevision": "db-2"},
            {"replicas": 3},
            {"replicas": 3, "current_revision": "db-1", "update_revision": "db-2"},
            id="StatefulSet",
        ),
        pytest.param(
            DaemonSet,
            SELECTED,
            {
                "currentNumberScheduled": 4,
                "desiredNumberScheduled": 5,
                "numberReady": 3,
                "numberMisscheduled": 0,
                "updatedNumberScheduled": 2,
            },
            {"replicas": None},
            {
                "current_number_scheduled": 4,
                "desired_number_scheduled": 5,
                "number_ready": 3,
                "updated_number_scheduled": 2,
            },
            id="DaemonSet",
        ),
        pytest.param(
            Job,
            {"parallelism": 2, "completions": 4, "suspend": False, "template": ENDING},
            {"active": 2, "ready": 1, "startTime": SINCE},
            {"parallelism": 2, "completions": 4, "suspend": False},
            {"active": 2, "ready": 1},
            id="Job",
        ),
        pytest.param(
            CronJob,
            {"schedule": "0 * * * *", "suspend": True, "jobTemplate": {"spec": {"template": ENDING}}},
            {"active": [{"kind": "Job", "name": "etl-1"}]},
            {"suspend": True},
            {"active": [{"kind": "Job", "name": "etl-1"}]},
            id="CronJob",
        ),
    ],
)
def test_workloads(
    make: Callable[..., Any],
    item: type[Any],
    spec: dict[str, Any],
    status: dict[str, Any],
    expected_spec: dict[str, Any],
    expected_status: dict[str, Any],
) -> None:
    found = make(item, "web", {"spec": spec}, status)
    assert found.metadata.generation == 1
    assert {key: getattr(found.spec, key) for key in expected_spec} == expected_spec
    assert {key: getattr(found.status, key) for key in expected_status} == expected_status


# ----------------------------------------------------------------------------------------------------- other autoscalers


def test_a_horizontal_autoscaler(make: Callable[..., Any]) -> None:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    memory = {"name": "memory", "container": "app", "target": {"type": "AverageValue", "averageValue": "1Gi"}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    limited = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas", "message": "at the maximum"}
    hpa: HorizontalPodAutoscaler = make(
        HorizontalPodAutoscaler,
        "web",
        {
            "spec": {
                "scaleTargetRef": target,
                "minReplicas": 2,
                "maxReplicas": 10,
                "metrics": [
                    {"type": "Resource", "resource": cpu},
                    {"type": "ContainerResource", "containerResource": memory},
                    {
                        "type": "External",
                        "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}},
                    },
                ],
            }
        },
        {"currentReplicas": 3, "desiredReplicas": 10, "currentMetrics": None, "conditions": [limited]},
    )
    assert (hpa.spec.scale_target_ref.kind, hpa.spec.scale_target_ref.name) == ("Deployment", "web")
    assert (hpa.spec.min_replicas, hpa.spec.max_replicas) == (2, 10)
    first, second, third = hpa.spec.metrics or ()
    assert first.resource is not None
    assert (first.type, first.resource.name, first.resource.target.average_utilization) == ("Resource", "cpu", 70)
    assert second.container_resource is not None
    assert (second.container_resource.container, second.container_resource.target.average_value) == ("app", "1Gi")
    assert (third.type, third.resource, third.container_resource) == ("External", None, None)
    assert (hpa.status.current_replicas, hpa.status.desired_replicas) == (3, 10)
    assert [condition.reason for condition in hpa.status.conditions or ()] == ["TooManyReplicas"]


@pytest.mark.parametrize(
    ("item", "text", "seen"),
    [
        pytest.param(
            VerticalPodAutoscaler,
            """{"metadata": {"name": "web", "namespace": "shop"}, "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "updatePolicy": {"updateMode": "InPlaceOrRecreate", "minReplicas": 2},
                "recommenders": [{"name": "vpa-inplace"}],
                "resourcePolicy": {"containerPolicies": [{"containerName": "side", "mode": "Off",
                    "controlledResources": ["cpu"], "minAllowed": {"cpu": 1}}]}},
             "status": {"recommendation": {}}}""",
            lambda vpa: (
                (
                    vpa.spec.target_ref.name,
                    vpa.spec.update_policy.update_mode,
                    vpa.spec.recommenders[0].name,
                    vpa.spec.resource_policy.container_policies[0].mode,
                    vpa.spec.resource_policy.container_policies[0].min_allowed,
                )
                == ("web", "InPlaceOrRecreate", "vpa-inplace", "Off", {"cpu": 1})
            ),
            id="upstream-vpa",
        ),
        pytest.param(
            VerticalPodAutoscaler,
            '{"metadata": {"name": "web"}, "spec": {"updatePolicy": null, "recommenders": null}}',
            lambda vpa: vpa.spec.target_ref is None and vpa.spec.recommenders is None,
            id="upstream-vpa-of-little",
        ),
        pytest.param(
            ScaledObject,
            """{"metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"name": "web"}, "idleReplicaCount": 0,
                "triggers": [{"type": "memory", "metricType": "Utilization", "metadata": {"value": "80"}}]},
             "status": {"hpaName": "keda-hpa-web", "pausedReplicaCount": 3}}""",
            lambda keda: (
                (
                    keda.spec.scale_target_ref["name"],
                    keda.spec.triggers[0].type,
                    keda.spec.idle_replica_count,
                    keda.status.hpa_name,
                    keda.status.paused_replica_count,
                )
                == ("web", "memory", 0, "keda-hpa-web", 3)
            ),
            id="keda",
        ),
        pytest.param(
            InPlacePodAutoscaler,
            '{"metadata": {"name": "web", "generation": 2}, "spec": {"targetRef": {"kind": 7}}}',
            lambda ours: (ours.spec, ours.metadata.generation) == ({"targetRef": {"kind": 7}}, 2),
            id="ours-as-it-was-written",
        ),
    ],
)
def test_kinds_that_no_api_server_has_by_itself(item: type[Any], text: str, seen: Callable[[Any], bool]) -> None:
    assert seen(msgspec.json.decode(text, type=item))


# ----------------------------------------------------------------------------------------------------------- namespaces


def test_a_limit_range(make: Callable[..., Any]) -> None:
    limits = {
        "type": "Container",
        "max": {"cpu": "2"},
        "min": {"cpu": "10m"},
        "default": {"cpu": "1"},
        "defaultRequest": {"cpu": "100m"},
        "maxLimitRequestRatio": {"cpu": "10"},
    }
    (item,) = make(LimitRange, "limits", {"spec": {"limits": [limits]}}).spec.limits
    assert (item.type, item.max, item.min) == ("Container", {"cpu": "2"}, {"cpu": "10m"})
    assert (item.default, item.default_request, item.max_limit_request_ratio) == (
        {"cpu": "1"},
        {"cpu": "100m"},
        {"cpu": "10"},
    )


def test_a_quota(make: Callable[..., Any]) -> None:
    hard = {"requests.cpu": "10", "limits.memory": "20Gi"}
    quota: ResourceQuota = make(
        ResourceQuota,
        "quota",
        {"spec": {"hard": hard, "scopes": ["NotTerminating"]}},
        {"hard": hard, "used": {"requests.cpu": "7500m", "limits.memory": "5Gi"}},
    )
    assert (quota.spec.hard, quota.spec.scopes, quota.status.hard) == (hard, ["NotTerminating"], hard)
    assert quota.status.used == {"requests.cpu": "7500m", "limits.memory": "5Gi"}


def test_a_namespace(control_plane: Any, space: str) -> None:
    client = KubeClient(KubeSettings(kubeconfig=control_plane.kubeconfig()))
    found = client.decoded(f"/api/v1/namespaces/{space}", Namespace)
    assert (found.metadata.labels or {})["team"] == "blue"


def test_what_many_objects_share_is_kept_once() -> None:
    text = '{"metadata": {"name": "%s", "namespace": "shop", "labels": {"app": "web"}}, "spec": {"containers": [], "nodeName": "n"}}'
    first, second = (msgspec.json.decode(text % name, type=Pod) for name in ("a", "b"))
    assert first.metadata.namespace is second.metadata.namespace
    assert first.spec.node_name is second.spec.node_name
    assert (first.metadata.labels or {})["app"] is (second.metadata.labels or {})["app"]
