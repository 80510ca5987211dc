"""Discovery over HTTP against an API server that pages, refuses, forgets and lies like a real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.builders import MIB
from tests.support.servers import Answer, Request, Server, answering, as_json
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import SourceConfused, SourceRefused, SourceUnavailable, UnknownName, UsageError
from vpa_inplace.domain.pods import ContainerKind, QosClass
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.discovery import Discovered
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings, discover
from vpa_inplace.observe.kubernetes import client as client_module
from vpa_inplace.observe.source import Scope

Object = dict[str, object]


def a_pod(name: str, *, namespace: str = "shop", owner: tuple[str, str] | None = None, **spec: object) -> Object:
    metadata: Object = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", "resourceVersion": "7"}
    if owner:
        metadata["ownerReferences"] = [
            {"kind": owner[0], "name": owner[1], "controller": True, "apiVersion": "v1", "uid": "x"}
        ]
    container = {"name": "app", "image": "i", "resources": {"requests": {"cpu": "250m", "memory": "128Mi"}}}
    return {
        "metadata": metadata,
        "spec": {"containers": [container], "nodeName": "node-1"} | spec,
        "status": {"phase": "Running", "qosClass": "Burstable"},
    }


def owned(name: str, kind: str, owner: str, namespace: str = "shop") -> Object:
    reference = {"kind": kind, "name": owner, "controller": True}
    return {"metadata": {"name": name, "namespace": namespace, "ownerReferences": [reference]}}


@dataclass(slots=True)
class Cluster:
    """Objects by path, served in pages of two; ``answers`` overrule whole paths."""

    objects: dict[str, list[Object]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    expire_tokens: int = 0  # how many page tokens have been compacted away

    def __call__(self, request: Request) -> Answer:
        if (answer := self.answers.get(request.path)) is not None:
            return answer
        parts = request.path.split("/")
        namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-1] else None
        path = request.path.replace(f"namespaces/{namespace}/", "") if namespace else request.path
        items = [o for o in self.objects.get(path, []) if namespace in {None, o["metadata"].get("namespace")}]  # type: ignore[index]
        start = int(request.query.get("continue", "0"))
        if start and self.expire_tokens:
            self.expire_tokens -= 1
            return as_json(
                {"kind": "Status", "reason": "Expired", "message": "the token has expired", "code": 410}, 410
            )
        page = items[start : start + 2]
        more = str(start + 2) if start + 2 < len(items) else ""
        return as_json({"kind": "List", "metadata": {"continue": more, "resourceVersion": "9"}, "items": page or None})


@contextmanager
def reaching(answer: Callable[[Request], Answer], folder: Path) -> Iterator[tuple[KubeSettings, Server]]:
    with answering(answer) as server:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "c", "cluster": {"server": server.url}}],
                    "users": [{"name": "u", "user": {"token": "t0ken"}}],
                    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "here",
                }
            )
        )
        yield KubeSettings(kubeconfig=kubeconfig), server


def found(cluster: Callable[[Request], Answer], folder: Path, scope: Scope = Scope(cluster="c")) -> Discovered:  # noqa: B008 - frozen
    with reaching(cluster, folder) as (settings, _):
        return discover(KubeClient(settings), scope)


PODS, REPLICASETS, NODES = "/api/v1/pods", "/apis/apps/v1/replicasets", "/api/v1/nodes"


def test_pages_are_read_to_the_end_and_owners_followed(tmp_path: Path) -> None:
    pods = [a_pod(f"web-{i}", owner=("ReplicaSet", "web-abc")) for i in range(5)]
    jobs = [a_pod("etl-1-x", owner=("Job", "etl-1"))]
    cluster = Cluster(
        {
            PODS: [*pods, *jobs, a_pod("bare"), a_pod("db-0", owner=("StatefulSet", "db"))],
            REPLICASETS: [owned("web-abc", "Deployment", "web")],
            "/apis/batch/v1/jobs": [owned("etl-1", "CronJob", "etl")],
        }
    )
    workloads = sorted({str(pod.workload) for pod in found(cluster, tmp_path).pods})
    assert workloads == [
        "c/shop/CronJob/etl",
        "c/shop/Deployment/web",
        "c/shop/Pod/bare",
        "c/shop/StatefulSet/db",
    ]


def test_every_field_that_counts(tmp_path: Path) -> None:
    item = a_pod(
        "all",
        containers=[
            {
                "name": "app",
                "resources": {"requests": {"cpu": "1.5", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
                "resizePolicy": [
                    {"resourceName": "memory", "restartPolicy": "RestartContainer"},
                    {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                ],
            }
        ],
        initContainers=[
            {"name": "migrate"},
            {"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
        ],
    )
    item["status"] = {
        "phase": "Running",
        "qosClass": "Burstable",
        "containerStatuses": [
            {
                "name": "app",
                "restartCount": 3,
                "state": {"running": {"startedAt": "2026-03-02T10:00:00Z"}},
                "lastState": {
                    "terminated": {"reason": "OOMKilled", "finishedAt": "2026-03-02T09:59:00Z", "exitCode": 137}
                },
            }
        ],
    }
    seen = found(Cluster({PODS: [item]}), tmp_path)
    (pod,) = seen.pods
    app, migrate, proxy = pod.containers
    assert (pod.qos, pod.node, pod.os, pod.static, pod.resource_version) == (
        QosClass.BURSTABLE,
        "node-1",
        "linux",
        False,
        "7",
    )
    assert (app.requests, app.limits) == (Amounts(1500, 1024 * MIB), Amounts(2000, 1024 * MIB))
    assert app.restart_on_resize == {Resource.MEMORY}
    assert (app.restarts, app.last_oom) == (3, datetime(2026, 3, 2, 9, 59, tzinfo=UTC))
    assert (migrate.kind, proxy.kind) == (ContainerKind.INIT, ContainerKind.SIDECAR)
    assert proxy.requests == Amounts(100, None)
    assert [(skip.what, skip.reason) for skip in seen.skips] == [("c/shop/Pod/all/migrate", "InitContainer")]


def test_what_is_over_is_not_there(tmp_path: Path) -> None:
    over, going = a_pod("over"), a_pod("going")
    over["status"] = {"phase": "Succeeded"}
    going["metadata"]["deletionTimestamp"] = "2026-03-02T10:00:00Z"  # type: ignore[index]
    assert [pod.name for pod in found(Cluster({PODS: [over, going, a_pod("here")]}), tmp_path).pods] == ["here"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"os": {"name": "windows"}}, "windows", id="says-so"),
        pytest.param({"nodeSelector": {"kubernetes.io/os": "windows"}}, "windows", id="asks-for-such-a-node"),
        pytest.param({}, "linux", id="default"),
    ],
)
def test_operating_system(fields: Object, expected: str, tmp_path: Path) -> None:
    assert found(Cluster({PODS: [a_pod("p", **fields)]}), tmp_path).pods[0].os == expected


def test_nodes_know_their_operating_system(tmp_path: Path) -> None:
    """What the pod says of itself counts more than what its node says."""
    windows = {"metadata": {"name": "node-1", "labels": {"kubernetes.io/os": "windows"}}}
    pods = [a_pod("silent"), a_pod("sure", os={"name": "linux"}), a_pod("elsewhere", nodeName="node-2")]
    seen = found(Cluster({PODS: pods, NODES: [windows]}), tmp_path).pods
    assert {pod.name: pod.os for pod in seen} == {"silent": "windows", "sure": "linux", "elsewhere": "linux"}


def test_odd_fields_do_not_stop_the_rest(tmp_path: Path) -> None:
    """A class of QoS that we do not know, an empty resources field, quantities that are none."""
    new_class = a_pod("new-class")
    new_class["status"] = {"phase": "Running", "qosClass": "BestOfAll"}
    empty = a_pod("empty", containers=[{"name": "app", "resources": None}])
    empty["status"] = {"phase": "Running"}
    broken = a_pod("broken", containers=[{"name": "app", "resources": {"requests": {"cpu": "lots"}}}])
    node = {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "many"}}}
    seen = found(Cluster({PODS: [new_class, empty, broken], NODES: [node]}), tmp_path)
    assert {pod.name: pod.qos for pod in seen.pods} == {"new-class": QosClass.BURSTABLE, "empty": QosClass.BEST_EFFORT}
    assert [(skip.what, skip.reason) for skip in seen.skips] == [("shop/broken", "UnreadablePod")]
    assert dict(seen.nodes) == {}
    assert "node n is left out" in seen.warnings[0]


def test_static_pods_are_told(tmp_path: Path) -> None:
    mirror = a_pod("etcd", owner=("Node", "node-1"))
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "abc"}  # type: ignore[index]
    assert found(Cluster({PODS: [mirror]}), tmp_path).pods[0].static


def test_excluded_namespaces_are_left_out_unless_named(tmp_path: Path) -> None:
    cluster = Cluster({PODS: [a_pod("a"), a_pod("b", namespace="kube-system")]})
    seen = found(cluster, tmp_path)
    assert [p.name for p in seen.pods] == ["a"]
    assert [(skip.what, skip.reason) for skip in seen.skips] == [("kube-system", "NamespaceExcluded")]
    named = Scope(cluster="c", namespaces=("kube-system",))
    assert [p.name for p in found(cluster, tmp_path, named).pods] == ["b"]


def test_the_selector_goes_to_the_server(tmp_path: Path) -> None:
    with reaching(Cluster({PODS: [a_pod("a")]}), tmp_path) as (settings, server):
        discover(KubeClient(settings), Scope(selector="app in (web, api)"))
    asked = next(r for r in server.requests if r.path == PODS)
    assert asked.query["labelSelector"] == "app in (web, api)"
    assert asked.query["limit"] == "500"
    assert asked.headers["Authorization"] == "Bearer t0ken"


def test_a_page_token_that_expires_starts_the_list_again(tmp_path: Path) -> None:
    cluster = Cluster({PODS: [a_pod(f"p{i}") for i in range(5)]}, expire_tokens=2)
    assert [pod.name for pod in found(cluster, tmp_path).pods] == [f"p{i}" for i in range(5)]


def test_a_server_whose_tokens_always_expire(tmp_path: Path) -> None:
    cluster = Cluster({PODS: [a_pod(f"p{i}") for i in range(5)]}, expire_tokens=99)
    with pytest.raises(SourceUnavailable, match="410"):
        found(cluster, tmp_path)


def refusal(message: str, status: int = 403) -> Answer:
    return as_json({"kind": "Status", "message": message, "reason": "Forbidden", "code": status}, status)


def test_without_the_right_to_list_nodes_we_go_on(tmp_path: Path) -> None:
    seen = found(Cluster({PODS: [a_pod("a")]}, {NODES: refusal("nodes is forbidden")}), tmp_path)
    assert len(seen.pods) == 1
    assert dict(seen.nodes) == {}
    assert "nodes cannot be listed" in seen.warnings[0]


def test_without_the_right_to_list_replicasets_each_is_a_workload(tmp_path: Path) -> None:
    cluster = Cluster({PODS: [a_pod("a", owner=("ReplicaSet", "web-abc"))]}, {REPLICASETS: refusal("forbidden")})
    seen = found(cluster, tmp_path)
    assert str(seen.pods[0].workload) == "c/shop/ReplicaSet/web-abc"
    assert "ReplicaSets cannot be listed" in seen.warnings[0]


def test_nodes(tmp_path: Path) -> None:
    node = {
        "metadata": {"name": "n"},
        "spec": {"unschedulable": True},
        "status": {"allocatable": {"cpu": "3920m", "memory": "1Gi"}},
    }
    nodes = found(Cluster({PODS: [a_pod("a")], NODES: [node]}), tmp_path).nodes
    assert (nodes["n"].allocatable, nodes["n"].unschedulable) == (Amounts(3920, 1024 * MIB), True)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        pytest.param(Answer(401, b"Unauthorized", "text/plain"), SourceRefused, "log in again", id="expired-token"),
        pytest.param(
            refusal('pods is forbidden: User "u" cannot list'),
            SourceRefused,
            "403: these credentials may not list pods; it says: pods is forbidden",
            id="forbidden",
        ),
        pytest.param(
            Answer(403, b""), SourceRefused, "may not list pods; it says: nothing", id="forbidden-without-a-word"
        ),
        pytest.param(
            Answer(200, b'{"items":[', claimed_length=999), SourceUnavailable, "broke off its answer", id="breaks-off"
        ),
        pytest.param(Answer(200, b"<html>", "text/html"), SourceConfused, "no Kubernetes API", id="html"),
        pytest.param(as_json({"items": [{"metadata": 3}]}), SourceConfused, "metadata", id="odd-object"),
        pytest.param(Answer(500, b"oops", "text/plain"), SourceUnavailable, "500 oops", id="broken"),
    ],
)
def test_refusals(answer: Answer, kind: type[Exception], words: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=words):
        found(Cluster(answers={PODS: answer}), tmp_path)


def test_a_refusal_names_the_namespace(tmp_path: Path) -> None:
    path = "/api/v1/namespaces/shop/pods"
    with pytest.raises(SourceRefused, match="may not list pods in namespace shop"):
        found(Cluster(answers={path: refusal("forbidden")}), tmp_path, Scope(cluster="c", namespaces=("shop",)))


def test_a_selector_that_is_none_is_the_users_mistake(tmp_path: Path) -> None:
    said = refusal("unable to parse requirement: found '(', expected: identifier", 400)
    with pytest.raises(UsageError, match=r"selector 'app=\(': .*unable to parse"):
        found(Cluster(answers={PODS: said}), tmp_path, Scope(cluster="c", selector="app=("))


def test_tls_that_fails(tmp_path: Path) -> None:
    """A server that does not speak TLS at all fails the handshake, as a certificate of a stranger would."""
    with reaching(Cluster(), tmp_path) as (settings, _):
        assert settings.kubeconfig is not None
        settings.kubeconfig.write_text(settings.kubeconfig.read_text().replace("http://", "https://"))
        with pytest.raises(SourceUnavailable, match=r"TLS: .*; check server and certificate-authority"):
            discover(KubeClient(settings), Scope())


def test_nobody_listens(tmp_path: Path) -> None:
    with reaching(Cluster(), tmp_path) as (settings, _):
        pass  # the server has gone, its address stays in the kubeconfig
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        discover(KubeClient(settings), Scope())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param("shopp", "did you mean 'shop'", id="near"),
        pytest.param("zzz", "namespace 'zzz' does not exist", id="far"),
    ],
)
def test_a_namespace_that_does_not_exist(asked: str, words: str, tmp_path: Path) -> None:
    cluster = Cluster({PODS: [a_pod("a")], "/api/v1/namespaces": [{"metadata": {"name": "shop"}}]})
    with pytest.raises(UsageError, match=words):
        found(cluster, tmp_path, Scope(cluster="c", namespaces=(asked,)))


def test_a_namespace_that_is_empty_is_no_mistake(tmp_path: Path) -> None:
    cluster = Cluster({"/api/v1/namespaces": [{"metadata": {"name": "empty"}}]})
    assert found(cluster, tmp_path, Scope(cluster="c", namespaces=("empty",))).pods == ()


@pytest.mark.parametrize(
    ("content", "context", "words"),
    [
        pytest.param(None, None, "does not exist", id="no-such-file"),
        pytest.param("{", None, "cannot be read", id="not-yaml"),
        pytest.param("apiVersion: v1\nkind: Config\n", None, "kubeconfig", id="empty-config"),
        pytest.param(
            "apiVersion: v1\nkind: Config\ncontexts: []\nclusters: []\nusers: []\n",
            "prod",
            "prod",
            id="no-such-context",
        ),
    ],
)
def test_kubeconfigs_that_do_not_work(content: str | None, context: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageError, match=words):
        KubeClient(KubeSettings(kubeconfig=file, context=context))


def test_a_context_that_is_misspelt(tmp_path: Path) -> None:
    with (
        reaching(Cluster(), tmp_path) as (settings, _),
        pytest.raises(UnknownName, match="unknown kubeconfig context 'hre': did you mean 'here'"),
    ):
        KubeClient(KubeSettings(kubeconfig=settings.kubeconfig, context="hre"))


def test_neither_kubeconfig_nor_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(UsageError, match="no kubeconfig and not inside a pod"):
        KubeClient(KubeSettings())


def test_a_slow_server_is_not_waited_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    never = threading.Event()
    monkeypatch.setattr(client_module, "READ_TIMEOUT", 0.3)
    try:
        with pytest.raises(SourceUnavailable, match=r"did not answer within 0\.3 s"):
            found(Cluster(answers={PODS: Answer(delay=never)}), tmp_path)
    finally:
        never.set()
