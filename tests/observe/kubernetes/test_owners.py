"""Up the chain of owners: on a real API server, and on one that counts what it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import MERGE, until
from tests.observe.kubernetes.crds import CRDS, a_crd
from tests.support.servers import Answer, Request, Server, answering, as_json
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.cache import Cache, Views
from vpa_inplace.observe.kubernetes.kinds import KINDS, CronJob, Deployment, Job, Node, Pod, ReplicaSet, StatefulSet
from vpa_inplace.observe.kubernetes.owners import FOUND, LOST, REFUSED, Owners, Top
from vpa_inplace.observe.kubernetes.pods import ObjectMeta, OwnerReference, PodSpec
from vpa_inplace.observe.kubernetes.store import State, View
from vpa_inplace.workload.owners import MAX_DEPTH

ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/owners/rollouts"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
WATCHED = (Pod, ReplicaSet, Deployment, StatefulSet, Job, CronJob, Node)
LABELS = {"matchLabels": {"app": "x"}}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
ENDING = {"metadata": {}, "spec": TEMPLATE["spec"] | {"restartPolicy": "Never"}}

# ------------------------------------------------------------------------------------------------- a real API server


@pytest.fixture(scope="module")
def plane(control_plane: Any) -> Iterator[Any]:
    """With a namespace, a service account and two kinds that nobody has heard of."""
    api = control_plane.api()
    api.create("/api/v1/namespaces", {"metadata": {"name": "owners"}}).expect()
    control_plane.service_account("owners", "default")
    crds = [a_crd("argoproj.io", "Rollout", scales=True), a_crd("example.com", "Fleet", namespaced=False)]
    for crd in crds:
        api.create(CRDS, crd).expect()
    until(lambda: api.get(ROLLOUTS).code == 200, "rollouts are served")
    until(lambda: api.get("/apis/example.com/v1alpha1/fleets").code == 200, "fleets are served")
    yield control_plane
    for crd in crds:
        api.delete(f"{CRDS}/{crd['metadata']['name']}").expect()
    for item in WATCHED[:-1]:
        kind = next(kind for kind in KINDS if kind.item is item)
        api.call("DELETE", kind.path("owners"), {"gracePeriodSeconds": 0}).expect()


def made(plane: Any, path: str, name: str, owner: Any = None, **body: Any) -> Any:
    metadata: dict[str, Any] = {"name": name}
    if owner is not None:
        metadata["ownerReferences"] = [reference(owner)]
    return plane.api().create(path, {"metadata": metadata} | body).expect()


def reference(owner: Any) -> dict[str, Any]:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }


def a_replica_set(plane: Any, name: str, owner: Any = None) -> Any:
    spec = {"selector": LABELS, "template": TEMPLATE}
    return made(plane, "/apis/apps/v1/namespaces/owners/replicasets", name, owner, spec=spec)


def a_rollout(plane: Any, name: str, owner: Any = None, replicas: int = 1) -> Any:
    what = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"replicas": replicas}}
    return made(plane, ROLLOUTS, name, owner, **what)


def a_pod(plane: Any, name: str, owner: Any = None) -> Any:
    return made(plane, "/api/v1/namespaces/owners/pods", name, owner, spec=TEMPLATE["spec"])


@contextmanager
def watching(plane: Any, *pods: Any, user: str = "admin") -> Iterator[tuple[Owners, Callable[[], Views]]]:
    """Owners, and views in which these pods have been seen."""
    client = KubeClient(KubeSettings(kubeconfig=plane.kubeconfig(user)))
    cache = Cache(client, kinds=[kind for kind in KINDS if kind.item in WATCHED])
    cache.start()
    try:
        names = {("owners", pod["metadata"]["name"]) for pod in pods}
        until(lambda: names <= cache.views().of(Pod).objects.keys(), "the pods are seen")
        until(lambda: all(view.state is not State.WAITING for _, view in cache.views()), "all kinds")
        yield Owners(client), cache.views
    finally:
        assert cache.stop(1.0)


def top_of(plane: Any, pod: Any, user: str = "admin") -> Top:
    with watching(plane, pod, user=user) as (owners, views):
        now = views()
        return owners.tops(now.of(Pod).objects.values(), now)[pod["metadata"]["uid"]]


def test_kinds_that_are_watched(plane: Any) -> None:
    apps, batch = "/apis/apps/v1/namespaces/owners", "/apis/batch/v1/namespaces/owners"
    spec = {"selector": LABELS, "template": TEMPLATE}
    deployment = made(plane, f"{apps}/deployments", "web", spec=spec)
    database = made(plane, f"{apps}/statefulsets", "db", spec=spec | {"serviceName": "db"})
    cron = made(
        plane, f"{batch}/cronjobs", "etl", spec={"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": ENDING}}}
    )
    job = made(plane, f"{batch}/jobs", "etl-1", cron, spec={"template": ENDING})
    pods = [
        a_pod(plane, "web-7-a", a_replica_set(plane, "web-7", deployment)),
        a_pod(plane, "db-0", database),
        a_pod(plane, "etl-1-a", job),
        a_pod(plane, "bare"),
    ]
    with watching(plane, *pods) as (owners, views):
        now = views()
        tops = owners.tops(now.of(Pod).objects.values(), now)
    found = [tops[pod["metadata"]["uid"]] for pod in pods]
    assert [str(top.key("c")) for top in found] == [
        "c/owners/Deployment/web",
        "c/owners/StatefulSet/db",
        "c/owners/CronJob/etl",
        "c/owners/Pod/bare",
    ]
    assert [top.doubt for top in found] == [""] * 4
    assert found[0].uid == deployment["metadata"]["uid"]


def test_a_kind_that_nobody_has_heard_of(plane: Any) -> None:
    rollout = a_rollout(plane, "shop", replicas=3)
    pod = a_pod(plane, "shop-1-a", a_replica_set(plane, "shop-1", rollout))
    top = top_of(plane, pod)
    assert (top.api_version, top.kind, top.name, top.doubt) == ("argoproj.io/v1alpha1", "Rollout", "shop", "")


def test_the_topmost_wins(plane: Any) -> None:
    """Even where it is of the whole cluster: a Fleet above a Rollout above a ReplicaSet."""
    what = {"apiVersion": "example.com/v1alpha1", "kind": "Fleet"}
    fleet = made(plane, "/apis/example.com/v1alpha1/fleets", "all", **what)
    pod = a_pod(plane, "eu-1-a", a_replica_set(plane, "eu-1", a_rollout(plane, "eu", fleet)))
    top = top_of(plane, pod)
    assert (top.kind, top.name, top.doubt) == ("Fleet", "all", "")


def test_what_may_not_be_read_ends_the_chain_with_a_reason(plane: Any) -> None:
    pod = a_pod(plane, "secret-1-a", a_replica_set(plane, "secret-1", a_rollout(plane, "secret")))
    rules = [
        {"apiGroups": [group], "resources": ["*"], "verbs": ["list", "watch", "get"]} for group in ("", "apps", "batch")
    ]
    api, role = plane.api(), "all-but-rollouts"
    api.create(f"{RBAC}/clusterroles", {"metadata": {"name": role}, "rules": rules}).expect()
    bound = {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "climber"}],
    }
    api.create(f"{RBAC}/clusterrolebindings", bound).expect()
    top = top_of(plane, pod, "climber")
    assert (top.kind, top.name) == ("Rollout", "secret")
    assert top.doubt.startswith("Rollout owners/secret may not be read, so whatever owns it is not known: ")
    assert 'User "climber" cannot get resource "rollouts"' in top.doubt


@pytest.mark.parametrize(
    ("owner", "doubt"),
    [
        pytest.param(
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "never"},
            "Rollout owners/never is gone",
            id="gone",
        ),
        pytest.param(
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "name": "e"},
            "Experiment owners/e: the server has no kind Experiment in argoproj.io/v1alpha1",
            id="no-such-kind",
        ),
        pytest.param(
            {"apiVersion": "nowhere.io/v1", "kind": "Thing", "name": "t"},
            "Thing owners/t: the server has no kind Thing in nowhere.io/v1",
            id="no-such-group",
        ),
        pytest.param(
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "never"},
            "ReplicaSet owners/never is gone",
            id="a-watched-kind-gone",
        ),
    ],
)
def test_owners_that_are_not_there(plane: Any, owner: dict[str, str], doubt: str) -> None:
    name = f"orphan-{owner['kind'].lower()}-{owner['name']}"
    metadata = {"name": owner["name"], "uid": "u-1"}
    pod = a_pod(plane, name, {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "metadata": metadata})
    top = top_of(plane, pod)
    assert (top.kind, top.name, top.doubt) == (owner["kind"], owner["name"], doubt)


def test_a_namesake_is_another(plane: Any) -> None:
    rollout = a_rollout(plane, "twice")
    pod = a_pod(plane, "twice-a", rollout | {"metadata": rollout["metadata"] | {"uid": "of-the-first"}})
    assert top_of(plane, pod).doubt == "Rollout owners/twice is gone, and another has its name"


def test_an_owner_that_is_newer_than_the_watch(plane: Any) -> None:
    """Pods are watched by another thread than their owners: one may be ahead."""
    replica_set = a_replica_set(plane, "young-1", a_rollout(plane, "young"))
    pod = a_pod(plane, "young-1-a", replica_set)
    with watching(plane, pod) as (owners, views):
        now = views()
        behind = Views(
            {
                kind: View(state=State.LIVE, reason="", age=0.0) if kind.item is ReplicaSet else view
                for kind, view in now
            }
        )
        top = owners.tops(now.of(Pod).objects.values(), behind)[pod["metadata"]["uid"]]
    assert (top.kind, top.name, top.doubt) == ("Rollout", "young", "")


def test_replicas_of_any_kind(plane: Any) -> None:
    rollout = a_rollout(plane, "scaled", replicas=3)
    status = {"status": {"replicas": 2, "selector": "app=scaled"}}
    plane.api().patch(f"{ROLLOUTS}/scaled/status", status, MERGE).expect()
    client = KubeClient(KubeSettings(kubeconfig=plane.kubeconfig()))
    top = Top(
        namespace="owners",
        api_version="argoproj.io/v1alpha1",
        kind="Rollout",
        name="scaled",
        uid=rollout["metadata"]["uid"],
    )
    scale = Owners(client).scale(top)
    assert scale is not None
    assert (scale.desired, scale.current, scale.selector) == (3, 2, "app=scaled")
    fleet = Top(namespace="", api_version="example.com/v1alpha1", kind="Fleet", name="all", uid="")
    assert Owners(client).scale(fleet) is None


# --------------------------------------------------------------------------------------------- one that counts requests

API = {
    "/apis/argoproj.io/v1alpha1": {
        "resources": [
            {"name": "rollouts", "kind": "Rollout", "namespaced": True},
            {"name": "rollouts/scale", "kind": "Scale"},
        ]
    },
    "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web": {"metadata": {"name": "web", "uid": "u-web"}},
}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def asked(
    folder: Path, answers: dict[str, Any] | None = None
) -> Iterator[tuple[Owners, Server, Clock, dict[str, Any]]]:
    """Owners of a server with these answers (a status, or an object), which can be changed."""
    given = dict(API if answers is None else answers)

    def answer(request: Request) -> Answer:
        told = given.get(request.path, 404)
        return as_json({"message": "no"}, told) if isinstance(told, int) else as_json(told)

    with answering(answer) as server:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
            "current-context": "here",
        }
        (folder / "kubeconfig").write_text(json.dumps(config))
        clock = Clock()
        yield Owners(KubeClient(KubeSettings(kubeconfig=folder / "kubeconfig")), clock=clock), server, clock, given


def owned(name: str, kind: str = "Rollout", owner: str = "web", api: str = "argoproj.io/v1alpha1") -> Pod:
    above = OwnerReference(kind=kind, name=owner, api_version=api, uid=f"u-{owner}", controller=True)
    return Pod(
        metadata=ObjectMeta(name=name, namespace="shop", uid=f"u-{name}", owner_references=[above]),
        spec=PodSpec(containers=[]),
    )


NOTHING = Views({})


def test_an_owner_is_asked_for_once(tmp_path: Path) -> None:
    pods = [owned(f"web-{i}") for i in range(50)]
    with asked(tmp_path) as (owners, server, clock, _):
        tops = owners.tops(pods, NOTHING)
        assert {(top.kind, top.name, top.doubt) for top in tops.values()} == {("Rollout", "web", "")}
        assert [request.path for request in server.requests] == list(API)
        clock.now += FOUND - 1
        owners.tops(pods, NOTHING)
        assert len(server.requests) == 2
        clock.now += 2
        owners.tops(pods, NOTHING)
        assert len(server.requests) == 4  # discovery has grown old too


def test_an_owner_of_several_is_asked_for_once(tmp_path: Path) -> None:
    """Two ReplicaSets of one Rollout."""
    above = OwnerReference(kind="Rollout", name="web", api_version="argoproj.io/v1alpha1", uid="u-web", controller=True)
    sets = {
        ("shop", name): ReplicaSet(ObjectMeta(name=name, namespace="shop", uid=f"u-{name}", owner_references=[above]))
        for name in ("old", "new")
    }
    kind = next(kind for kind in KINDS if kind.item is ReplicaSet)
    views = Views({kind: View(objects=sets, state=State.LIVE, reason="", age=1.0)})
    with asked(tmp_path) as (owners, server, _, _):
        tops = owners.tops([owned(f"{name}-a", "ReplicaSet", name, "apps/v1") for name in ("old", "new")], views)
    assert {top.name for top in tops.values()} == {"web"}
    assert len(server.requests) == 2


def test_a_refusal_is_remembered_for_a_while(tmp_path: Path) -> None:
    with asked(tmp_path) as (owners, server, clock, answers):
        path = list(API)[1]
        answers[path] = 403
        (top,) = owners.tops([owned("a")], NOTHING).values()
        assert "may not be read" in top.doubt
        clock.now += REFUSED - 1
        owners.tops([owned("a")], NOTHING)
        assert len(server.requests) == 2
        answers[path] = API[path]
        clock.now += 2
        (top,) = owners.tops([owned("a")], NOTHING).values()
        assert top.doubt == ""


def test_a_server_that_does_not_answer_is_not_asked_again_and_again(tmp_path: Path) -> None:
    with asked(tmp_path) as (owners, server, clock, answers):
        path = list(API)[1]
        answers[path] = 503
        pods = [owned("a"), owned("b", owner="other"), owned("c", owner="third")]
        tops = owners.tops(pods, NOTHING)
        assert "503" in tops["u-a"].doubt
        assert tops["u-b"].doubt == "Rollout shop/other cannot be read: the server did not answer lately"
        assert len(server.requests) == 2
        answers[path] = API[path]
        clock.now += LOST
        assert owners.tops(pods, NOTHING)["u-a"].doubt == ""


def test_what_was_known_holds_while_the_server_is_away(tmp_path: Path) -> None:
    with asked(tmp_path) as (owners, _, clock, answers):
        owners.tops([owned("a")], NOTHING)
        answers[list(API)[1]] = 500
        clock.now += FOUND + 1
        (top,) = owners.tops([owned("a")], NOTHING).values()
        assert (top.name, top.doubt) == ("web", "")


def test_what_nobody_has_any_more_is_forgotten(tmp_path: Path) -> None:
    with asked(tmp_path) as (owners, server, _, _):
        owners.tops([owned("a")], NOTHING)
        owners.tops([], NOTHING)
        assert not owners._answers
        owners.tops([owned("a")], NOTHING)
        assert len(server.requests) == 3  # discovery is still known


def test_a_kind_that_was_not_listed_is_not_asked_for_one_by_one(tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.item is ReplicaSet)
    views = Views({kind: View(state=State.FORBIDDEN, reason="these credentials may not list replicasets")})
    with asked(tmp_path) as (owners, server, _, _):
        (top,) = owners.tops([owned("a", "ReplicaSet", "web-7", "apps/v1")], views).values()
    assert (top.kind, top.name) == ("ReplicaSet", "web-7")
    assert top.doubt == (
        "whatever owns ReplicaSet shop/web-7 is not known: replicasets: these credentials may not list replicasets"
    )
    assert not server.requests


def test_the_mirror_of_a_static_pod_belongs_to_its_node(tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.item is Node)
    node = Node(metadata=ObjectMeta(name="node-1", uid="u-node-1"))
    views = Views({kind: View(objects={("", "node-1"): node}, state=State.LIVE, reason="", age=1.0)})
    with asked(tmp_path) as (owners, server, _, _):
        (top,) = owners.tops([owned("etcd-node-1", "Node", "node-1", "v1")], views).values()
    assert (top.kind, top.name, top.doubt) == ("Node", "node-1", "")
    assert not server.requests


def test_owners_that_own_each_other(tmp_path: Path) -> None:
    above = {"kind": "Rollout", "name": "web", "apiVersion": "argoproj.io/v1alpha1", "uid": "u-web", "controller": True}
    path = list(API)[1]
    loop = API | {path: {"metadata": {"name": "web", "uid": "u-web", "ownerReferences": [above]}}}
    with asked(tmp_path, loop) as (owners, server, _, _):
        (top,) = owners.tops([owned("a")], NOTHING).values()
    assert top.doubt == "the owners of Rollout shop/web do not come to an end"
    assert len(server.requests) == 2 < MAX_DEPTH
