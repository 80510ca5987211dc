"""A small cluster's objects, shaped as a real API server lists them."""

from __future__ import annotations

from typing import Any

from tests.cluster.state_metrics import LISTS
from tests.cluster.state_series import Object
from tests.observe.kubernetes.test_discover import Cluster

BORN = "2026-03-02T12:00:00Z"


def an_object(name: str, namespace: str = "shop", owner: tuple[str, str] | None = None, **metadata: Any) -> Object:
    where = {"namespace": namespace} if namespace else {}
    told = {"name": name, "uid": f"uid-{name}", "resourceVersion": "7", "creationTimestamp": BORN} | where | metadata
    if owner:
        kind, owner_name = owner
        reference = {"apiVersion": "v1", "kind": kind, "name": owner_name, "uid": "x", "controller": True}
        told["ownerReferences"] = [reference | {"blockOwnerDeletion": True}]
    return {"metadata": told}


def a_container(name: str, **more: Any) -> Object:
    return {"name": name, "image": f"{name}:1", "resources": {}, "imagePullPolicy": "IfNotPresent"} | more


def a_status(name: str, restarts: int = 0, **last_state: Any) -> Object:
    return {
        "name": name,
        "ready": True,
        "restartCount": restarts,
        "image": f"docker.io/library/{name}:1",
        "imageID": f"sha256:{name}",
        "containerID": f"containerd://{name}",
        "state": {"running": {"startedAt": BORN}},
        "lastState": last_state,
    }


def a_pod(base: Object, *containers: Object, phase: str = "Running", statuses: Any = None, **more: Any) -> Object:
    """Runs on node-1, unless it is told otherwise."""
    if statuses is None:
        statuses = [a_status(container["name"]) for container in containers]
    spec = {"containers": list(containers), "nodeName": "node-1", "priority": 0} | more.pop("spec", {})
    qos = more.pop("qos", "Burstable")
    seen = {"phase": phase, "qosClass": qos, "hostIP": "10.0.0.9", "podIP": "10.0.1.7", "containerStatuses": statuses}
    return base | {"spec": spec, "status": seen | more}


def a_web_pod(name: str = "web-5d9-abc", restarts: int = 2, **more: Any) -> Object:
    """A pod with everything: a sidecar, an init container, a GPU, an OOM kill, labels."""
    killed = {"exitCode": 137, "reason": "OOMKilled", "startedAt": BORN, "finishedAt": "2026-03-02T12:30:00Z"}
    app = a_container(
        "app",
        resources={
            "requests": {"cpu": "250m", "memory": "256Mi", "ephemeral-storage": "1Gi"},
            "limits": {"memory": "512Mi", "nvidia.com/gpu": "1"},
        },
        ports=[{"containerPort": 8000, "protocol": "TCP"}],
    )
    proxy = a_container("proxy", restartPolicy="Always", resources={"requests": {"cpu": "100m"}})
    migrate = a_container("migrate", resources={"limits": {"cpu": "1"}, "requests": {"cpu": "1"}})
    labels = {"app.kubernetes.io/partOf": "shop", "a.b": "1", "a-b": "2"}
    return a_pod(
        an_object(name, owner=("ReplicaSet", "web-5d9"), labels=labels, **more),
        app,
        statuses=[a_status("app", restarts, terminated=killed)],
        spec={"initContainers": [proxy, migrate], "priorityClassName": "high"},
        initContainerStatuses=[a_status("proxy", 4), a_status("migrate")],
    )


def a_node(name: str, os_image: str, allocatable: dict[str, str], **spec: Any) -> Object:
    told = ("kernelVersion", "containerRuntimeVersion", "kubeletVersion", "kubeProxyVersion", "systemUUID")
    resources = {"cpu": "1500m", "memory": "3686400Ki", "pods": "60", "hugepages-2Mi": "0"} | allocatable
    return an_object(name, namespace="") | {
        "spec": {"podCIDR": "10.0.1.0/24"} | spec,
        "status": {
            "allocatable": resources,
            "addresses": [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": "10.0.0.9"}],
            "nodeInfo": dict.fromkeys(told, "v") | {"osImage": os_image, "operatingSystem": "linux"},
        },
    }


def a_cluster() -> Cluster:
    """Each kind of owner, a pod before its start, one on its way out, one that is over, one of the node's own."""
    small = a_container("main", resources={"requests": {"cpu": "1", "memory": "1Gi"}})
    size = {"cpu": "2", "memory": "1Gi"}
    guaranteed = a_container("db", resources={"requests": size, "limits": size})
    lost = {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None}
    owners = [{"kind": "ConfigMap", "name": "aside"}, {"kind": "Widget", "name": "above", "controller": True}]
    mirror, host = {"kubernetes.io/config.mirror": "0123"}, {"hostNetwork": True}
    pods = [
        a_web_pod(),
        a_pod(an_object("db-0", "data", owner=("StatefulSet", "db")), guaranteed, qos="Guaranteed"),
        a_pod(an_object("etl-1-x", owner=("Job", "etl-1")), small, phase="Succeeded"),
        a_pod(an_object("old-1", owner=("ReplicationController", "old")), small),
        a_pod(an_object("going", owner=("DaemonSet", "d"), deletionTimestamp="2026-03-02T13:00:00Z"), small),
        a_pod(an_object("proxy-node-1", "kube-system", owner=("Node", "node-1"), annotations=mirror), small, spec=host),
        a_pod(an_object("moved", ownerReferences=owners), small, statuses=[a_status("main", 1, terminated=lost)]),
        a_pod(an_object("waits"), small, phase="Pending", statuses=[], spec={"nodeName": ""}),
    ]
    return Cluster(
        {
            LISTS["namespaces"]: [an_object(name, namespace="") for name in ("shop", "data", "empty")],
            LISTS["nodes"]: [
                a_node("node-1", "Debian GNU/Linux 13 (trixie)", {"ephemeral-storage": "94774132Ki"}),
                a_node("node-2", "Windows Server 2022 Datacenter", {"nvidia.com/gpu": "4"}, unschedulable=True),
            ],
            LISTS["pods"]: pods,
            LISTS["replicationcontrollers"]: [an_object("old", owner=("DeploymentConfig", "old"))],
            LISTS["replicasets"]: [an_object("web-5d9", owner=("Deployment", "web")), an_object("alone")],
            LISTS["jobs"]: [an_object("etl-1", owner=("CronJob", "etl")), an_object("by-hand")],
        }
    )
